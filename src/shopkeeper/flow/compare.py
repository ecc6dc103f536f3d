"""Versions and baselines side by side: what their trials measured, and what shoppers did about their pages."""

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from shopkeeper.errors import not_learnt
from shopkeeper.feedback.joins import outcomes
from shopkeeper.measure.statistics import Interval, bootstrap
from shopkeeper.observed import SECONDS_A_DAY
from shopkeeper.store.folder import ShopFolder
from shopkeeper.types import Event

LIVE_DAYS = 28.0
"""Pages older than this say little about a version that serves now."""


@dataclass(frozen=True)
class Live:
    """What followed a version's pages: how many, and the shares that led to a click or more, and to a purchase."""

    pages: int
    clicked: Interval
    bought: Interval


@dataclass(frozen=True)
class Comparison:
    """`scores`: by contest, then by version name. Only those of versions with one data hash compare.

    `live`: by version name, for versions that have shown a page within LIVE_DAYS.
    """

    current: str
    data_hashes: Mapping[str, str]
    scores: Mapping[str, Mapping[str, Any]]
    live: Mapping[str, Live]


def compare(folder: ShopFolder) -> Comparison:
    """Every version's scores with intervals, by contest, which version serves, and how pages fared.

    Raises NoVersion before the first.
    """
    versions, current = folder.versions.list(), folder.versions.current()
    if not versions:
        raise not_learnt(folder.path)
    keys = dict.fromkeys(key for version in versions for key in version.manifest["scores"])
    return Comparison(
        current=current.name if current else "",
        data_hashes={version.name: version.manifest["data_hash"] for version in versions},
        scores={
            key: {v.name: v.manifest["scores"][key] for v in versions if key in v.manifest["scores"]} for key in keys
        },
        live=_live(folder, time.time()),
    )


def _live(folder: ShopFolder, now: float) -> dict[str, Live]:
    """Only events that name the page count for it."""
    start = now - LIVE_DAYS * SECONDS_A_DAY
    followed: dict[str, list[Event]] = defaultdict(list)
    for event in folder.events.tail(start):
        if event.request_id:
            followed[event.request_id].append(event)
    best: dict[str, list[float]] = defaultdict(list)
    for exposure in folder.exposures.between(start, now):
        grades = outcomes(exposure, followed.get(exposure.request_id, ()))
        best[exposure.version].append(float(grades.max(initial=0.0)))
    return {
        version: Live(len(found), _share(found, 1.0), _share(found, 3.0)) for version, found in sorted(best.items())
    }


def _share(grades: list[float], least: float) -> Interval:
    return bootstrap((np.array(grades) >= least).astype(np.float64))
