"""The first buyers of new products, met one after another by a source that has learnt already."""

from functools import partial

import numpy as np

from shopkeeper.observed import Observed
from shopkeeper.ports import Meets, Source
from shopkeeper.profile.profiles import Profiles
from shopkeeper.types import IntArray, Interactions, RowArray


def first_of_each(rows: RowArray, lines: IntArray, events: int) -> IntArray:
    """Of each product the first so many of its `lines`, int64 (k,) in their order; `rows` int32 (m,) of all lines."""
    order = lines[np.argsort(rows[lines], kind="stable")]
    place = np.arange(len(order)) - np.searchsorted(rows[order], rows[order])
    return np.sort(order[place < events])


def meet(source: Source, profiles: Profiles, log: Interactions, lines: IntArray) -> None:
    """The source meets those who buy in these lines, in order of time, each with what `profiles` knows of before."""
    assert isinstance(source, Meets)
    for line in lines[np.argsort(log.days[lines], kind="stable")].tolist():
        user, row, day = int(log.users[line]), int(log.rows[line]), float(log.days[line])
        event = Observed(int(log.actions[line]), day, user, row, "")
        source.meet(event, partial(profiles.portrait, user, "", day))
