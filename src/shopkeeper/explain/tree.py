"""The parts that a ranker reports, as trees that add up."""

from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter

from shopkeeper.types import Explanation, FloatArray

Leaves = tuple[tuple[str, int], ...]
"""The parts of one group: each one's name inside the group, empty where it is the group itself, and its column."""


def trees(names: Sequence[str], parts: FloatArray) -> list[Explanation]:
    """One tree a row of parts float32 (m, len(names)); the root's value is the row's sum, children by size, no zeros.

    A part named `group.name` stands under a node `group`, whose value is the sum of its own parts.
    """
    groups = _groups(tuple(names))
    return [
        _sum("score", [node for group, leaves in groups if (node := _node(group, leaves, row))])
        for row in parts.tolist()
    ]


@lru_cache(maxsize=64)
def _groups(names: tuple[str, ...]) -> tuple[tuple[str, Leaves], ...]:
    """Each group with its parts, in order of appearance; made once for the parts of a ranker."""
    groups: dict[str, list[tuple[str, int]]] = {}
    for place, name in enumerate(names):
        group, _, own = name.partition(".")
        groups.setdefault(group, []).append((own, place))
    return tuple((group, tuple(leaves)) for group, leaves in groups.items())


def _node(group: str, leaves: Leaves, row: Sequence[float]) -> Explanation | None:
    """The group's node, None where all its parts are zero."""
    own, place = leaves[0]
    if not own:
        return Explanation(group, row[place]) if row[place] else None
    nodes = [Explanation(name, row[place]) for name, place in leaves if row[place]]
    return _sum(group, nodes) if nodes else None


_value = attrgetter("value")


def _sum(name: str, nodes: list[Explanation]) -> Explanation:
    nodes.sort(key=lambda node: -abs(node.value))
    return Explanation(name, sum(map(_value, nodes)), tuple(nodes))
