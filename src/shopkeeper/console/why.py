"""The reasons of a place on a page, as bars that add up to the score."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from shopkeeper.types import Explanation

MOST_STEPS = 9


@dataclass(frozen=True, slots=True)
class Bars:
    """All parts of a score: where zero lies, the bar of the score itself, and how many digits make the sum visible."""

    steps: tuple["Step", ...]
    zero: float
    score: "Step"
    digits: int


@dataclass(frozen=True, slots=True)
class Step:
    """One part: what it adds, the sum so far, and its bar from `left`, `width` wide, in hundredths of the whole."""

    name: str
    value: float
    running: float
    left: float
    width: float
    children: tuple["Step", ...] = ()
    note: str = ""


def waterfall(tree: Explanation) -> Bars:
    """The tree's parts, each bar starting where the one before ended; the last `running` is the tree's value.

    Where there are many, the smallest parts stand together as `rest`.
    """
    parts = sorted(tree.children, key=lambda part: not part.note) or [tree]  # what the shop did itself is never folded
    if len(parts) > MOST_STEPS:
        small = parts[MOST_STEPS - 1 :]
        rest = Explanation("rest", sum(part.value for part in small), tuple(small))
        parts = [*parts[: MOST_STEPS - 1], rest]
    sums = _sums(parts)
    low, high = min(sums), max(sums)
    scale = 100.0 / (high - low) if high > low else 0.0
    steps = tuple(_step(part, end - part.value, low, scale) for part, end in zip(parts, sums[1:], strict=True))
    score = _step(Explanation("score", sums[-1]), 0.0, low, scale)
    return Bars(steps, -low * scale, score, 3 if abs(tree.value) >= 0.1 else 5)


def _sums(parts: Sequence[Explanation]) -> list[float]:
    return [0.0, *accumulate(part.value for part in parts)]


def _step(part: Explanation, start: float, low: float, scale: float) -> Step:
    end = start + part.value
    left, right = sorted(((start - low) * scale, (end - low) * scale))
    children = tuple(Step(child.name, child.value, child.value, 0.0, 0.0) for child in part.children)
    return Step(part.name, part.value, end, left, max(right - left, 0.6), children, part.note)
