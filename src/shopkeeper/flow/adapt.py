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
from shopkeeper.encode.card import CARD_FILE, Card, Form, Gain, Neighbours, as_json, card_of, write
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.open import own_encoder
from shopkeeper.encode.pairs import Pairs
from shopkeeper.encode.sides import Sides
from shopkeeper.encode.weights import Weights
from shopkeeper.errors import NoVersion, StoreError, TrainingError, WeightsError
from shopkeeper.flow.behaviour import Behaviour
from shopkeeper.flow.gains import DECIDING, Searches, Shelved, better, gains
from shopkeeper.flow.vectors import catalogue_vectors
from shopkeeper.store.folder import ShopFolder
from shopkeeper.types import Catalog, IntArray

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
RECIPE = 2
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
    if _taken_over(folder, draft, card.key):
        return _reshelved(folder, draft, goods, tasks, tell)
    after = goods
    try:
        _refuse_disagreement(tasks)
        outcome = adapt(job, corpus, draft, tell)
        card = replace(card, **_told(outcome))
        if outcome.learnt:
            after = _reshelved(folder, draft, goods, tasks, tell)
            searches = [Searches.of(goods, card.seed + 1), Searches.asked(behaviour.asked_later(), card.seed + 1)]
            card = _judged(card, searches, corpus.later, (goods, after))
    except TrainingError as error:
        card = replace(card, reason=str(error))
    if not card.adapted:
        shutil.rmtree(draft / OWN, ignore_errors=True)
        after = goods
    (draft / CARD_FILE).write_text(as_json(card), encoding="utf-8")
    log.info("adapting kept=%s seconds=%.0f reason=%s", card.adapted, card.seconds, card.reason or "better")
    return after


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
        raise NoVersion(f"{folder.path} has not learnt yet. Run: shopkeeper learn {folder.path}")
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


def _refuse_disagreement(tasks: Mapping[str, Any]) -> None:
    """Tasks agree on whether the model that learnt reads the products too. Raises TrainingError."""
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
    return digest.hexdigest()


def _taken_over(folder: ShopFolder, draft: Path, key: str) -> bool:
    """Whether the serving version learnt the same: its model and card are then the draft's too."""
    try:
        current = folder.versions.current()
        card = card_of(current.path) if current else None
        if current is None or card is None or card.key != key:
            return False
        folder.versions.verify(current.number)
    except (StoreError, ValueError):  # what cannot be read is learnt anew
        return False
    shutil.copyfile(current.path / CARD_FILE, draft / CARD_FILE)
    if card.adapted:
        shutil.copytree(current.path / OWN, draft / OWN)
    return True


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
        "forms": _forms(outcome),
        "reason": "" if outcome.learnt else "no measurement on held-out data was better than the model as it came",
    }


def _judged(card: Card, searches: Sequence[Searches], later: Pairs | None, goods: tuple[Shelved, Shelved]) -> Card:
    """The card with what was gained; the model is kept where something is better and nothing worse beyond doubt."""
    before, after = goods
    found = gains(searches, later, before, after)
    shown = _neighbours(searches[0].queries[:SHOWN], before, after)
    reason = "" if better(found) else f"the gain on held-out data is not beyond doubt: {_said(found)}"
    return replace(card, gains=found, neighbours=shown, reason=reason)


def _said(found: Sequence[Gain]) -> str:
    told = [
        f"{gain.kind} {gain.after - gain.before:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"
        for gain in found
        if gain.kind in DECIDING
    ]
    return ", ".join(told) or "none"


def _forms(outcome: Outcome) -> tuple[Form, ...]:
    taught = Form("float32", outcome.model_bytes)
    return (taught, Form("int8", outcome.export_bytes, outcome.agreement)) if outcome.learnt else (taught,)


def _neighbours(queries: Sequence[str], before: Shelved, after: Shelved) -> tuple[Neighbours, ...]:
    """The nearest titles to a few of the searches."""

    def nearest(goods: Shelved) -> list[tuple[str, ...]]:
        cosines = goods.encoder.encode(queries, "query") @ goods.vectors.T
        return [_titles(goods.catalog, order) for order in np.argsort(-cosines, axis=1)[:, :TWINS]]

    found = zip(queries, nearest(before), nearest(after), strict=True)
    return tuple(Neighbours(query, one, other) for query, one, other in found)


def _titles(catalog: Catalog, rows: IntArray) -> tuple[str, ...]:
    return tuple(dict.fromkeys(catalog.titles[int(row)] for row in rows))[:NEAREST]
