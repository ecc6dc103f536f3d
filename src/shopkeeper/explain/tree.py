"""The parts that a ranker reports, as trees that add up."""

from collections.abc import Mapping, Sequence

from shopkeeper.types import Explanation, FloatArray


def trees(names: Sequence[str], parts: FloatArray) -> list[Explanation]:
    """One tree a row of parts float32 (m, len(names)); the root's value is the row's sum, children by size, no zeros.

    A part named `group.name` stands under a node `group`, whose value is the sum of its own parts.
    """
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        groups.setdefault(name.partition(".")[0], []).append(place)
    return [_tree(groups, names, row) for row in parts.tolist()]


def _tree(groups: Mapping[str, Sequence[int]], names: Sequence[str], row: Sequence[float]) -> Explanation:
    nodes = [_node(group, own, names, row) for group, own in groups.items() if any(row[place] for place in own)]
    return _sum("score", nodes)


def _node(group: str, own: Sequence[int], names: Sequence[str], row: Sequence[float]) -> Explanation:
    if names[own[0]] == group:
        return Explanation(group, row[own[0]])
    leaves = [Explanation(names[place].partition(".")[2], row[place]) for place in own if row[place]]
    return _sum(group, leaves)


def _sum(name: str, nodes: list[Explanation]) -> Explanation:
    nodes.sort(key=lambda node: -abs(node.value))
    return Explanation(name, sum(node.value for node in nodes), tuple(nodes))
