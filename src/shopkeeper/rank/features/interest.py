"""What the shopper looked at, clicked or put into the cart without it being a purchase yet."""

import numpy as np
from pydantic import Field

from shopkeeper.rank.pairs import pairs, side_by_side
from shopkeeper.settings import PluginSettings
from shopkeeper.types import ACTION_CODES, Batch, Candidates, FloatArray, Snapshot

_STEPS = ("view", "click", "add_to_cart")
_AGAINST = ("remove_from_cart", "refund", "dismiss")
_TURNED_DOWN = np.isin(np.arange(max(ACTION_CODES.values()) + 1), [ACTION_CODES[step] for step in _AGAINST])
"""Whether an action's code is one of those."""


_NOTHING = np.array([0.0, 0.0, 0.0, np.nan, 0.0], np.float32)
"""The columns of a product that the shopper did nothing with."""


class Interest:
    """Faded counts of views, clicks and carts, days since the last of them, and how often it was turned down."""

    class Settings(PluginSettings):
        half_life_days: float = Field(7.0, gt=0, description="How fast a look fades.")

    names = (*_STEPS, "days_since", "against")

    def __init__(self, settings: Settings) -> None:
        self._half_life = settings.half_life_days

    def fit(self, snapshot: Snapshot) -> None:
        """Nothing to learn: all is in the portrait."""

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        shared = pairs(batch, candidates)
        lines, actions = shared.interest
        if not len(lines):
            return np.tile(_NOTHING, (len(shared.rows), 1))
        groups = shared.by_row(lines)
        weight = np.exp2(-lines.age / self._half_life)
        columns = [groups.sums(weight * (actions == ACTION_CODES[step])) for step in _STEPS]
        columns.append(groups.last(lines.age))
        columns.append(groups.sums(_TURNED_DOWN[actions]))
        return side_by_side(columns)
