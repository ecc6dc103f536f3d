"""What shoppers did after a moment: the truth a ranker learns from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.types import Action, FloatArray, IntArray, RowArray

if TYPE_CHECKING:
    import ibis


@dataclass(frozen=True, slots=True)
class Labels:
    """users int32 (b,), ascending; shopper i wanted rows[offsets[i]:offsets[i + 1]], unique, with grades float32."""

    users: RowArray
    offsets: IntArray
    rows: RowArray
    grades: FloatArray


def labels_between(
    interactions: "ibis.Table",
    start: float,
    end: float,
    *,
    first_basket: bool = True,
    worth: Mapping[Action, float] | None = None,
) -> Labels:
    """What each shopper bought (3), put into the cart (2) or clicked (1) in start <= day < end; the best grade counts.

    `worth` says other grades of the actions that count. With `first_basket` only the first basket with such an action
    of each shopper counts: the very next visit.
    """
    from shopkeeper.store import offline  # with it comes Ibis, half a second that only learning needs

    grades = offline.GRADES if worth is None else worth
    wanted = offline.labels(interactions, start, end, first_basket=first_basket, worth=grades)
    found = wanted.order_by("user", "row").to_pyarrow()
    users, counts = np.unique(found["user"].to_numpy(), return_counts=True)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    return Labels(
        users.astype(np.int32), offsets, found["row"].to_numpy(), found["label"].to_numpy().astype(np.float32)
    )
