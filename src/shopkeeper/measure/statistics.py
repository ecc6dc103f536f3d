"""How sure a number is: bootstrap intervals over users, paired differences, Holm's correction.

Source: Efron, Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13 (percentile intervals).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CHUNK = 1 << 20
"""Resampled values held at once: 8 MB of indices and 8 MB of values."""

LEVEL = 95.0


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its 95 % percentile interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.4f} [{self.low:.4f}, {self.high:.4f}]"


@dataclass(frozen=True, slots=True)
class Difference(Interval):
    """The interval of mean(a) - mean(b); `share_not_above` is the share of draws in which a was not above b."""

    share_not_above: float
    draws: int

    @property
    def p_value(self) -> float:
        """One-sided, of "a is not above b"; never 0, since the sample itself counts as a draw."""
        return (self.share_not_above * self.draws + 1) / (self.draws + 1)


def bootstrap(values: NDArray[np.floating], draws: int = 10_000, seed: int = 0) -> Interval:
    """The mean of `values` (n,) with its interval over resampled users.

    Raises ValueError on no values or a NaN: leaving users out is the caller's decision, and must be said.
    """
    kept = _checked(values, "values")
    low, high = np.percentile(_means(kept, draws, seed), _BOUNDS)
    return Interval(float(kept.mean()), float(low), float(high))


def paired_bootstrap(
    a: NDArray[np.floating], b: NDArray[np.floating], draws: int = 10_000, seed: int = 0
) -> Difference:
    """The mean of a - b with its interval; a (n,) and b (n,) belong to the same users in the same order.

    Raises ValueError on different lengths, no values or a NaN.
    """
    if len(a) != len(b):
        raise ValueError(f"a has {len(a)} values, b {len(b)}: a paired comparison needs the same users in both")
    gaps = _checked(a, "a") - _checked(b, "b")
    means = _means(gaps, draws, seed)
    low, high = np.percentile(means, _BOUNDS)
    return Difference(float(gaps.mean()), float(low), float(high), float((means <= 0).mean()), draws)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p-values of a table of comparisons, in the given order: below alpha means the family error is too.

    The i-th smallest of m (i from 0) becomes min(1, max over j <= i of (m - j) p_j).
    Source: Holm, Scandinavian Journal of Statistics 6, 1979.
    """
    ordered = sorted(p_values, key=lambda name: p_values[name])
    adjusted: dict[str, float] = {}
    highest = 0.0
    for place, name in enumerate(ordered):
        highest = max(highest, min(1.0, (len(ordered) - place) * p_values[name]))
        adjusted[name] = highest
    return {name: adjusted[name] for name in p_values}


_BOUNDS = ((100 - LEVEL) / 2, (100 + LEVEL) / 2)


def _checked(values: NDArray[np.floating], name: str) -> NDArray[np.float64]:
    if len(values) == 0:
        raise ValueError(f"{name} is empty: there is no user to resample")
    kept = np.asarray(values, np.float64)
    if missing := int(np.isnan(kept).sum()):
        raise ValueError(f"{name} holds {missing} NaN of {len(kept)}: leave users without targets out first")
    return kept


def _means(values: NDArray[np.float64], draws: int, seed: int) -> NDArray[np.float64]:
    """The mean of each resample, float64 (draws,)."""
    return np.concatenate(list(_mean_chunks(values, draws, np.random.default_rng(seed))))


def _mean_chunks(values: NDArray[np.float64], draws: int, rng: np.random.Generator) -> Iterator[NDArray[np.float64]]:
    n = len(values)
    step = max(1, CHUNK // n)
    for start in range(0, draws, step):
        chosen = rng.integers(0, n, size=(min(step, draws - start), n))
        yield values[chosen].mean(axis=1)
