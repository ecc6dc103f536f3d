"""What shoppers did, after the edge: rows in place of ids, days in place of moments."""

from typing import NamedTuple

SECONDS_A_DAY = 86_400.0
SESSION_DAYS = 1.0
"""A session nobody touched for this long is over."""


class Observed(NamedTuple):
    """An event after the edge: rows in place of ids. `row` is -1 when the event names no product."""

    action: int
    day: float
    user: int
    row: int
    session: str
    quantity: float = 1.0


class Choice(NamedTuple):
    """A click, cart or purchase (`action`, a code) of the product in `row` after a search for `query`, in normal form.

    `user` is -1 for nobody in particular. It counts `weight` times: more in a place that is seldom looked at.
    """

    query: str
    action: int
    day: float
    user: int
    row: int
    session: str
    weight: float = 1.0


class Search(NamedTuple):
    """A search of a visit for `query`, in normal form; `chose`: something was chosen after it. `user`: see Choice."""

    query: str
    visit: str
    user: int
    day: float
    chose: bool
