"""Exposures joined with what shoppers then did about them: the examples that learning from pages reads."""

from collections.abc import Iterable, Mapping

import numpy as np

from shopkeeper.exposure import Exposure
from shopkeeper.types import Action, Event, FloatArray

GRADES: Mapping[Action, float] = {"purchase": 3.0, "add_to_cart": 2.0, "click": 1.0, "dismiss": -1.0}
"""What an action says about the product it followed; the strongest counts, a dismissal only where nothing else came."""


def outcomes(exposure: Exposure, events: Iterable[Event]) -> FloatArray:
    """float32 (k,), the grade of each shown product: 3 purchase, 2 cart, 1 click, -1 dismissed, 0 nothing.

    Only events that name the exposure's request_id count, so that no later page's success is credited to this one.
    """
    place = {product_id: at for at, product_id in enumerate(exposure.product_ids)}
    grades = np.zeros(len(place), np.float32)
    for event in events:
        at = place.get(event.product_id) if event.request_id == exposure.request_id else None
        if at is None:
            continue
        grade = GRADES.get(event.action, 0.0)
        if grade > grades[at] or (grade < 0 and not grades[at]):
            grades[at] = grade
    return grades
