"""The only file that names concrete classes: from a folder to an open shop, from a snapshot to stages that answer."""

import gc
import logging
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from shopkeeper import plugins
from shopkeeper.encode.open import open_encoder, own_encoder, with_own
from shopkeeper.encode.pair_scorer import open_pair_scorer
from shopkeeper.errors import WeightsError
from shopkeeper.flow.shop import Shop, Trained
from shopkeeper.flow.state import POPULARITY_FILE, VECTORS_FILE, mined_of, queries_of, readable, state_of
from shopkeeper.flow.structured import structured_of
from shopkeeper.ports import Encoder, Feature, Fits, FitsLast, PairScorer, Ranker, Rule, Saves, Says, Source
from shopkeeper.rank.rerank import Rerank
from shopkeeper.recall.crew import Crew
from shopkeeper.recall.gather import WORDS, Plan
from shopkeeper.settings import BLEND, FUSED, Settings
from shopkeeper.store.folder import ShopFolder, open_folder
from shopkeeper.store.mapped import mapped
from shopkeeper.store.versions import VersionInfo
from shopkeeper.types import Catalog, Snapshot
from shopkeeper.understand.lexicon import catalog_texts
from shopkeeper.understand.suggest import Suggester
from shopkeeper.understand.understanding import Understanding

log = logging.getLogger(__name__)

RANKERS = "rankers"
"""The folder of a version that holds what its rankers were taught."""
SEARCH_ORDER, ORDER_FILE = "search_order", "order.json"
"""The folder of a version that holds what orders its searches, and the file that says how it was chosen."""
BLENDED = 200_000
"""Searches of more products are ordered by ranks until judgments say otherwise: to blend scores, a search compares the
meaning of every product, ten milliseconds of a million."""


@dataclass(frozen=True)
class Stages:
    """What learns from a snapshot and is written into a version."""

    sources: Mapping[str, Source]
    features: Mapping[str, Feature]
    rankers: Mapping[str, Ranker]
    rules: Mapping[str, Rule] = field(default_factory=dict)

    def fit(self, snapshot: Snapshot) -> None:
        """Every source, feature and rule learns from the snapshot; rankers are taught apart."""
        for part in (*self.sources.values(), *self.features.values(), *self.rules.values()):
            if isinstance(part, Fits):
                part.fit(snapshot)

    def fit_whole(self, snapshot: Snapshot) -> None:
        """The same from everything, with those who learn from nothing less."""
        self.fit(snapshot)
        for part in self.sources.values():
            if isinstance(part, FitsLast):
                part.fit_last(snapshot)

    def known_to(self, understanding: Understanding) -> Understanding:
        """The understanding, which from now on leaves alone whatever word a source finds."""
        for source in self.sources.values():
            if isinstance(source, Says):
                understanding.find_in(source.says)
        return understanding

    def save(self, folder: Path, taught: Collection[str]) -> None:
        """Writes each part into a folder of its own; of the rankers those that were taught."""
        for place, part in self._saved(folder):
            if place.parent.name != RANKERS or place.name in taught:
                place.mkdir(parents=True)
                part.save(place)

    def load(self, folder: Path, catalog: Catalog) -> None:
        """Reads back what `save` wrote; a ranker that was not taught has no folder, nor what is younger than it."""
        for place, part in self._saved(folder):
            if place.is_dir():
                part.load(place, catalog)

    def _saved(self, folder: Path) -> list[tuple[Path, Saves]]:
        kinds: Mapping[str, Mapping[str, Any]] = {
            "sources": self.sources,
            "features": self.features,
            RANKERS: self.rankers,
            "rules": self.rules,
        }
        return [
            (folder / kind / name, part)
            for kind, parts in kinds.items()
            for name, part in parts.items()
            if isinstance(part, Saves)
        ]


def made(settings: Settings, kind: str) -> dict[str, Any]:
    """Every enabled plug-in of a kind, made from its settings."""
    return {name: plugins.load(kind, name)(settings.of(kind, name)) for name in settings.enabled(kind)}


def stages(settings: Settings) -> Stages:
    """The stages that the settings ask for, knowing nothing yet.

    Without a language model words tell what is similar.
    """
    if settings.encode.weights == "none" and settings.of("source", WORDS).similar is None:
        own = {**settings.tables.get("recall", {}).get(WORDS, {}), "similar": True}
        settings = settings.with_table("recall", {WORDS: own})
    return Stages(*(made(settings, kind) for kind in ("source", "feature", "ranker", "rule")))


def encoder_of(folder: ShopFolder, catalog: Catalog) -> Encoder | None:
    """The encoder of the shop's language, exported into the shop's cache on first use."""
    settings = folder.settings
    return open_encoder(settings.encode, catalog.titles, folder.path / "cache", settings.shop.language)


def _encoder_of(folder: ShopFolder, catalog: Catalog, version: VersionInfo) -> Encoder | None:
    """The encoder that the version asks: what it learnt, where that reads products too, needs no other."""
    settings, fingerprint = folder.settings.encode, state_of(version)["encoder"]
    own = own_encoder(version.path, settings) if settings.weights != "none" else None
    if own is not None and own.fingerprint == fingerprint:
        return own
    encoder = encoder_of(folder, catalog)
    return encoder and with_own(version.path, encoder, settings, fingerprint)


def scorer_of(settings: Settings) -> PairScorer | None:
    """What reads the first few of a search together with its words; None where the settings ask for none.

    Raises WeightsError.
    """
    own = settings.rank.rerank
    return open_pair_scorer(own.weights, settings.encode.threads) if own.top else None


def _rerank_of(version: VersionInfo, settings: Settings) -> Rerank | None:
    """The same with what it counts: as the settings say, else as the version's judgments taught, where it helped."""
    file, own = version.path / SEARCH_ORDER / ORDER_FILE, settings.rank.rerank
    weight = own.weight
    if weight is None:
        weight = float(orjson.loads(file.read_bytes()).get("rerank", 0.0)) if file.is_file() else 0.0
    if not own.top or not weight:
        return None
    try:
        scorer = scorer_of(settings)
    except WeightsError as error:
        log.warning("rerank=off reason=%s", error)
        return None
    return None if scorer is None else Rerank(scorer, own.top, weight)


def load_trained(folder: ShopFolder, catalog: Catalog, ahead: Future[VersionInfo] | None = None) -> Trained | None:
    """The current version, every file checked against its manifest; None before the first.

    `ahead` is such a check that has begun already. Raises CorruptVersion, and ForeignVersion where another release
    wrote the version and this one cannot read it.
    """
    current = folder.versions.current()
    if current is None:
        return None
    with ThreadPoolExecutor(2) as beside:  # hashing and the encoder's session leave the interpreter to the rest
        verified = ahead or beside.submit(folder.versions.verify, current.number)
        opened = beside.submit(_encoder_of, folder, catalog, current)
        understanding = Understanding(None, catalog_texts(catalog), folder.settings.understand, folder.path)
        version = verified.result()
        if version.number != current.number:  # promoted since that check began
            version = folder.versions.verify(current.number)
        parts, state = stages(folder.settings), state_of(version)
        popularity = np.zeros(len(catalog), np.float32)
        with readable(version):
            parts.load(version.path, catalog)
            popularity[: state["n_products"]] = np.load(version.path / POPULARITY_FILE)
            search = _search_of(version, folder.settings, catalog, parts.features)
        queries = queries_of(version)
        parts.known_to(understanding).remember(queries)
        understanding.mean(mined_of(version))
        suggester = Suggester(catalog, popularity, queries)
        structured = structured_of(folder.settings.understand, catalog, understanding, version.path)
        same = version.number == current.number
        understanding.encoder = encoder = opened.result() if same else _encoder_of(folder, catalog, version)
    vectors = version.path / VECTORS_FILE
    if encoder is not None and encoder.fingerprint != state["encoder"]:
        log.warning("version=%s encoder=changed semantic=off: learn again to search by meaning", version.name)
        understanding.encoder = None
    return Trained(
        version=version,
        last_seq=state["last_seq"],
        n_products=state["n_products"],
        sources=parts.sources,
        features=parts.features,
        rules=parts.rules,
        rankers={name: ranker for name, ranker in parts.rankers.items() if name in state["rankers"]},
        scenes=folder.settings.rank.rankers,
        search=search,
        day=state["day"],
        rerank=_rerank_of(version, folder.settings),
        vectors=mapped(vectors) if vectors.is_file() else None,
        understanding=understanding,
        suggester=suggester,
        structured=structured,
    )


def _search_of(
    version: VersionInfo, settings: Settings, catalog: Catalog, features: Collection[str]
) -> tuple[str, Ranker]:
    """What orders searches: what the version was taught, unless the settings name another, that needs no teaching."""
    file, named = version.path / SEARCH_ORDER / ORDER_FILE, settings.rank.rankers.get("search")
    told = orjson.loads(file.read_bytes()) if file.is_file() else {}
    taught = told["ranker"] if told.get("tried") else ""
    name = named or taught or unjudged(settings, len(catalog), by_meaning=(version.path / VECTORS_FILE).is_file())
    if name not in settings.enabled("ranker"):
        log.warning("search=%s is switched off: fused orders in its place", name)
        name = FUSED
    ranker: Ranker = plugins.load("ranker", name)(settings.of("ranker", name))
    place = version.path / SEARCH_ORDER / RANKERS
    if name == taught and place.is_dir() and isinstance(ranker, Saves):
        ranker.load(place, catalog)
    missing = set(ranker.files) - set(features)
    if name != FUSED and (missing or not ranker.files):
        lacks = f"lacks the features {', '.join(sorted(missing))}" if missing else "was taught nothing"
        log.warning("search=%s %s: fused orders in its place. Learn again with judgments.", name, lacks)
        return FUSED, plugins.load("ranker", FUSED)(settings.of("ranker", FUSED))
    return name, ranker


def unjudged(settings: Settings, n_products: int, *, by_meaning: bool) -> str:
    """What orders the searches of a shop whose judgments name nothing: scores where there is a meaning to blend in."""
    if not by_meaning or n_products > BLENDED or BLEND not in settings.enabled("ranker"):
        return FUSED
    blend: Ranker = plugins.load("ranker", BLEND)(settings.of("ranker", BLEND))
    return BLEND if set(blend.files) <= set(settings.enabled("feature")) else FUSED


def open_shop(path: Path, *, writable: bool = True, patient: bool = False, settings: Settings | None = None) -> Shop:
    """The shop in this folder; a `patient` one waits for every source. `settings` stand in place of its own.

    Raises ShopNotFound, ShopLocked, CorruptVersion, ForeignVersion or SettingError.
    """
    with _garbage_uncollected(), ThreadPoolExecutor(1) as beside:
        folder = open_folder(path, writable=writable)
        try:
            folder.settings = settings or folder.settings
            current = folder.versions.current()
            ahead = [beside.submit(folder.versions.verify, current.number)] if current else []
            folder.settings.check()
            plan = Plan.of(folder.settings, None if patient else Crew())

            def load(folder: ShopFolder, catalog: Catalog) -> Trained | None:
                return load_trained(folder, catalog, ahead.pop() if ahead else None)

            return Shop(folder, plan, load)
        except BaseException:
            folder.close()
            raise


@contextmanager
def _garbage_uncollected() -> Iterator[None]:
    """Opening makes a million objects that stay: walking them again and again takes a sixth of its time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
