"""What understanding made of a query's words: the trace of an intent."""

from typing import NamedTuple


class Change(NamedTuple):
    """What was typed, what it was taken for, and which part of understanding did it."""

    by: str
    said: str
    meant: str


class Alternative(NamedTuple):
    """Words that may stand for others of the query, and what a match of them counts beside a match of those."""

    said: tuple[str, ...]
    meant: tuple[str, ...]
    weight: float
