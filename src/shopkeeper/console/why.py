"""The reasons of a place on a page, as bars that add up to the score."""

from collections.abc import Sequence
from dataclasses import dataclass

from shopkeeper.types import Explanation

MOST_STEPS = 9


@dataclass(frozen=True, slots=True)
class Step:
    """One part: what it adds, the sum so far, and its bar from `left`, `width` wide, in hundredths of the whole."""

    name: str
    value: float
    running: float
    left: float
    width: float
    children: tuple["Step", ...] = ()


def waterfall(tree: Explanation) -> list[Step]:
    """The tree's parts, each bar starting where the one before ended; the last `running` is the tree's value.

    Where there are many, the smallest parts stand together as `rest`.
    """
    parts = list(tree.children) or [tree]
    if len(parts) > MOST_STEPS:
        small = parts[MOST_STEPS - 1 :]
        rest = Explanation("rest", sum(part.value for part in small), tuple(small))
        parts = [*parts[: MOST_STEPS - 1], rest]
    return _steps(parts, nested=True)


def _steps(parts: Sequence[Explanation], nested: bool) -> list[Step]:
    sums = [0.0]
    for part in parts:
        sums.append(sums[-1] + part.value)
    low, high = min(sums), max(sums)
    scale = 100.0 / (high - low) if high > low else 0.0
    steps = []
    for part, start, end in zip(parts, sums, sums[1:], strict=False):
        left, right = sorted(((start - low) * scale, (end - low) * scale))
        children = tuple(_steps(part.children, nested=False)) if nested else ()
        steps.append(Step(part.name, part.value, end, left, max(right - left, 0.6), children))
    return steps
