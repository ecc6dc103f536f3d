"""The parts that a ranker reports, as trees that add up."""

from collections.abc import Sequence

from shopkeeper.types import Explanation, FloatArray


def trees(names: Sequence[str], parts: FloatArray) -> list[Explanation]:
    """One tree a row of parts float32 (m, len(names)); the root's value is the row's sum, children by size, no zeros.

    A part named `group.name` stands under a node `group`, whose value is the sum of its own parts.
    """
    return [_tree("score", dict(zip(names, row, strict=True))) for row in parts.tolist()]


def _tree(name: str, parts: dict[str, float]) -> Explanation:
    groups: dict[str, dict[str, float]] = {}
    for part, value in parts.items():
        if value:
            group, _, leaf = part.partition(".")
            groups.setdefault(group, {})[leaf] = value
    children = [_node(group, inner) for group, inner in groups.items()]
    children.sort(key=lambda child: -abs(child.value))
    return Explanation(name, sum(child.value for child in children), tuple(children))


def _node(group: str, inner: dict[str, float]) -> Explanation:
    return Explanation(group, inner[""]) if set(inner) == {""} else _tree(group, inner)
