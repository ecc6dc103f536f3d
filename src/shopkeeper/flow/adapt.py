"""The language model learns the shop's goods: kept only where searches it never saw find better what they mean."""

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from shopkeeper import plugins
from shopkeeper.encode import weights as weights_of
from shopkeeper.encode.adapt import Job, Outcome, adapt
from shopkeeper.encode.artefact import OWN
from shopkeeper.encode.card import CARD_FILE, Card, Form, Gain, Neighbours, as_json, card_of, write
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.encoder import OnnxEncoder
from shopkeeper.encode.generated import known_items
from shopkeeper.encode.open import with_own_queries
from shopkeeper.encode.weights import Weights
from shopkeeper.errors import NoVersion, StoreError, TrainingError, WeightsError
from shopkeeper.flow.vectors import Shelf
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.ports import Encoder
from shopkeeper.store.folder import ShopFolder
from shopkeeper.text import tokens
from shopkeeper.types import BoolArray, Catalog, DayArray, FloatArray, IntArray

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
RECIPE = 1
"""Raised whenever the same shop and settings would give another adapted model."""
SEARCHES, MOST_EACH, SHOWN, NEAREST = 1000, 4, 6, 4
NEW_DAYS = 30.0
TWINS = 2000
"""Among so many nearest products there are some of different titles."""
AT_ONCE = 32


@dataclass(frozen=True)
class Shelved:
    """What is adapted to: the goods with the vectors that answer, and the day it is."""

    catalog: Catalog
    shelf: Shelf
    vectors: FloatArray
    day: float

    @property
    def corpus(self) -> Corpus:
        """The goods as the language model learns them."""
        paths, codes = self.catalog.category_paths, self.catalog.categories[self.shelf.rows].tolist()
        return Corpus(
            self.shelf.texts,
            self.shelf.fields,
            self.shelf.brands,
            self.vectors[self.shelf.rows],
            categories=[paths[code] if code >= 0 else () for code in codes],
            attributes=self.shelf.attributes,
        )


def adapted(folder: ShopFolder, draft: Path, goods: Shelved, encoder: Encoder, tell: Progress) -> Encoder:
    """The encoder that the version in `draft` asks; its files and the model card are written there.

    The one that came where the settings ask for none, nothing could be learnt, or it was no better: the card says so.
    """
    settings = folder.settings.encode
    if not settings.minutes:
        return encoder
    try:
        weights = weights_of.find(_chosen(folder, goods.catalog), settings.sha256)
    except WeightsError as error:  # the export serves without them, and only they can learn
        log.warning("adapting=skipped reason=%s", error)
        return encoder
    job, corpus = _job(folder, weights), goods.corpus
    key = _key(job, corpus)
    if _taken_over(folder, draft, key):
        return with_own_queries(draft, encoder, settings)
    try:
        _refuse_moving_products(job)
        outcome = adapt(job, corpus, draft, tell)
        card = _judged(folder, draft, goods, encoder, outcome, _card(folder, job, corpus, key, ""))
    except TrainingError as error:
        card = _card(folder, job, corpus, key, str(error))
    if not card.adapted:
        shutil.rmtree(draft / OWN, ignore_errors=True)
    (draft / CARD_FILE).write_text(as_json(card), encoding="utf-8")
    log.info("adapting kept=%s seconds=%.0f reason=%s", card.adapted, card.seconds, card.reason or "better")
    return with_own_queries(draft, encoder, settings)


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
        return given

    return Job(
        weights=weights,
        method={settings.encode.method: own("method", settings.encode.method)},
        tasks={name: own("task", name) for name in settings.encode.tasks},
        minutes=settings.encode.minutes,
        max_tokens=settings.encode.max_tokens,
        seed=settings.learn.seed,
    )


def _refuse_moving_products(job: Job) -> None:
    """A shop's products keep the vectors that they have: what learns to read them too would ask past them."""
    for name, given in job.tasks.items():
        if given.get("product_vectors", "stay") != "stay":
            raise TrainingError(
                f"encode.{name}.product_vectors: '{given['product_vectors']}' is for encode/training.py, from Python. "
                f"Allowed in a shop: 'stay'"
            )


def _key(job: Job, corpus: Corpus) -> str:
    """Equal where the same model would come of it: weights, method, tasks, goods, time."""
    decides = (RECIPE, job.weights.sha256, job.method, job.tasks, job.minutes, job.max_tokens, job.seed)
    digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode())
    for texts in (corpus.texts, *zip(*corpus.fields, strict=True), corpus.brands):
        digest.update("\n".join(texts).encode())
    digest.update(json.dumps((corpus.categories, corpus.attributes), sort_keys=True).encode())
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


def _card(folder: ShopFolder, job: Job, corpus: Corpus, key: str, reason: str) -> Card:
    ((method, of_method),) = job.method.items()
    return Card(
        key=key,
        shop=folder.settings.shop.title or folder.settings.shop.name,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        reason=reason,
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


def _judged(folder: ShopFolder, draft: Path, goods: Shelved, encoder: Encoder, outcome: Outcome, card: Card) -> Card:
    """The card with what came of it; the model is kept where the whole interval of its gain is above zero."""
    told = replace(
        card,
        n_parameters=outcome.n_parameters,
        seconds=outcome.seconds,
        points=outcome.points,
        forms=_forms(outcome),
    )
    if not outcome.learnt:
        return replace(told, reason="no measurement on held-out searches was better than the model as it came")
    own = OnnxEncoder(draft / OWN, max_tokens=folder.settings.encode.max_tokens)
    searches = Searches.of(goods, card.seed + 1)
    before, after = (searches.ranks(goods, side.encode(searches.queries, "query")) for side in (encoder, own))
    gains = _gains(searches, 1.0 / before, 1.0 / after)
    told = replace(told, gains=gains, neighbours=_neighbours(goods, searches, encoder, own))
    if not gains or gains[0].low <= 0:
        found = (
            f"{gains[0].after - gains[0].before:+.4f} [{gains[0].low:+.4f}, {gains[0].high:+.4f}]" if gains else "none"
        )
        return replace(told, reason=f"the gain on held-out searches is not beyond doubt: {found}")
    return told


def _said(gains: Sequence[Gain]) -> str:
    return f"{gains[0].after - gains[0].before:+.4f} [{gains[0].low:+.4f}, {gains[0].high:+.4f}]" if gains else "none"


def _forms(outcome: Outcome) -> tuple[Form, ...]:
    taught = Form("float32", outcome.model_bytes)
    return (taught, Form("int8", outcome.export_bytes, outcome.agreement)) if outcome.learnt else (taught,)


@dataclass(frozen=True)
class Searches:
    """Held-out searches for a product that is known: its place among the goods, and of which kinds each search is."""

    queries: list[str]
    places: IntArray
    kinds: dict[str, BoolArray]

    @classmethod
    def of(cls, goods: Shelved, seed: int) -> "Searches":
        """At most SEARCHES, for products that nothing was taught from; several for each where those are few."""
        draw, corpus = np.random.default_rng(seed), goods.corpus
        held = draw.permutation(np.flatnonzero(corpus.held_out))[:SEARCHES].tolist()
        held *= min(max(1, SEARCHES // max(len(held), 1)), MOST_EACH)
        known = known_items(corpus.fields, held, draw)
        places = np.array([place for place, _ in known], np.int64)
        queries = [query for _, query in known]
        said = [set(tokens(" ".join(corpus.fields[place]))) for place, _ in known]
        written = np.array([set(tokens(query)) <= own for query, own in zip(queries, said, strict=True)], bool)
        new = goods.catalog.created[goods.shelf.rows[places]] > goods.day - NEW_DAYS
        kinds = {
            "all": np.ones(len(known), bool),
            "as_written": written,
            "otherwise": ~written,
            "new": new,
            "older": ~new,
        }
        return cls(queries, places, kinds)

    def ranks(self, goods: Shelved, queries: FloatArray) -> DayArray:
        """float64 (n,): the place of the product that is meant among all; equal ones do not stand before it."""
        vectors, rows = goods.vectors, goods.shelf.rows[self.places]
        ranks = np.empty(len(queries))
        for start in range(0, len(queries), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            cosines = queries[part] @ vectors.T
            own = (queries[part] * vectors[rows[part]]).sum(axis=1)
            ranks[part] = 1 + (cosines > own[:, None] + 1e-6).sum(axis=1)
        return ranks


def _gains(searches: Searches, before: DayArray, after: DayArray) -> tuple[Gain, ...]:
    """What each kind of searches gained; kinds without a search are left out. A product counts once."""
    gains = []
    for kind, which in searches.kinds.items():
        if which.any():
            _, product, n = np.unique(searches.places[which], return_inverse=True, return_counts=True)
            old, new = (np.bincount(product, values[which]) / n for values in (before, after))
            lead = paired_bootstrap(new, old)
            gains.append(Gain(kind, int(which.sum()), float(old.mean()), float(new.mean()), lead.low, lead.high))
    return tuple(gains)


def _neighbours(goods: Shelved, searches: Searches, before: Encoder, after: Encoder) -> tuple[Neighbours, ...]:
    """The nearest titles to a few of the searches."""
    queries = searches.queries[:SHOWN]

    def nearest(encoder: Encoder) -> list[tuple[str, ...]]:
        cosines = encoder.encode(queries, "query") @ goods.vectors.T
        return [_titles(goods.catalog, order) for order in np.argsort(-cosines, axis=1)[:, :TWINS]]

    found = zip(queries, nearest(before), nearest(after), strict=True)
    return tuple(Neighbours(query, one, other) for query, one, other in found)


def _titles(catalog: Catalog, rows: IntArray) -> tuple[str, ...]:
    return tuple(dict.fromkeys(catalog.titles[int(row)] for row in rows))[:NEAREST]
