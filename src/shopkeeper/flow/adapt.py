"""The language model learns the shop's goods: kept only where searches it never saw find better what they mean."""

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from shopkeeper import plugins
from shopkeeper.encode import weights as weights_of
from shopkeeper.encode.adapt import Job, Outcome, adapt
from shopkeeper.encode.artefact import OWN
from shopkeeper.encode.augment import synonyms
from shopkeeper.encode.card import CARD_FILE, Card, Gain, Neighbours, as_json, card_of, write
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.open import own_encoder
from shopkeeper.encode.sides import Sides
from shopkeeper.encode.weights import Weights
from shopkeeper.errors import NoVersion, StoreError, TrainingError, WeightsError, not_learnt
from shopkeeper.flow.behaviour import PARTS, Behaviour
from shopkeeper.flow.gains import LEAST, Gate, Searches, Shelved, better, deciding, worse
from shopkeeper.flow.state import readable
from shopkeeper.flow.vectors import catalogue_vectors
from shopkeeper.store.disk import full_disk_as_error
from shopkeeper.store.folder import ShopFolder
from shopkeeper.store.versions import VersionInfo
from shopkeeper.types import Catalog, IntArray

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
RECIPE = 3
"""Raised whenever the same shop and settings would give another adapted model."""
SHOWN, NEAREST = 6, 4
TWINS = 2000
"""Among so many nearest products there are some of different titles."""


def adapted(folder: ShopFolder, draft: Path, goods: Shelved, behaviour: Behaviour, tell: Progress) -> Shelved:
    """The goods with the encoder that the version in `draft` asks, and the product vectors that go with it.

    The model's files and its card are written to the draft. The goods are as they were where the settings ask for
    nothing else, nothing could be learnt, or it was no better: the card says so.
    """
    settings = folder.settings.encode
    if not settings.minutes:
        return goods
    try:
        weights = weights_of.find(_chosen(folder, goods.catalog), settings.sha256)
    except WeightsError as error:  # the export serves without them, and only they can learn
        log.warning("adapting=skipped reason=%s", error)
        return goods
    job, tasks = _job(folder, weights), _tasks(folder)
    corpus = behaviour.added_to(goods.corpus, {name for task in tasks.values() for name in task.learns_from})
    card = _card(folder, job, corpus)
    serving = _serving(folder)
    if serving is not None and serving[1].key == card.key:
        _copy(serving[0], draft)
        return _reshelved(folder, draft, goods, tasks, tell)
    gate = _gate(goods, behaviour, corpus, card.seed + 1)  # read now: the log may be another one when learning ends
    after, card = goods, _learnt(job, tasks, corpus, draft, card, tell)
    if (draft / OWN).is_dir():
        after = _reshelved(folder, draft, goods, tasks, tell)
        card = _judged(card, gate, after)
    if not card.adapted and serving is not None and _goes_on(serving[1], card):
        shutil.rmtree(draft / OWN, ignore_errors=True)
        _copy(serving[0], draft)
        after = _reshelved(folder, draft, goods, tasks, tell)
        found = gate.gains(after)
        if not worse(found):
            log.warning("adapting=carried_on version=%s reason=%s", serving[0].name, card.reason)
            card = replace(serving[1], key=card.key, gains=found)
    if not card.adapted:
        shutil.rmtree(draft / OWN, ignore_errors=True)
        after = goods
    with full_disk_as_error(draft):
        (draft / CARD_FILE).write_text(as_json(card), encoding="utf-8")
    log.info("adapting kept=%s seconds=%.0f reason=%s", card.adapted, card.seconds, card.reason or "better")
    return after


def _learnt(job: Job, tasks: Mapping[str, Any], corpus: Corpus, draft: Path, card: Card, tell: Progress) -> Card:
    """The card with what came of a training; the model is in the draft where it learnt something."""
    try:
        _refuse(tasks)
        return replace(card, **_told(adapt(job, corpus, draft, tell)))
    except TrainingError as error:  # without a key: what failed is tried again next time
        return replace(card, key="", reason=str(error))


def _goes_on(serving: Card, card: Card) -> bool:
    """Whether the model that serves was taught the same things, from the same weights."""
    return serving.adapted and (serving.weights_sha256, serving.tasks) == (card.weights_sha256, card.tasks)


def _gate(goods: Shelved, behaviour: Behaviour, corpus: Corpus, seed: int) -> Gate:
    searches = Searches.of(goods, seed), Searches.asked(behaviour.asked_later(), seed)
    later = None if corpus.pairs is None else behaviour.together(behaviour.edge, np.inf)
    return Gate(goods, searches, later)


def _reshelved(folder: ShopFolder, draft: Path, goods: Shelved, tasks: Mapping[str, Any], tell: Progress) -> Shelved:
    """The goods as the draft's own model finds them; they are encoded again unless a task leaves products alone."""
    own = own_encoder(draft, folder.settings.encode)
    if own is None:
        return goods
    if any(task.moves_products is False for task in tasks.values()):
        return replace(goods, encoder=Sides(queries=own, passages=goods.encoder))
    encoding = partial(tell, "encoding products as they were learnt")
    vectors = catalogue_vectors(folder, own, goods.shelf, len(goods.catalog), encoding)
    return replace(goods, encoder=own, vectors=vectors)


def written_card(folder: ShopFolder) -> Card:
    """The serving version's card, written to the shop's reports: card.json, card.html and card.zh.html.

    Raises NoVersion before the first version, and where its language model was not to learn.
    """
    version = folder.versions.current()
    if version is None:
        raise not_learnt(folder.path)
    with readable(version):
        card = card_of(version.path)
    if card is None:
        raise NoVersion(
            f"version {version.name} has no model card: its language model was not to learn (encode.minutes is 0, "
            f"encode.weights is 'none', or the weights are gone). Set them, then: shopkeeper learn {folder.path}"
        )
    write(card, folder.path / "reports")
    return card


def _chosen(folder: ShopFolder, catalog: Catalog) -> str:
    return weights_of.choose(folder.settings.encode.weights, catalog.titles, folder.settings.shop.language)


def _job(folder: ShopFolder, weights: Weights) -> Job:
    settings = folder.settings

    def own(kind: str, name: str) -> dict[str, Any]:
        given: dict[str, Any] = settings.of(kind, name).model_dump(mode="json")
        if isinstance(given.get("synonyms"), str):  # the file's terms decide what is learnt, not where it lies
            given["synonyms"] = synonyms(folder.path / given["synonyms"])
        return given

    return Job(
        weights=weights,
        method={settings.encode.method: own("method", settings.encode.method)},
        tasks={name: own("task", name) for name in settings.encode.tasks},
        minutes=settings.encode.minutes,
        adversarial=settings.encode.adversarial,
        epsilon=settings.encode.epsilon,
        max_tokens=settings.encode.max_tokens,
        seed=settings.learn.seed,
    )


def _tasks(folder: ShopFolder) -> dict[str, Any]:
    """The tasks that the settings name, by name."""
    settings = folder.settings
    return {name: plugins.load("task", name)(settings.of("task", name)) for name in settings.encode.tasks}


def _refuse(tasks: Mapping[str, Any]) -> None:
    """Each task can learn in a shop, and all agree whether products are read anew. Raises TrainingError."""
    for name, task in tasks.items():
        if task.learns_from and not PARTS & {*task.learns_from}:
            raise TrainingError(
                f"encode.tasks: {name} learns from {' and '.join(task.learns_from)}, and a shop keeps none. Take it "
                f"out, or teach it from Python (encode/training.py)"
            )
        if getattr(task.settings, "reads", "apart") == "together":
            raise TrainingError(
                f"encode.{name}.reads: 'together' makes a cross-encoder, which is for encode/cross.py, from Python. "
                f"Allowed in a shop: 'apart'"
            )
    stay, move = ([name for name, task in tasks.items() if task.moves_products is will] for will in (False, True))
    if stay and move:
        raise TrainingError(
            f"encode.tasks: {move[0]} teaches the model to read products anew, and {stay[0]} to find them as they are. "
            f"Set encode.{stay[0]}.product_vectors to 'learn', or take one of the two out"
        )


def _key(job: Job, corpus: Corpus) -> str:
    """Equal where the same model would come of it: weights, method, tasks, goods, time."""
    under = (job.adversarial, job.epsilon)
    decides = (RECIPE, job.weights.sha256, job.method, job.tasks, job.minutes, job.max_tokens, job.seed, under)
    digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode())
    for texts in (corpus.texts, *zip(*corpus.fields, strict=True), corpus.brands, corpus.queries):
        digest.update("\n".join(texts).encode())
    for part in (corpus.pairs, corpus.later, corpus.judged):
        for name, held in vars(part).items() if part is not None else ():
            digest.update(name.encode() + (held.tobytes() if isinstance(held, np.ndarray) else repr(held).encode()))
    digest.update(json.dumps((corpus.categories, corpus.attributes), sort_keys=True).encode())
    return digest.hexdigest()


def _serving(folder: ShopFolder) -> tuple[VersionInfo, Card] | None:
    """The version that serves, with its card; None where there is none, or it cannot be read."""
    try:
        current = folder.versions.current()
        card = card_of(current.path) if current else None
        if current is None or card is None:
            return None
        folder.versions.verify(current.number)
    except (StoreError, ValueError):  # what cannot be read is learnt anew
        return None
    return current, card


def _copy(version: VersionInfo, draft: Path) -> None:
    with full_disk_as_error(draft):
        shutil.copyfile(version.path / CARD_FILE, draft / CARD_FILE)
        if (version.path / OWN).is_dir():
            shutil.copytree(version.path / OWN, draft / OWN)


def _card(folder: ShopFolder, job: Job, corpus: Corpus) -> Card:
    """What is known before anything was learnt."""
    ((method, of_method),) = job.method.items()
    return Card(
        key=_key(job, corpus),
        shop=folder.settings.shop.title or folder.settings.shop.name,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        reason="",
        model=job.weights.model,
        weights_sha256=job.weights.sha256,
        licence=job.weights.licence,
        method=method,
        tasks=tuple(job.tasks),
        settings={
            method: _changed("method", method, of_method),
            **{name: _changed("task", name, own) for name, own in job.tasks.items()},
        },
        minutes=job.minutes,
        seed=job.seed,
        n_products=len(corpus),
        n_held_out=int(corpus.held_out.sum()),
    )


def _changed(kind: str, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The keys whose values are not the plug-in's defaults."""
    usual = plugins.load(kind, name).Settings().model_dump(mode="json")
    return {key: value for key, value in given.items() if usual.get(key) != value}


def _told(outcome: Outcome) -> dict[str, Any]:
    """What a card says of a training."""
    return {
        "n_parameters": outcome.n_parameters,
        "seconds": outcome.seconds,
        "points": outcome.points,
        "forms": outcome.forms,
        "reason": "" if outcome.learnt else "no measurement on held-out data was better than the model as it came",
    }


def _judged(card: Card, gate: Gate, after: Shelved) -> Card:
    """The card with what was gained; the model is kept where something is better and nothing worse beyond doubt."""
    found = gate.gains(after)
    shown = _neighbours(gate.searches[0].queries[:SHOWN], gate.goods, after)
    reason = "" if better(found) else f"the gain on held-out data is not beyond doubt: {_said(found)}"
    return replace(card, gains=found, neighbours=shown, reason=reason)


def _said(found: Sequence[Gain]) -> str:
    told = [
        f"{gain.kind} {gain.after - gain.before:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]" for gain in deciding(found)
    ]
    return ", ".join(told) or f"it is about fewer than {LEAST} different products"


def _neighbours(queries: Sequence[str], before: Shelved, after: Shelved) -> tuple[Neighbours, ...]:
    """The nearest titles to a few of the searches."""

    def nearest(goods: Shelved) -> list[tuple[str, ...]]:
        cosines = goods.encoder.encode(queries, "query") @ goods.vectors.T
        return [_titles(goods.catalog, order) for order in np.argsort(-cosines, axis=1)[:, :TWINS]]

    found = zip(queries, nearest(before), nearest(after), strict=True)
    return tuple(Neighbours(query, one, other) for query, one, other in found)


def _titles(catalog: Catalog, rows: IntArray) -> tuple[str, ...]:
    return tuple(dict.fromkeys(catalog.titles[int(row)] for row in rows))[:NEAREST]
