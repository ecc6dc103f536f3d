"""How likely what pages show is clicked: learnt from the pages that the shop remembers, kept where that is better."""

import logging
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from shopkeeper.exposure import Exposure
from shopkeeper.feedback.joins import by_page, outcomes
from shopkeeper.measure.click_card import CLICKS, ClickCard, write_clicks
from shopkeeper.observed import SECONDS_A_DAY
from shopkeeper.rank.clicks import ClickModel, Shown, taught
from shopkeeper.store.disk import full_disk_as_error
from shopkeeper.store.folder import ShopFolder
from shopkeeper.types import SCENES, Catalog, FeatureTable, IntArray

log = logging.getLogger(__name__)

LATEST = 10_000
"""So many pages are learnt from, the latest."""
SETTLED_S = 1_800.0
"""Pages of the last half hour are left out: clicks on them may still come."""


def taught_clicks(folder: ShopFolder, draft: Path, catalog: Catalog, seed: int) -> ClickCard:
    """Writes to the draft how good a model of clicks is, and the model where it is better than shares of clicks."""
    model, card = taught(shown(folder, catalog), len(catalog), seed)
    with full_disk_as_error(draft):
        if model is not None:
            (draft / CLICKS).mkdir()
            model.save(draft / CLICKS)
        write_clicks(draft, card)
    log.info("clicks kept=%s pages=%d clicks=%d", model is not None, card.pages, card.clicks)
    return card


def shown(folder: ShopFolder, catalog: Catalog) -> Shown:
    """What the latest pages showed, and what was clicked of it; a cart or a purchase is a click too."""
    now = time.time()
    start = max(now - folder.settings.store.exposure_days * SECONDS_A_DAY, folder.exposures.moment_of_latest(LATEST))
    followed = by_page(folder.events.tail(start))
    pages = list(folder.exposures.between(start, now - SETTLED_S))
    rows = [_rows(page, catalog) for page in pages]
    worth = [outcomes(page, followed.get(page.request_id, ())) > 0 for page in pages]
    kept = [own >= 0 for own in rows]
    numbers = [np.full(len(own), at, np.int64) for at, own in enumerate(rows)]
    scenes = [np.full(len(own), SCENES.index(page.scene), np.int64) for page, own in zip(pages, rows, strict=True)]
    places = [np.array(page.positions, np.int64) for page in pages]
    keep, names = _joined(kept).astype(bool), list(dict.fromkeys(name for page in pages for name in page.feature_names))
    values = np.full((len(keep), len(names)), np.nan, np.float32)
    for page, own in zip(pages, _slices(rows), strict=True):
        if len(page.features) == len(page.product_ids):  # a page may have been logged without
            values[own, [names.index(name) for name in page.feature_names]] = page.features
    table = FeatureTable(tuple(names), values)
    columns = (_joined(numbers), _joined(rows), _joined(places), _joined(scenes), _joined(worth).astype(bool))
    return Shown(*columns, table).where(keep)


def chances(version: Path, page: Exposure, catalog: Catalog) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """How likely each product of a page was clicked where it stood, and would be in the first place, by the model of
    this version; None where it has none."""
    model = _model(version)
    if model is None:
        return None
    rows, scene = _rows(page, catalog), SCENES.index(page.scene)
    rows = np.where(rows >= 0, rows, len(catalog))  # what is gone is as what is new
    table = FeatureTable((), np.empty((len(rows), 0), np.float32))
    if len(page.features) == len(rows):
        table = FeatureTable(page.feature_names, page.features)
    here, first = (model.chances(rows, table, scene, place) for place in (np.array(page.positions, np.int64), 0))
    return tuple(here.tolist()), tuple(first.tolist())


@lru_cache(maxsize=8)
def _model(version: Path) -> ClickModel | None:
    return ClickModel.load(version / CLICKS) if (version / CLICKS).is_dir() else None


def _rows(page: Exposure, catalog: Catalog) -> IntArray:
    """int64 (k,): the row of each product, -1 of one that is gone."""
    return np.array([catalog.row_of.get(product_id, -1) for product_id in page.product_ids], np.int64)


def _slices(parts: Sequence[IntArray]) -> Iterator[slice]:
    end = 0
    for own in parts:
        yield slice(end, end + len(own))
        end += len(own)


def _joined(parts: Sequence[np.ndarray]) -> IntArray:
    return np.concatenate([np.empty(0, np.int64), *parts]).astype(np.int64)
