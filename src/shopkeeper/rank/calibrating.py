"""Scores to chances that come true: as they are, by two numbers, or by a rising map, whichever later examples bear out.

Source: Platt, "Probabilistic outputs for support vector machines", 1999; Zadrozny, Elkan, KDD 2002 (isotonic).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from shopkeeper.measure.calibration import log_loss
from shopkeeper.types import BoolArray, DayArray

Way = Literal["none", "platt", "isotonic"]
Chances = NDArray[np.float64]
STEPS, ENOUGH = 50, 1e-9


@dataclass(frozen=True, slots=True)
class Calibration:
    """How logits become chances. `x`, `y`: nothing for none, slope and shift for platt, knots for isotonic."""

    way: Way = "none"
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()

    def of(self, logits: DayArray) -> Chances:
        """float64 (n,), from 0 to 1."""
        if self.way == "isotonic":
            return np.asarray(np.interp(logits, self.x, self.y), np.float64)
        slope, shift = (self.x[0], self.y[0]) if self.way == "platt" else (1.0, 0.0)
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(slope * logits + shift, -30.0, 30.0))), np.float64)


def plain(logits: DayArray, happened: BoolArray) -> Calibration:
    """The logits as they are."""
    return Calibration()


def platt(logits: DayArray, happened: BoolArray) -> Calibration:
    """Slope and shift by maximum likelihood, with Platt's targets, which hold a little back; Newton's steps, halved
    while they lose."""
    n, came = len(happened), int(happened.sum())
    wanted = np.where(happened, (came + 1.0) / (came + 2.0), 1.0 / (n - came + 2.0))
    columns, found = np.stack([logits, np.ones(n)], axis=1), np.array([1.0, 0.0])

    def loss(numbers: DayArray) -> float:
        told = columns @ numbers
        return float((np.logaddexp(0.0, told) - wanted * told).sum())

    for _ in range(STEPS):
        chances = 1.0 / (1.0 + np.exp(-np.clip(columns @ found, -30.0, 30.0)))
        weights = np.maximum(chances * (1.0 - chances), 1e-9)
        curve = (columns * weights[:, None]).T @ columns + 1e-9 * np.eye(2)
        step = np.linalg.solve(curve, columns.T @ (wanted - chances))
        while loss(found + step) > loss(found) and np.abs(step).max() > ENOUGH:
            step = step / 2.0
        found = found + step
        if np.abs(step).max() <= ENOUGH:
            break
    return Calibration("platt", (float(found[0]),), (float(found[1]),))


def isotonic(logits: DayArray, happened: BoolArray) -> Calibration:
    """The rising map of least squares, between the middles of its steps; its ends never say 0 or 1."""
    from scipy.optimize import isotonic_regression

    order = np.argsort(logits, kind="stable")
    risen = isotonic_regression(happened[order].astype(np.float64))
    blocks = np.asarray(risen.blocks)
    middles = [float(logits[order][start:end].mean()) for start, end in pairwise(blocks)]
    sums = np.add.reduceat(happened[order].astype(np.float64), blocks[:-1])
    shares = (sums + happened.mean()) / (np.diff(blocks) + 1.0)  # as if each step had one more, at the mean of all
    return Calibration("isotonic", tuple(middles), tuple(np.maximum.accumulate(shares).tolist()))


WAYS: Mapping[Way, Callable[[DayArray, BoolArray], Calibration]] = {
    "none": plain,
    "platt": platt,
    "isotonic": isotonic,
}


def calibrated(logits: DayArray, happened: BoolArray) -> Calibration:
    """The way with the least log loss where each half, in order of time, is told by the other; fitted on both.

    As they are where a half has nothing to tell, or where no way is better.
    """
    half = len(logits) // 2
    parts = (slice(0, half), slice(half, None))
    if any(not happened[own].any() or happened[own].all() for own in parts):
        return Calibration()
    losses = dict.fromkeys(get_args(Way), 0.0)
    for known, told in (parts, parts[::-1]):
        for way in losses:
            found = WAYS[way](logits[known], happened[known])
            losses[way] += log_loss(found.of(logits[told]), happened[told])
    return WAYS[min(losses, key=lambda way: losses[way])](logits, happened)
