"""Promotion is earned: against simple lists, and against the version that serves."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shopkeeper.encode.card import Card, card_of
from shopkeeper.errors import StoreError
from shopkeeper.flow.search_order import SearchOrder
from shopkeeper.flow.trial import Contest
from shopkeeper.flow.write import TRIAL_FILE
from shopkeeper.measure.click_card import ClickCard, clicks_of
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.store.folder import ShopFolder
from shopkeeper.store.versions import VersionInfo

log = logging.getLogger(__name__)
MIN_TRIED = 10
"""A contest with fewer shoppers or queries says nothing."""


@dataclass(frozen=True)
class Learnt:
    """A version with its contests; `refused` says why it does not serve, and is empty where it does."""

    version: VersionInfo
    contests: tuple[Contest, ...]
    refused: tuple[str, ...]
    card: Card | None = None
    """What became of the language model; None where it was not to learn."""
    order: SearchOrder | None = None
    """What orders a search; None where nothing was judged."""
    clicks: ClickCard | None = None
    """How good the model of clicks is, or why there is none."""

    @property
    def promoted(self) -> bool:
        """Whether the version now serves."""
        return not self.refused


def judged(folder: ShopFolder, version: VersionInfo, contests: Sequence[Contest]) -> Learnt:
    """Promotes the version unless it lost a contest beyond doubt, or was hardly tried where another one serves."""
    refused = [
        f"{contest.title}: {contest.best()} is better, {contest.metric} differs by {contest.lead()}"
        for contest in contests
        if contest.lost(folder.settings.learn.margin)
    ]
    current = _serving(folder)
    if current is not None:
        refused += _hardly_tried(contests)
        refused += _worse_than(current, version, contests, folder.settings.learn.margin)
    if not refused:
        folder.versions.promote(version.number)
    return Learnt(version, tuple(contests), tuple(refused), card_of(version.path), clicks=clicks_of(version.path))


def _serving(folder: ShopFolder) -> VersionInfo | None:
    """The serving version; None where there is none, or none that can be read: then anything is better."""
    try:
        return folder.versions.current()
    except StoreError as error:
        log.warning("serving=unreadable error=%s", error)
        return None


def _hardly_tried(contests: Sequence[Contest]) -> list[str]:
    """Why these contests cannot unseat a version that serves."""
    least = min((len(contest.ours) for contest in contests), default=0)
    if least >= MIN_TRIED:
        return []
    return [f"tried on {least} shoppers or queries of the held-out days; replacing a version takes {MIN_TRIED}"]


def _worse_than(current: VersionInfo, version: VersionInfo, contests: Sequence[Contest], margin: float) -> list[str]:
    """The contests that the serving version won, where both were tried on the same data; else nothing is known."""
    if current.manifest["data_hash"] != version.manifest["data_hash"] or not (current.path / TRIAL_FILE).is_file():
        return []
    with np.load(current.path / TRIAL_FILE, allow_pickle=False) as before:
        found = []
        for contest in contests:
            key = contest.key()
            if key not in before or len(before[key]) != len(contest.ours):
                continue
            lead = paired_bootstrap(contest.ours, before[key])
            if lead.high < -margin:
                found.append(f"{contest.title}: version {current.name} is better, {contest.metric} differs by {lead}")
        return found
