"""Moments at which some products had only just come: a ranker that is taught on them knows how far few events reach."""

from dataclasses import replace

import numpy as np

from shopkeeper.rank.labels import Labels
from shopkeeper.store.snapshot import interactions_table
from shopkeeper.types import BoolArray, Interactions, Snapshot

MOST_EVENTS = 5
"""A product that has just come has one to so many events here,"""
NONE = 0.75
"""or, in so many of all cases, none: of those it takes a ranker most to learn anything."""


def drawn(snapshot: Snapshot, share: float) -> BoolArray:
    """bool (n,): this share of the products that anybody came to, the same at every call."""
    known = np.unique(snapshot.log.rows)
    young = np.zeros(len(snapshot.catalog), bool)
    draw = np.random.default_rng((snapshot.seed, max(int(snapshot.day), 0)))
    young[draw.choice(known, round(share * len(known)), replace=False)] = True
    return young


def thinned(snapshot: Snapshot, young: BoolArray) -> Snapshot:
    """The same moment as it would be had the `young` products bool (n,) only just come: but their last events are gone.

    Each counts as created on the day of the first event that is left, or at the moment itself. Sources, features and
    portraits that learn from this know no more of them than of what came yesterday.
    """
    log = snapshot.log
    draw = np.random.default_rng((snapshot.seed, 1))
    left = np.where(draw.random(len(young)) < NONE, 0, draw.integers(1, MOST_EVENTS + 1, len(young)))
    lines = np.flatnonzero(young[log.rows])
    lines = lines[np.lexsort((draw.random(len(lines)), -log.days[lines], log.rows[lines]))]
    rows = log.rows[lines]
    stays = lines[np.arange(len(lines)) - np.searchsorted(rows, rows) < left[rows]]
    kept = ~young[log.rows]
    kept[stays] = True
    created = np.where(young, snapshot.day, snapshot.catalog.created)
    np.minimum.at(created, log.rows[stays], log.days[stays])
    fewer = log.where(kept)
    catalog = replace(snapshot.catalog, created=created)
    return replace(snapshot, catalog=catalog, log=fewer, interactions=interactions_table(fewer))


def first_wanted(labels: Labels, log: Interactions, young: BoolArray) -> Labels:
    """The labels without young products that their shopper came to in this log: nobody comes back to what is new."""
    width = len(young)
    came = np.unique(log.users[young[log.rows]].astype(np.int64) * width + log.rows[young[log.rows]])
    users = np.repeat(labels.users, np.diff(labels.offsets)).astype(np.int64)
    kept = ~np.isin(users * width + labels.rows, came)
    offsets = np.concatenate(([0], np.cumsum(kept)))[labels.offsets].astype(np.int64)
    return Labels(labels.users, offsets, labels.rows[kept], labels.grades[kept])
