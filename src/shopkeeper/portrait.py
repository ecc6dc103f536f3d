"""What is known of a shopper, and what a shopper says of the own taste."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopkeeper.tastes import Answer

Rows = NDArray[np.int32]
Days = NDArray[np.float64]
Codes = NDArray[np.int8]
Numbers = NDArray[np.float32]
Trait = Literal["category", "brand"]

MOST_DEMOGRAPHICS, LONGEST_NAME, LONGEST_VALUE = 32, 64, 400
"""So much a shop may know of a shopper beside what was done: how many things, and characters of each."""


def bounded(demographics: Mapping[str, str]) -> bool:
    """Whether that is no more than a shop may know of a shopper."""
    named = all(0 < len(name) <= LONGEST_NAME and len(value) <= LONGEST_VALUE for name, value in demographics.items())
    return named and len(demographics) <= MOST_DEMOGRAPHICS


class Refused(NamedTuple):
    """A trait that is not the shopper's, as the shopper says: a category or a brand by name."""

    trait: Trait
    name: str


class Said(NamedTuple):
    """One thing that a shopper said: an answer of the interview, or a trait `refused`; `again`: taken back."""

    user: int
    session: str
    answer: Answer | None = None
    refused: Refused | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Portrait:
    """What is known of a shopper at the moment of asking, oldest first.

    rows, baskets int32 (h,); days float64 (h,); actions int8 (h,); quantities float32 (h,); the session's own events
    again, oldest first: session_rows int32 (s,), session_actions int8 (s,), session_days float64 (s,). `answers` are
    those of the interview, `refused` the traits that the shopper took out."""

    rows: Rows
    days: Days
    actions: Codes
    quantities: Numbers
    baskets: Rows
    session_rows: Rows
    session_actions: Codes
    session_days: Days
    answers: tuple[Answer, ...] = ()
    refused: frozenset[Refused] = frozenset()


_NO_ROWS = np.empty(0, np.int32)
_NO_DAYS, _NO_CODES, _NO_NUMBERS = np.empty(0, np.float64), np.empty(0, np.int8), np.empty(0, np.float32)
NO_PORTRAIT = Portrait(_NO_ROWS, _NO_DAYS, _NO_CODES, _NO_NUMBERS, _NO_ROWS, _NO_ROWS, _NO_CODES, _NO_DAYS)
"""The portrait of somebody nothing is known of."""
