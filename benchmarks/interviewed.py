"""Simulated interviews: shoppers who answer by what they chose, and the ways to choose what they are asked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from shopkeeper.recall.tastes_learning import ANSWER_DECAY, Lesson, answers, latest_lines
from shopkeeper.tastes import CHOICES, NOISE
from shopkeeper.types import CodeArray, FloatArray, IntArray, Interactions, RowArray

CHUNK = 256
FEWEST_IN_LEAF = 20
Draw = np.random.Generator
Policy = Callable[["Interviewed", FloatArray, IntArray, Draw], IntArray]


@dataclass(frozen=True)
class Interviewed:
    """Shoppers with the answer that each would give to each question, int8 (b, q)."""

    lesson: Lesson
    given: CodeArray

    @classmethod
    def of(cls, lesson: Lesson, log: Interactions, users: RowArray) -> "Interviewed":
        """What these shoppers would answer by their lines in the log."""
        lines = latest_lines(log.where(np.isin(log.users, users)))
        interests = lines.interests(ANSWER_DECAY).tocoo()
        place = np.full(int(max(lines.known.max(), lesson.known.max())) + 1, -1)
        place[lesson.known] = np.arange(len(lesson.known))
        at = place[lines.known[interests.col]]
        known = at >= 0
        shape = len(users), len(lesson.known)
        own = csr_array((interests.data[known], (interests.row[known], at[known])), shape=shape)
        return cls(lesson, answers((own @ lesson.groups).toarray(), lesson.tastes.pairs))

    def beliefs(self, policy: Policy, n: int, draw: Draw) -> Iterator[FloatArray]:
        """The posterior after 0, 1, ... n noisy answers, float32 (b, t)."""
        tastes = self.lesson.tastes
        beliefs = np.tile(tastes.prior, (len(self.given), 1))
        asked = np.full((len(self.given), n), -1)
        yield beliefs
        for step in range(n):
            at = policy(self, beliefs, asked[:, :step], draw)
            asked[:, step] = at
            choice = self.answered(at, draw)
            beliefs = beliefs * tastes.likelihood[at, :, choice]
            beliefs /= beliefs.sum(axis=1, keepdims=True)
            yield beliefs

    def answered(self, at: IntArray, draw: Draw) -> IntArray:
        """What each says to question at[i]; one in ten says something else."""
        true = self.given[np.arange(len(at)), at].astype(np.int64)
        wrong = draw.random(len(at)) < NOISE
        return np.where(wrong, (true + draw.integers(1, len(CHOICES), len(at))) % len(CHOICES), true)


def by_information(here: Interviewed, beliefs: FloatArray, asked: IntArray, draw: Draw) -> IntArray:
    """The question that is expected to tell most."""
    found = []
    for first in range(0, len(beliefs), CHUNK):
        gains = here.lesson.tastes.gains(beliefs[first : first + CHUNK])
        if asked.shape[1]:
            np.put_along_axis(gains, asked[first : first + CHUNK], -1.0, axis=1)
        found.append(gains.argmax(axis=1))
    return np.concatenate(found)


def randomly(here: Interviewed, beliefs: FloatArray, asked: IntArray, draw: Draw) -> IntArray:
    """Any question."""
    return draw.integers(here.given.shape[1], size=len(beliefs))


def by_order(order: IntArray) -> Policy:
    """The same questions for everybody, one after another."""
    return lambda here, beliefs, asked, draw: np.full(len(beliefs), order[asked.shape[1]])


def most_bought(lesson: Lesson, log: Interactions) -> IntArray:
    """The questions by how often the products that their cards show were bought, int64 (q,)."""
    counts = np.append(np.bincount(log.rows), 0)
    shown = counts[lesson.tastes.cards].sum(axis=1)
    return np.argsort(-shown[lesson.tastes.pairs].min(axis=1), kind="stable")


class Tree:
    """A decision tree over the questions: each node splits its shoppers by the answer that tells most of their taste.

    As in Golbandi, Koren, Lempel, "Adaptive bootstrapping of recommender systems using decision trees", WSDM 2011, with
    information in place of squared error; a leaf's page is what its shoppers took, held towards that of the node above.
    """

    def __init__(self, lesson: Lesson, train: Interviewed, log: Interactions, depth: int) -> None:
        users = np.unique(log.users)
        n = int(max(log.rows.max(), lesson.known.max())) + 1
        place = np.searchsorted(users, log.users)
        self._taken = csr_array((np.ones(len(place), np.float32), (place, log.rows)), shape=(len(users), n))
        self._tastes = (_posteriors(lesson, train) + 0.0).astype(np.float32)
        self.given, self.depth, self.n = train.given, depth, n
        self.question, self.children, self.page = [-1], [[-1] * len(CHOICES)], [self._page(np.arange(len(users)), None)]
        self._grow(0, np.arange(len(users)), depth)

    def _grow(self, node: int, inside: IntArray, left: int) -> None:
        if not left or len(inside) < 2 * FEWEST_IN_LEAF:
            return
        at = self._best(inside)
        self.question[node] = at
        for choice in range(len(CHOICES)):
            own = inside[self.given[inside, at] == choice]
            if len(own) < FEWEST_IN_LEAF:
                continue
            child = len(self.question)
            self.children[node][choice] = child
            self.question.append(-1)
            self.children.append([-1] * len(CHOICES))
            self.page.append(self._page(own, self.page[node]))
            self._grow(child, own, left - 1)

    def _best(self, inside: IntArray) -> int:
        """The question whose answers part the shoppers' tastes most."""
        tastes = self._tastes[inside]
        left = np.zeros(self.given.shape[1])
        for choice in range(len(CHOICES)):
            chose = (self.given[inside] == choice).astype(np.float32)
            counts = chose.T @ tastes
            total = counts.sum(axis=1, keepdims=True) + 1e-9
            left += -(counts * np.log(counts / total + 1e-12)).sum(axis=1)
        return int(left.argmin())

    def _page(self, inside: IntArray, above: FloatArray | None) -> FloatArray:
        taken = np.asarray(self._taken[inside].sum(axis=0)).ravel()
        return taken if above is None else taken + 10.0 * above / above.sum()

    def pages(self, nodes: IntArray) -> FloatArray:
        """float32 (b, n)."""
        return np.stack([self.page[at] for at in nodes.tolist()])


def by_tree(tree: Tree, here: Interviewed, draw: Draw) -> Iterator[IntArray]:
    """The node that each has come to after 0, 1, ... answers, int64 (b,)."""
    nodes = np.zeros(len(here.given), np.int64)
    yield nodes
    question, children = np.array(tree.question), np.array(tree.children)
    for _ in range(tree.depth):
        at = question[nodes]
        choice = here.answered(np.maximum(at, 0), draw)
        child = children[nodes, choice]
        nodes = np.where((at >= 0) & (child >= 0), child, nodes)
        yield nodes


def _posteriors(lesson: Lesson, train: Interviewed) -> FloatArray:
    """The taste that each training shopper's answers to all questions speak for, one hot, float32 (b, t)."""
    tastes = lesson.tastes
    logs = np.log(tastes.likelihood)
    total = np.tile(np.log(tastes.prior), (len(train.given), 1))
    for choice in range(len(CHOICES)):
        total += (train.given == choice).astype(np.float32) @ logs[:, :, choice]
    return np.asarray(np.eye(total.shape[1], dtype=np.float32)[total.argmax(axis=1)])
