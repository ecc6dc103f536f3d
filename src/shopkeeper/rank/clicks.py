"""How likely a shown product is clicked: by its place, what it is, and how it fits who asks. Learnt from pages.

Pages stand in order of time: the first six tenths teach, the next two choose how many trees and how they are
calibrated, the last two measure. What is known of a product's clicks is what was known before its page.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from shopkeeper.measure.calibration import Quality, log_loss, reliability
from shopkeeper.measure.click_card import ClickCard
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.rank.calibrating import Calibration, Chances, calibrated
from shopkeeper.rank.forest import Forest
from shopkeeper.types import BoolArray, DayArray, FeatureTable, FloatArray, IntArray

TAUGHT, CHOSEN = 0.6, 0.8
"""The shares of pages, in time, that teach, and that teach or choose."""
LEAST_CLICKS = 200
"""Fewer clicks teach nothing."""
PLACES = 50
"""Places from here on are one."""
VIEWS, EXPECTED = 20.0, 2.0
"""A place begins with so many views at the mean of all, a product with so many expected clicks that came."""
TREES = (10, 20, 40, 80, 160)
OWN = ("page.place", "page.scene", "product.appeal", "product.seen")
"""The columns before those that pages logged."""
FOREST_FILE, COUNTS_FILE, CALIBRATION_FILE = "forest.npz", "counts.npy", "calibration.json"


@dataclass(frozen=True, slots=True)
class Shown:
    """What pages showed, page after page, the oldest first: pages, rows, places from 0, scenes by number int64 (n,);
    clicked bool (n,); what pages logged of each product float32 (n, f)."""

    pages: IntArray
    rows: IntArray
    places: IntArray
    scenes: IntArray
    clicked: BoolArray
    table: FeatureTable

    def where(self, keep: BoolArray) -> "Shown":
        """Only what `keep` bool (n,) holds of."""
        columns = (self.pages[keep], self.rows[keep], self.places[keep], self.scenes[keep], self.clicked[keep])
        return Shown(*columns, self.table.take(np.flatnonzero(keep)))


@dataclass(frozen=True, slots=True)
class Usual:
    """What is known of products: float64 (n_products, 2), clicks that came, and those that their places let expect.

    Source: Zhang, Jones, "Comparing click logs and editorial labels for training query rewriting", 2007.
    """

    counts: DayArray

    def columns(self, rows: IntArray) -> FloatArray:
        """float32 (n, 2): appeal and how much is known; of new products what is known of none."""
        known = rows < len(self.counts)
        own = np.where(known[:, None], self.counts[np.where(known, rows, 0)], 0.0)
        return _appeal(own[:, 0], own[:, 1])

    @classmethod
    def of(cls, shown: Shown, n_products: int) -> "Usual":
        """After all of these pages."""
        expected = _expected(shown)
        clicks = np.bincount(shown.rows, shown.clicked, n_products)
        return cls(np.stack([clicks, np.bincount(shown.rows, expected, n_products)], axis=1))


@dataclass(frozen=True)
class ClickModel:
    """Trees with a calibration, and what is known of the products' clicks."""

    forest: Forest
    calibration: Calibration
    usual: Usual

    def chances(
        self, rows: IntArray, table: FeatureTable, scene: IntArray | int, places: IntArray | int = 0
    ) -> Chances:
        """float64 (n,): how likely products with these logged values are clicked in these places, from 0, of a scene's
        page; by default all in the first place, which says what they are worth themselves."""
        where, which = (np.broadcast_to(np.asarray(own, np.int64), rows.shape) for own in (places, scene))
        own = _own(where, which, self.usual.columns(rows))
        return self.calibration.of(self.forest.scores(_aligned(own, table, self.forest.columns)))

    def save(self, folder: Path) -> None:
        """Into an existing, empty folder."""
        self.forest.save(folder / FOREST_FILE)
        np.save(folder / COUNTS_FILE, self.usual.counts, allow_pickle=False)
        (folder / CALIBRATION_FILE).write_bytes(orjson.dumps(asdict(self.calibration)))

    @classmethod
    def load(cls, folder: Path) -> "ClickModel":
        """What `save` wrote."""
        said = orjson.loads((folder / CALIBRATION_FILE).read_bytes())
        calibration = Calibration(said["way"], tuple(said["x"]), tuple(said["y"]))
        return cls(Forest.load(folder / FOREST_FILE), calibration, Usual(np.load(folder / COUNTS_FILE)))


def taught(shown: Shown, n_products: int, seed: int = 0) -> tuple[ClickModel | None, ClickCard]:
    """The model and how good it is on the latest pages; None where clicks are too few or it is not beyond doubt better
    than the shares of places and of products."""
    names = np.unique(shown.pages)
    card = ClickCard(pages=len(names), shown=len(shown.rows), clicks=int(shown.clicked.sum()))
    first, second = (names[int(share * len(names))] if len(names) else 0 for share in (TAUGHT, CHOSEN))
    parts = (shown.pages < first, (shown.pages >= first) & (shown.pages < second), shown.pages >= second)
    if why := _too_few(shown, parts):
        return None, replace(card, reason=why)
    known = _aligned(_own(shown.places, shown.scenes, _running(shown)), shown.table, (*OWN, *shown.table.names))
    forest = _grown(known, shown, parts, seed)
    _, choose, test = parts
    calibration = calibrated(forest.scores(known[choose]), shown.clicked[choose])
    before, after = shown.where(~test), shown.where(test)
    model, came = ClickModel(forest, calibration, Usual.of(before, n_products)), after.clicked
    told = model.chances(after.rows, after.table, after.scenes, after.places)
    baselines = _baselines(before, after, n_products)
    qualities = {name: Quality.of(own, came) for name, own in baselines.items()}
    best = baselines[min(qualities, key=lambda name: qualities[name].log_loss)]
    gain = paired_bootstrap(_losses(best, came, after.pages), _losses(told, came, after.pages))
    card = replace(
        card,
        reason="" if gain.low > 0 else "it is not beyond doubt better than the shares of places and of products",
        tested=len(np.unique(after.pages)),
        calibration=calibration.way,
        ours=Quality.of(told, came),
        baselines=qualities,
        gain=(gain.mean, gain.low, gain.high),
        bins=tuple(reliability(told, came)),
    )
    return (replace(model, usual=Usual.of(shown, n_products)) if gain.low > 0 else None), card


def _too_few(shown: Shown, parts: tuple[BoolArray, ...]) -> str:
    clicks = int(shown.clicked.sum())
    if clicks < LEAST_CLICKS:
        return f"{clicks} clicks, carts and purchases name the page that showed their product: it takes {LEAST_CLICKS}"
    if not all(shown.clicked[own].any() and not shown.clicked[own].all() for own in parts):
        return "the clicks are all of one time: it takes some on the earliest pages, the next and the latest"
    return ""


def _grown(known: FloatArray, shown: Shown, parts: tuple[BoolArray, ...], seed: int) -> Forest:
    """Trees on the earliest pages, as many as tell the next ones best."""
    import lightgbm  # half a second that only learning needs

    teach, choose, _ = parts
    plain: dict[str, Any] = {"objective": "binary", "num_leaves": 15, "learning_rate": 0.05, "min_data_in_leaf": 50}
    plain |= {"lambda_l2": 1.0, "num_threads": 1, "verbosity": -1, "seed": seed, "deterministic": True}
    columns = (*OWN, *shown.table.names)
    data = lightgbm.Dataset(
        known[teach],
        label=shown.clicked[teach],
        feature_name=[f"c{column}" for column in range(len(columns))],  # not every name would be taken
        params={"verbosity": -1, "num_threads": 1},
    )
    booster = lightgbm.train(plain, data, num_boost_round=max(TREES))
    logits = {n: np.asarray(booster.predict(known[choose], num_iteration=n, raw_score=True)) for n in TREES}
    losses = {n: log_loss(Calibration().of(own), shown.clicked[choose]) for n, own in logits.items()}
    return Forest.of(columns, [booster.dump_model(num_iteration=min(losses, key=lambda n: losses[n]))])


def _baselines(before: Shown, test: Shown, n_products: int) -> Mapping[str, Chances]:
    """What each place, and each product, was clicked before, as chances of the tested."""
    mean = float(before.clicked.mean())
    return {
        "rate_by_place": _rates(_place(before), before.clicked, PLACES, mean)[_place(test)],
        "rate_by_product": _rates(before.rows, before.clicked, n_products, mean)[test.rows],
    }


def _rates(which: IntArray, clicked: BoolArray, n: int, mean: float) -> DayArray:
    views, clicks = np.bincount(which, minlength=n), np.bincount(which, clicked, n)
    return np.asarray((clicks + VIEWS * mean) / (views + VIEWS))


def _losses(chances: Chances, came: BoolArray, pages: IntArray) -> DayArray:
    """float64 (n_pages,): the mean log loss of each page's products."""
    held = np.clip(np.where(came, chances, 1.0 - chances), 1e-7, 1.0)
    _, which = np.unique(pages, return_inverse=True)
    own = which.reshape(-1)
    return np.asarray(np.bincount(own, -np.log(held)) / np.bincount(own))


def _place(shown: Shown) -> IntArray:
    return np.minimum(shown.places, PLACES - 1)


def _expected(shown: Shown) -> DayArray:
    """float64 (n,): the share of clicks in each one's place on the pages before its own."""
    _, starts, which = np.unique(shown.pages, return_index=True, return_inverse=True)
    first = starts[which.reshape(-1)]
    clicks_before = np.concatenate(([0.0], np.cumsum(shown.clicked)))[first]
    mean = (clicks_before + 1.0) / (first + VIEWS)
    own = _before(_place(shown), shown.clicked.astype(np.float64))
    views = _before(_place(shown), np.ones(len(shown.rows)))
    return np.asarray((own + VIEWS * mean) / (views + VIEWS))


def _running(shown: Shown) -> FloatArray:
    """float32 (n, 2): appeal and how much is known of each product, as it was before its page."""
    clicks = _before(shown.rows, shown.clicked.astype(np.float64))
    return _appeal(clicks, _before(shown.rows, _expected(shown)))


def _before(groups: IntArray, values: DayArray) -> DayArray:
    """float64 (n,): the sum of the values of the same group that stand before each one."""
    order = np.argsort(groups, kind="stable")
    sums = np.cumsum(values[order]) - values[order]
    starts = np.flatnonzero(np.concatenate(([True], np.diff(groups[order]) != 0)))
    lengths = np.diff(np.concatenate((starts, [len(order)])))
    found = np.empty(len(order))
    found[order] = sums - np.repeat(sums[starts], lengths)
    return found


def _appeal(clicks: DayArray, expected: DayArray) -> FloatArray:
    appeal = np.log((clicks + EXPECTED) / (expected + EXPECTED))
    return np.stack([appeal, np.log1p(expected)], axis=1).astype(np.float32)


def _own(places: IntArray, scenes: IntArray, known: FloatArray) -> FloatArray:
    return np.column_stack([places, scenes, known]).astype(np.float32)


def _aligned(own: FloatArray, table: FeatureTable, columns: tuple[str, ...]) -> FloatArray:
    """float32 (n, len(columns)): OWN, then the table's columns in this order, NaN where it lacks one."""
    found = np.full((len(own), len(columns)), np.nan, np.float32)
    found[:, : len(OWN)] = own
    at = {name: column for column, name in enumerate(table.names)}
    for column, name in enumerate(columns[len(OWN) :], start=len(OWN)):
        if name in at:
            found[:, column] = table.values[:, at[name]]
    return found
