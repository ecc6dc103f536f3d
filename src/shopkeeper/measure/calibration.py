"""How good probabilities are: whether they order, whether they surprise, and whether they come true."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shopkeeper.types import BoolArray

Chances = NDArray[np.float64]


def auc(chances: Chances, happened: BoolArray) -> float:
    """The chance that what happened was given more than what did not; ties count half. NaN where all or none did.

    Source: Hanley and McNeil, Radiology 1982 (the rank sum of Mann and Whitney).
    """
    from scipy.stats import rankdata  # a server needs it for nothing

    n, m = int(happened.sum()), int((~happened).sum())
    if not n or not m:
        return float("nan")
    return float((rankdata(chances)[happened].sum() - n * (n + 1) / 2) / (n * m))


def log_loss(chances: Chances, happened: BoolArray, least: float = 1e-7) -> float:
    """The mean of - ln of the chance that was given to what came; chances are held within [least, 1 - least]."""
    held = np.clip(chances, least, 1 - least)
    return float(-np.where(happened, np.log(held), np.log1p(-held)).mean())


def brier(chances: Chances, happened: BoolArray) -> float:
    """The mean square of the distance of each chance from what came, 1 or 0.

    Source: Brier, Monthly Weather Review 1950.
    """
    return float(np.square(chances - happened).mean())


def reliability(chances: Chances, happened: BoolArray, bins: int = 15) -> list[tuple[float, float, int]]:
    """Of bins of equal size by chance, lowest first: the mean chance, the share that happened, and how many."""
    parts = np.array_split(np.argsort(chances, kind="stable"), bins)
    return [(float(chances[own].mean()), float(happened[own].mean()), len(own)) for own in parts if len(own)]


def calibration_error(chances: Chances, happened: BoolArray, bins: int = 15) -> float:
    """The mean distance of chance and share over those bins, by size: 0 where chances come true.

    Source: Naeini et al., "Obtaining well calibrated probabilities", AAAI 2015, with bins of equal size.
    """
    told = reliability(chances, happened, bins)
    return float(sum(n * abs(chance - share) for chance, share, n in told) / max(len(chances), 1))


@dataclass(frozen=True, slots=True)
class Quality:
    """How good chances are on one set of what happened."""

    auc: float
    log_loss: float
    brier: float
    error: float

    @classmethod
    def of(cls, chances: Chances, happened: BoolArray) -> "Quality":
        """All four; `error` is the calibration error over 15 bins."""
        error = calibration_error(chances, happened)
        return cls(auc(chances, happened), log_loss(chances, happened), brier(chances, happened), error)
