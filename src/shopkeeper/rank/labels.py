"""What shoppers did after a moment: the truth a ranker learns from."""

from dataclasses import dataclass

import numpy as np

from shopkeeper.types import ACTION_CODES, PURCHASE, FloatArray, IntArray, Interactions, RowArray

GRADES = np.zeros(len(ACTION_CODES), np.float32)
GRADES[[ACTION_CODES["click"], ACTION_CODES["add_to_cart"], PURCHASE]] = (1.0, 2.0, 3.0)


@dataclass(frozen=True, slots=True)
class Labels:
    """users int32 (b,), ascending; shopper i wanted rows[offsets[i]:offsets[i + 1]], unique, with grades float32."""

    users: RowArray
    offsets: IntArray
    rows: RowArray
    grades: FloatArray


def labels_between(log: Interactions, start: float, end: float, *, first_basket: bool = True) -> Labels:
    """What each shopper bought (3), put into the cart (2) or clicked (1) in start <= day < end; the best grade counts.

    With `first_basket` only the first basket with such an action of each shopper counts: the very next visit.
    """
    inside = np.flatnonzero((log.days >= start) & (log.days < end) & (GRADES[log.actions] > 0))
    if first_basket and len(inside):
        users = log.users[inside]
        first = inside[np.insert(users[1:] != users[:-1], 0, True)]
        basket = np.full(log.n_users, -1, np.int64)
        basket[log.users[first]] = log.baskets[first]
        inside = inside[log.baskets[inside] == basket[users]]
    users, rows, grades = log.users[inside], log.rows[inside], GRADES[log.actions[inside]]
    order = np.lexsort((-grades, rows, users))
    users, rows, grades = users[order], rows[order], grades[order]
    keep = np.ones(len(order), bool)
    keep[1:] = (users[1:] != users[:-1]) | (rows[1:] != rows[:-1])
    wanting, counts = np.unique(users[keep], return_counts=True)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    return Labels(wanting.astype(np.int32), offsets, rows[keep], grades[keep])
