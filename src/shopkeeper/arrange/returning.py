"""When buyers of a category come back for the same thing: a life table of each category, drawn towards those above."""

from collections.abc import Mapping, Sequence

import numpy as np

from shopkeeper.types import DayArray, IntArray

CategoryPath = tuple[str, ...]
EDGES = np.array([0, 1, 2, 3, 5, 7, 10, 14, 21, 28, 42, 56, 84, 112, 168, 224, 336, 448, 672, 1344], np.float64)
"""Days since the first purchase at which the spans of a table begin; the last one ends it."""
N_SPANS = len(EDGES) - 1


def counted(
    classes: IntArray, days: DayArray, again: IntArray, n: IntArray, n_classes: int
) -> tuple[DayArray, DayArray]:
    """float64 (n_classes, N_SPANS) each: who came back within a span, and who still could at its beginning.

    `n` buyers of a class came back after so many days (again 1), or had not when they were last seen (again 0).
    """
    span = np.clip(np.searchsorted(EDGES, days, side="right") - 1, 0, N_SPANS - 1)
    place = classes * N_SPANS + span
    back, seen = (
        np.bincount(place, own.astype(np.float64), n_classes * N_SPANS).astype(np.float64).reshape(n_classes, N_SPANS)
        for own in (n * again, n)
    )
    return back, np.asarray(np.cumsum(seen[:, ::-1], axis=1)[:, ::-1], np.float64)


def rests(
    paths: Sequence[CategoryPath], back: DayArray, could: DayArray, drawn: tuple[float, float], chance: float
) -> Mapping[CategoryPath, float]:
    """Days after a first purchase within which `chance` of the buyers come back, for each category and all above it.

    A span's hazard is (back + prior * above) / (could + prior) with `drawn` = prior, mean days: the category above has
    the sum of all below it; above all stands an exponential interval with this mean. Source of the table: Kaplan and
    Meier, JASA 1958.
    """
    prior, mean_days = drawn
    sums: dict[CategoryPath, DayArray] = {(): np.zeros((2, N_SPANS))}
    for path, own in zip(paths, np.stack([back, could], axis=1), strict=True):
        for depth in range(len(path) + 1):
            sums[path[:depth]] = sums.get(path[:depth], 0.0) + own
    hazards: dict[CategoryPath, DayArray] = {}
    found = {}
    for path in sorted(sums, key=len):
        above = hazards[path[:-1]] if path else -np.expm1(-np.diff(EDGES) / mean_days)
        hazards[path] = (sums[path][0] + prior * above) / (sums[path][1] + prior)
        came = np.concatenate(([0.0], 1.0 - np.cumprod(1.0 - hazards[path])))
        found[path] = float(np.interp(chance, came, EDGES))
    return found
