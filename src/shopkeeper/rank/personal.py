"""The same search for another shopper: an order that leans towards who asks, within bounds."""

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from pydantic import BaseModel

from shopkeeper.portrait import Portrait
from shopkeeper.ports import Ranker
from shopkeeper.settings import PluginSettings
from shopkeeper.types import (
    ACTIONS,
    PURCHASE,
    Candidates,
    Catalog,
    DayArray,
    FeatureTable,
    FloatArray,
    IntArray,
    RowArray,
)

PART = "personal"
"""What its part of an explanation is called."""
HALF_LIFE_DAYS = 60.0
FIRST = 20
"""What is added is measured by how far apart the first so many are without it."""
WORDS = "lexical"
"""The source that finds by words."""
BOUGHT, BRAND, CATEGORY = 0.5, 0.1, 0.4
"""What each counts of a whole liking: to have bought it, its brand in its department, and its category."""
OFTEN = 3.0
"""Bought so often, and lately, is as often as counts."""
LEANS = {"view": 0.2, "click": 0.3, "rate": 0.3, "add_to_cart": 0.7, "purchase": 1.0}
_LEAN = np.array([LEANS.get(action, 0.0) for action in ACTIONS])


class Personal:
    """A ranker's scores, raised by how much the asker likes each product: at most `strength` times the distance of the
    best from the twentieth, and less where its words match less, so that nothing passes what is much more relevant.
    """

    Settings: ClassVar[type[BaseModel]] = PluginSettings

    def __init__(
        self, ranker: Ranker, liking: Callable[[RowArray], DayArray | FloatArray], strength: float, part: str = PART
    ) -> None:
        """`liking` gives float64 (m,) from 0 to 1 for rows int32 (m,): what `part` names, the asker's by default."""
        self._ranker, self._liking, self._strength, self._part = ranker, liking, strength, part
        self._unit, self._best = 0.0, 0.0

    @property
    def files(self) -> tuple[str, ...]:
        return self._ranker.files

    def learn(self, table: FeatureTable, labels: FloatArray, offsets: IntArray) -> None:
        """Nothing of its own: who asks comes with the request."""

    def score(self, candidates: Candidates, table: FeatureTable) -> FloatArray:
        scores = self._ranker.score(candidates, table)
        if len(scores):
            self._unit = self._strength * reach(scores)
            self._best = float(np.nanmax(_words(candidates), initial=0.0))
        return np.asarray(scores + self._raised(candidates), np.float32)

    def parts(self, candidates: Candidates, table: FeatureTable) -> tuple[tuple[str, ...], FloatArray]:
        names, parts = self._ranker.parts(candidates, table)
        return (*names, self._part), np.concatenate([parts, self._raised(candidates)[:, None]], axis=1)

    def _raised(self, candidates: Candidates) -> FloatArray:
        """float32 (n,): what each candidate's score is raised by."""
        matched = np.nan_to_num(_words(candidates)) / max(self._best, 1e-9)
        return np.asarray(self._unit * matched * self._liking(candidates.rows), np.float32)


def reach(scores: FloatArray) -> float:
    """How far the best of at least one score stands above the FIRST, or last; 1 where all stand alike."""
    best = -np.sort(-scores)[:FIRST]
    return float(best[0] - best[-1]) or 1.0


def _words(candidates: Candidates) -> FloatArray:
    """float32 (n,): the score of the words, NaN where those did not find the product; ones where nothing asks words."""
    if WORDS not in candidates.sources:
        return np.ones(len(candidates.rows), np.float32)
    return candidates.scores[:, candidates.sources.index(WORDS)]


def liking(portrait: Portrait, day: float, catalog: Catalog) -> Callable[[RowArray], DayArray]:
    """How much the shopper likes rows int32 (m,), float64 (m,) from 0 to 1, by what was done before `day`.

    Purchases fade with HALF_LIFE_DAYS; the session's own events count as of now.
    """
    rows = np.concatenate((portrait.rows, portrait.session_rows))
    actions = np.concatenate((portrait.actions, portrait.session_actions))
    ages = np.concatenate((day - portrait.days, np.zeros(len(portrait.session_rows))))
    known = rows < len(catalog)
    rows, actions = rows[known], actions[known]
    worth = _LEAN[actions] * 0.5 ** (np.maximum(ages[known], 0.0) / HALF_LIFE_DAYS)
    bought = worth * (actions == PURCHASE)
    brands, names = catalog.brand_codes

    def of(asked: RowArray) -> DayArray:
        often = _summed(catalog.groups[rows], bought, catalog.groups[asked])
        departments = catalog.departments[rows].astype(np.int64), catalog.departments[asked].astype(np.int64)
        in_department = np.maximum(_summed(departments[0], worth, departments[1]), 1e-9)
        own, others = (
            brands[each] + department * len(names) for each, department in zip((rows, asked), departments, strict=True)
        )
        brand = np.where(brands[asked] == names.get("", -1), 0.0, _summed(own, worth, others) / in_department)
        category = _summed(catalog.categories[rows], worth, catalog.categories[asked])
        category = category / max(float(category.max(initial=0.0)), 1e-9)
        whole = BOUGHT * np.minimum(np.log1p(often) / np.log1p(OFTEN), 1.0) + BRAND * np.minimum(brand, 1.0)
        return np.asarray(whole + CATEGORY * category, np.float64)

    return of


def _summed(codes: IntArray | RowArray, worth: DayArray, asked: IntArray | RowArray) -> DayArray:
    """float64 (m,): what the lines of each asked code are worth together, of lines with these codes and worths."""
    classes, which = np.unique(codes, return_inverse=True)
    sums = np.bincount(which.reshape(-1), worth, len(classes))
    found = np.zeros(len(asked))
    if len(classes):
        at = np.minimum(np.searchsorted(classes, asked), len(classes) - 1)
        held = classes[at] == asked
        found[held] = sums[at[held]]
    return found
