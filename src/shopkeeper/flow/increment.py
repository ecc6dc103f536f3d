"""What came since the serving version, as the next one: what is counted is counted anew, what was taught stays."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from shopkeeper.encode.artefact import OWN
from shopkeeper.encode.card import CARD_FILE, HEADS, HEADS_FILE
from shopkeeper.errors import NoVersion, UnlearnableShop
from shopkeeper.flow.again import reading
from shopkeeper.flow.build import SEARCH_ORDER, Stages, load_trained, stages
from shopkeeper.flow.choices import mined_from
from shopkeeper.flow.judge import Learnt, judged
from shopkeeper.flow.learn import known
from shopkeeper.flow.past import past_queries
from shopkeeper.flow.shop import Trained
from shopkeeper.flow.standings import ratings_table
from shopkeeper.flow.state import lessons_of, strange_to, texts_of
from shopkeeper.flow.teach import SCENE
from shopkeeper.flow.trial import Contest, tried
from shopkeeper.flow.vectors import encoded
from shopkeeper.flow.windows import window
from shopkeeper.flow.write import Learning, sealed
from shopkeeper.measure.click_card import CLICKS, CLICKS_FILE
from shopkeeper.ports import Updates
from shopkeeper.rank.train import Window
from shopkeeper.recall.gather import Plan
from shopkeeper.settings import FUSED, Settings
from shopkeeper.store.disk import full_disk_as_error
from shopkeeper.store.folder import ShopFolder
from shopkeeper.types import Catalog, FloatArray, Scene, Snapshot
from shopkeeper.understand.mining import CatalogWords

Progress = Callable[[str, int, int], None]
TAUGHT = (OWN, CARD_FILE, HEADS, HEADS_FILE, SEARCH_ORDER, CLICKS, CLICKS_FILE)
"""What of a version's files is carried on as it is; its rankers too."""


def increment(path: Path, tell: Progress = lambda step, done, total: None) -> Learnt:
    """A new version that knows the whole log, with the language model and the rankers of the one that serves.

    It is measured on what came since that one, which that one had not seen. The data are not checked again.
    Raises NoVersion before the first, UnlearnableShop where nothing came or the settings changed since, ShopLocked.
    """
    return reading(path, partial(_increment, tell=tell), tell)


def _increment(folder: ShopFolder, tell: Progress) -> Learnt:
    """As `increment`, from the folder as it is opened."""
    with folder.versions.drafting() as draft:
        texts, catalog, last_seq = folder.products.checksums(), folder.products.catalog(), folder.events.last_seq()
        tell("reading what came since", 0, 0)
        before, settings = _serving(folder, catalog, last_seq), folder.settings
        encoder = before.understanding.encoder
        whole, past = known(folder, None, catalog, _vectors(folder, before, catalog))
        tell("measuring on what came since", 0, 0)
        contests = serving(before, window(whole, before.day, whole.day - before.day), Plan.of(settings))
        tell("counting anew", 0, 0)
        parts, lasting = _counted(settings, before, whole)
        if lasting:  # what lasts knows the products of then: a server shows it the others whenever it loads the version
            texts = learnt_texts if (learnt_texts := texts_of(before.version)) is not None else texts[:0]
        with full_disk_as_error(draft.path):
            _carry(before.version.path, draft.path)
        lessons, asked = lessons_of(before.version), past_queries(past.events, settings)
        data_hash, ratings = folder.events.data_hash(), ratings_table(past.events, catalog)
        learning = Learning(whole, data_hash, last_seq, parts, encoder, lessons, contests, asked, texts)
        mined = mined_from(settings.understand.synonyms.mined, CatalogWords(catalog), encoder, past)
        version = sealed(folder, draft, replace(learning, mined=mined, ratings=ratings))
        learnt = judged(folder, version, contests)
        folder.versions.prune(settings.learn.keep_versions)
        return learnt


def _serving(folder: ShopFolder, catalog: Catalog, last_seq: int) -> Trained:
    """The version that serves, loaded. Raises NoVersion, UnlearnableShop."""
    before, path = load_trained(folder, catalog), folder.path
    if before is None:
        raise NoVersion(f"{path} has not learnt yet, so there is nothing to go on from. Run: shopkeeper learn {path}")
    name, learnt_with = before.version.name, before.version.manifest["settings"]
    changed = [part for part in ("recall", "rank") if learnt_with.get(part, {}) != folder.settings.tables.get(part, {})]
    if changed:
        raise UnlearnableShop(
            f"[{changed[0]}] of settings.toml has changed since version {name} learnt. Run: shopkeeper learn {path}"
        )
    if before.vectors is not None and before.understanding.encoder is None:
        raise UnlearnableShop(f"version {name} learnt with another language model. Run: shopkeeper learn {path}")
    if last_seq <= before.last_seq:
        raise UnlearnableShop(f"no event came since version {name} learnt: there is nothing to learn from yet.")
    return before


def _vectors(folder: ShopFolder, before: Trained, catalog: Catalog) -> FloatArray | None:
    """float32 (n_products, d): as they were learnt, and of products that are new or changed as they are now."""
    if before.vectors is None:
        return None
    vectors = np.zeros((len(catalog), before.vectors.shape[1]), np.float32)
    vectors[: len(before.vectors)] = before.vectors
    rows = strange_to(folder, before.version, before.n_products, catalog.deleted)
    if (own := encoded(folder, before.understanding.encoder, rows)) is not None:
        vectors[rows] = own
    return vectors


def serving(trained: Trained, held: Window, plan: Plan) -> list[Contest]:
    """The contests of a version as it serves, over what came after it."""
    named = trained.scenes.get(SCENE, FUSED)
    search, ranker = trained.search or (FUSED, trained.rankers[FUSED])
    orders: dict[Scene, str] = {"home": named if named in trained.rankers else FUSED, "search": search}
    parts = Stages(trained.sources, trained.features, {**trained.rankers, search: ranker})
    return tried(parts, orders, held, trained.understanding, plan)


def _counted(settings: Settings, before: Trained, whole: Snapshot) -> tuple[Stages, bool]:
    """The stages as the whole log has them, with the rankers and all that is learnt at length as they were.

    And whether any of the latter takes products in.
    """
    fresh = stages(settings)
    kept = {name: source for name, source in before.sources.items() if getattr(source, "lasting", False)}
    counted = {name: source for name, source in fresh.sources.items() if name not in kept}
    replace(fresh, sources=counted).fit_whole(whole)
    taking = any(isinstance(source, Updates) for source in kept.values())
    return replace(fresh, sources={**counted, **kept}, rankers=before.rankers), taking


def _carry(version: Path, draft: Path) -> None:
    for name in TAUGHT:
        if (version / name).is_dir():
            shutil.copytree(version / name, draft / name)
        elif (version / name).is_file():
            shutil.copyfile(version / name, draft / name)
