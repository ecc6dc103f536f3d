"""What a shop could do without learning anything: the lists that a version has to beat.

Each answers with the k best rows of every shopper asked about, as recall_at and ndcg_at take them.
"""

import numpy as np

from shopkeeper.types import PURCHASE, FloatArray, IntArray, Interactions, RowArray


def popularity(log: Interactions, day: float, n_users: int, k: int = 10, window_days: float = 28.0) -> IntArray:
    """int64 (n_users, k): the rows in most baskets of the last `window_days`, the same for everybody; -1 pads."""
    lines = np.flatnonzero((log.actions == PURCHASE) & (log.days < day) & (log.days >= day - window_days))
    pairs = np.unique(np.stack([log.baskets[lines], log.rows[lines]]), axis=1)
    rows, counts = np.unique(pairs[1], return_counts=True)
    best = np.full(k, -1, np.int64)
    top = rows[np.lexsort((rows, -counts))][:k]
    best[: len(top)] = top
    return np.tile(best, (n_users, 1))


def personal_frequency(
    log: Interactions,
    day: float,
    users: RowArray,
    k: int = 10,
    weekly_decay: float = 0.9,
    window_days: float = 28.0,
) -> IntArray:
    """int64 (len(users), k): what each shopper bought most often, a purchase worth decay^weeks ago; -1 pads.

    A product counts once a basket. Shoppers with fewer than k products are filled up with what was popular in the
    last `window_days`.
    """
    lines = np.flatnonzero((log.actions == PURCHASE) & (log.days < day))
    _, first = np.unique(np.stack([log.baskets[lines], log.rows[lines]]), axis=1, return_index=True)
    lines = lines[first]
    weights = weekly_decay ** np.floor((day - log.days[lines]) / 7.0)
    width = int(log.rows.max(initial=0)) + 1
    keys, which = np.unique(log.users[lines].astype(np.int64) * width + log.rows[lines], return_inverse=True)
    totals = np.bincount(which, weights, len(keys)).astype(np.float32)
    own = _best(keys // width, keys % width, totals, users, k)
    return _filled(own, popularity(log, day, 1, 2 * k, window_days)[0])


def _best(owners: IntArray, rows: IntArray, totals: FloatArray, users: RowArray, k: int) -> IntArray:
    """int64 (len(users), k): the k largest totals of each user, ties by row."""
    order = np.lexsort((rows, -totals, owners))
    owners, rows = owners[order], rows[order]
    place = np.arange(len(owners)) - np.searchsorted(owners, owners)
    table = np.full((len(users), k), -1, np.int64)
    slot = np.searchsorted(users, owners)
    slot_ok = slot < len(users)
    asked = slot_ok & (place < k)
    asked[slot_ok] &= users[slot[slot_ok]] == owners[slot_ok]
    table[slot[asked], place[asked]] = rows[asked]
    return table


def _filled(own: IntArray, popular: IntArray) -> IntArray:
    """Each short list filled up with popular rows that it does not hold yet."""
    for at in np.flatnonzero((own < 0).any(axis=1)):
        kept = own[at][own[at] >= 0]
        more = popular[~np.isin(popular, kept)]
        whole = np.concatenate([kept, more])[: own.shape[1]]
        own[at, : len(whole)] = whole
    return own
