"""Exposures joined with what shoppers then did about them: the examples that learning from pages reads."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from shopkeeper.exposure import Exposure
from shopkeeper.types import Action, Event, FloatArray

GRADES: Mapping[Action, float] = {"purchase": 3.0, "add_to_cart": 2.0, "click": 1.0, "dismiss": -1.0}
"""What an action says about the product it followed; the strongest counts, a dismissal only where nothing else came."""


def by_page(events: Iterable[Event]) -> dict[str, list[Event]]:
    """The events of each page that they name, of events in order of time.

    A refund that names none is of the page that the shopper's latest purchase of the product names.
    """
    found: dict[str, list[Event]] = defaultdict(list)
    bought: dict[tuple[str, str], str] = {}
    for event in events:
        page, thing = event.request_id, (event.user_id or event.session_id, event.product_id)
        if event.action == "purchase":
            bought[thing] = page
        elif event.action == "refund" and not page:
            page = bought.get(thing, "")
        if page:
            found[page].append(event)
    return found


def outcomes(exposure: Exposure, events: Iterable[Event]) -> FloatArray:
    """float32 (k,), the grade of each shown product: 3 purchase, 2 cart, 1 click, -1 dismissed, 0 nothing.

    Only events of the exposure's page count (see `by_page`), so that no later page's success is credited to this one.
    A purchase that was refunded in whole counts as a click: it was chosen, and not kept.
    """
    place = {product_id: at for at, product_id in enumerate(exposure.product_ids)}
    grades, kept = np.zeros(len(place), np.float32), np.zeros(len(place))
    refunded = np.zeros(len(place), bool)
    for event in events:
        at = place.get(event.product_id) if event.request_id in (exposure.request_id, "") else None
        if at is None:
            continue
        kept[at] += event.quantity * ((event.action == "purchase") - (event.action == "refund"))
        refunded[at] |= event.action == "refund"
        grade = GRADES.get(event.action, 0.0)
        if grade > grades[at] or (grade < 0 and not grades[at]):
            grades[at] = grade
    grades[refunded & (kept <= 0) & (grades == GRADES["purchase"])] = GRADES["click"]
    return grades
