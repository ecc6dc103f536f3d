"""What the order of a page is for: one weight for each thing that a shop may want of it."""

from collections.abc import Mapping
from typing import Self
from weakref import WeakKeyDictionary

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from shopkeeper.attributes import Attributes
from shopkeeper.types import Action, Catalog, DayArray

LOW, HIGH = 5.0, 95.0
"""Percentiles of all margins that count as none and as whole: one mistyped margin must not outweigh a catalogue."""


class Objectives(BaseModel):
    """What a page is ordered for. Clicks, carts and purchases are taught at the next `learn`, margin counts at once."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    click: float = Field(1.0, ge=0, le=10, description="What a click teaches: 2^weight - 1 of gain; 0 teaches nothing.")
    cart: float = Field(2.0, ge=0, le=10, description="What an addition to the cart teaches.")
    purchase: float = Field(3.0, ge=0, le=10, description="What a purchase teaches.")
    margin: float = Field(
        0.0,
        ge=0,
        le=1,
        description="How far a page leans towards margin: so much of the way from the twentieth to the best product.",
    )
    margin_from: str = Field(
        "margin", min_length=1, description="The product attribute that says the margin, as money or as a share."
    )

    @model_validator(mode="after")
    def _teaches(self) -> Self:
        if not (self.click or self.cart or self.purchase):
            raise ValueError("click, cart and purchase are all 0: a page would be ordered for nothing")
        return self

    def worth(self) -> Mapping[Action, float]:
        """What each action that counts teaches."""
        own: Mapping[Action, float] = {"click": self.click, "add_to_cart": self.cart, "purchase": self.purchase}
        return {action: weight for action, weight in own.items() if weight > 0}


_KEPT: "WeakKeyDictionary[Attributes, dict[tuple[str, int], DayArray | None]]" = WeakKeyDictionary()


def margins(catalog: Catalog, attribute: str) -> DayArray | None:
    """float64 (n_products,) from 0 to 1: where each margin lies between the lowest and the highest usual ones.

    A product that says none counts as the middle one. None where no product says any, or says other things than
    numbers of one kind. Do not write into it: it is kept until the catalogue's attributes change.
    """
    held, key = _KEPT.setdefault(catalog.attributes, {}), (attribute, len(catalog))
    if key not in held:
        held[key] = _scaled(catalog, attribute)
    return held[key]


def said_by(catalog: Catalog, attribute: str) -> int:
    """How many products say a margin that is a number."""
    at = catalog.attributes.place(attribute)
    measure = None if at is None else catalog.attributes.measure(at)
    if at is None or measure is None:
        return 0
    rows, codes = catalog.attributes.entries(at)
    return int((~np.isnan(measure.worths[codes]) & ~catalog.deleted[rows]).sum())


def _scaled(catalog: Catalog, attribute: str) -> DayArray | None:
    at = catalog.attributes.place(attribute)
    measure = None if at is None else catalog.attributes.measure(at)
    if at is None or measure is None:
        return None
    rows, codes = catalog.attributes.entries(at)
    said = np.full(len(catalog), np.nan)
    said[rows] = measure.worths[codes]
    low, middle, high = np.nanpercentile(said, [LOW, 50.0, HIGH])
    said[np.isnan(said)] = middle
    return np.asarray(np.clip((said - low) / max(float(high - low), 1e-12), 0.0, 1.0), np.float64)
