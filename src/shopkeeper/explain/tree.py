"""The parts that a ranker reports, as trees that add up."""

from collections.abc import Collection, Sequence
from functools import lru_cache
from operator import attrgetter

from shopkeeper.portrait import Portrait
from shopkeeper.types import Explanation, FloatArray

Leaves = tuple[tuple[str, int], ...]
"""The parts of one group: each one's name inside the group, empty where it is the group itself, and its column."""

UNKNOWN = "unknown"
"""The part that holds what a ranker says of somebody it knows nothing of."""
OF_HISTORY = frozenset({"repeat", "counts", "recency", "interval", "affinity", "price", "shopper"})
OF_VISIT = frozenset({"closeness", "interest", "session"})
"""Parts that speak of what a shopper did before, and of what somebody just did."""


def trees(names: Sequence[str], parts: FloatArray) -> list[Explanation]:
    """One tree a row of parts float32 (m, len(names)); the root's value is the row's sum, children by size, no zeros.

    A part named `group.name` stands under a node `group`, whose value is the sum of its own parts.
    """
    groups = _groups(tuple(names))
    return [
        _sum("score", [node for group, leaves in groups if (node := _node(group, leaves, row))])
        for row in parts.tolist()
    ]


def unheard_of(portrait: Portrait) -> frozenset[str]:
    """The parts that would speak of what was never done: nobody's habits are not a reason."""
    if len(portrait.rows):
        return frozenset()
    return OF_HISTORY if len(portrait.session_rows) else OF_HISTORY | OF_VISIT


def folded(tree: Explanation, parts: Collection[str]) -> Explanation:
    """The same tree with these parts as one, UNKNOWN; the root's value stays the sum."""
    gone = [child.value for child in tree.children if child.name in parts]
    if not gone:
        return tree
    kept = [child for child in tree.children if child.name not in parts]
    return _sum(tree.name, [*kept, Explanation(UNKNOWN, sum(gone))])


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
