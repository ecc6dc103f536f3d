"""What is bought more under one label than under others, as far as purchases support it."""

from dataclasses import dataclass, replace

import numpy as np

from shopkeeper.measure.statistics import bootstrap
from shopkeeper.types import BoolArray, DayArray, FloatArray, IntArray

KEPT = 0.2
"""The share of the purchases, the latest, that a kind of label is tried on."""
FEWEST_DAYS = 5
"""Purchases of fewer days support nothing."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Purchases by class, label and day: classes, labels int64 (n,), days int64 (n,), n float64 (n,).

    Where labels come back each year, those whose purchases are not `apart` days apart have not come back.
    """

    classes: IntArray
    labels: IntArray
    days: IntArray
    n: DayArray
    apart: int = 0

    def where(self, keep: BoolArray) -> "Counted":
        """Only where `keep` bool (n,) holds."""
        return Counted(self.classes[keep], self.labels[keep], self.days[keep], self.n[keep], self.apart)


def lifts(counted: Counted, n_classes: int, n_labels: int, prior: float) -> FloatArray:
    """float32 (n_classes, n_labels): log of (purchases of the class under the label + prior) / (those expected of its
    total + prior); expected is by the label's share of all purchases. 0 for a label that nothing was bought under, or
    that has not come back.
    """
    counts = _table(counted, n_classes, n_labels)
    share = counts.sum(axis=0) / max(float(counts.sum()), 1.0)
    expected = np.where(share > 0, share, 1.0)
    found = np.log((counts / expected + prior) / (counts.sum(axis=1, keepdims=True) + prior))
    return np.where((share > 0) & _came_back(counted, n_labels), found, 0.0).astype(np.float32)


def supported(counted: Counted, n_classes: int, n_labels: int, prior: float) -> bool:
    """Whether lifts of the earlier purchases foretell the classes of the latest ones beyond doubt.

    By how much likelier each of those was held for its label than without: the mean over days, whose 95 % interval must
    be above 0. What comes back each year is learnt from purchases `apart` days before those, or a trend would pass.
    """
    if not len(counted.n):
        return False
    order = np.argsort(counted.days, kind="stable")
    passed = np.cumsum(counted.n[order])
    first = counted.days[order][np.searchsorted(passed, (1 - KEPT) * passed[-1])]
    late = counted.days >= first
    held = counted.where(late)
    days, which = np.unique(held.days, return_inverse=True)
    if len(days) < FEWEST_DAYS or late.all():
        return False
    known = counted.where(counted.days < first - counted.apart)
    log_lifts = lifts(replace(known, apart=0), n_classes, n_labels, prior).astype(np.float64)
    usual = _table(known, n_classes, n_labels).sum(axis=1) + 1.0
    usual = usual / usual.sum()
    log_lifts -= np.log(usual @ np.exp(log_lifts))
    gains: DayArray = np.zeros(len(days))
    np.add.at(gains, which.reshape(-1), held.n * log_lifts[held.classes, held.labels])
    return bootstrap(gains, draws=1000).low > 0.0


def _came_back(counted: Counted, n_labels: int) -> BoolArray:
    """bool (n_labels,): whether the purchases under each label are far enough apart."""
    first, last = np.full(n_labels, np.iinfo(np.int64).max // 2), np.full(n_labels, np.iinfo(np.int64).min // 2)
    np.minimum.at(first, counted.labels, counted.days)
    np.maximum.at(last, counted.labels, counted.days)
    return np.asarray(last - first >= counted.apart)


def _table(counted: Counted, n_classes: int, n_labels: int) -> DayArray:
    cells = counted.classes * n_labels + counted.labels
    sums = np.bincount(cells, counted.n, n_classes * n_labels)
    return np.asarray(sums, np.float64).reshape(n_classes, n_labels)
