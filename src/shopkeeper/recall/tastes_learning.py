"""Tastes from a log: what shoppers were after lately, in groups, and the questions that tell the groups apart."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.recall.latest import LEAN
from shopkeeper.tastes import CHOICES, NOISE, Tastes, noisy
from shopkeeper.types import Catalog, CodeArray, FloatArray, IntArray, Interactions, RowArray, Snapshot

if TYPE_CHECKING:
    from scipy.sparse import csr_array

LEVELS = (3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
"""How many groups the products are parted into, from the coarsest cards to the finest."""
DEPTHS = (1, 2, 3)
"""Of a catalogue with categories, how deep they are read as cards."""
PAIRS = 200
"""Of one level so many pairs at most are questions."""
FEWEST_PER_CARD, FEWEST_PER_TASTE = 3, 8
SHOWN = 3
NOT_LIKED, ALIKE = 0.2, 0.5
ANSWER_DECAY = 0.6
ROUNDS = 15
INTERVIEWED, QUESTIONS = 1000, 5
"""Of so many shoppers the interviews choose which questions are kept."""


@dataclass(frozen=True)
class Sizes:
    """How much is learnt. `decay`: what a basket counts in a taste beside the one after it."""

    tastes: int = 512
    shoppers: int = 20_000
    lines: int = 100
    products: int = 20_000
    dimensions: int = 128
    questions: int = 600
    decay: float = 0.4
    wanted: int = 300
    spread: float = 1.0
    smoothing: float = 2.0


@dataclass(frozen=True)
class Lesson:
    """What was learnt, and which of the products `known` int32 (p,) belong to each card: `groups` (p, g)."""

    tastes: Tastes
    known: RowArray
    groups: "csr_array | None" = None


def learnt(snapshot: Snapshot, sizes: Sizes = Sizes()) -> Lesson:
    """The tastes of a log, by what is for sale; none where it holds too few shoppers or products."""
    for_sale = snapshot.catalog.available & ~snapshot.catalog.deleted
    lines = _lines(snapshot.log.where(for_sale[snapshot.log.rows]), sizes, np.random.default_rng(snapshot.seed))
    if lines.n_products < 2 * FEWEST_PER_CARD or lines.n_shoppers < 2 * FEWEST_PER_TASTE:
        return Lesson(Tastes.none(), lines.known)
    return _Learner(lines, snapshot, sizes).lesson()


@dataclass(frozen=True)
class Lines:
    """The latest lines of some shoppers, oldest first: shoppers and own int (m,), numbered anew; `known` int32 (p,) are
    the rows of the products; ages int (m,) in baskets; leans float32 (m,)."""

    shoppers: IntArray
    own: IntArray
    known: RowArray
    ages: IntArray
    leans: FloatArray

    @property
    def n_shoppers(self) -> int:
        return int(self.shoppers.max(initial=-1)) + 1

    @property
    def n_products(self) -> int:
        return len(self.known)

    def interests(self, decay: float) -> "csr_array":
        """Shoppers x products: each shopper's lines by lean x decay^age, adding up to 1."""
        from scipy.sparse import csr_array

        weights = self.leans * np.float32(decay) ** self.ages
        totals = np.bincount(self.shoppers, weights)
        shape = self.n_shoppers, self.n_products
        return csr_array(((weights / totals[self.shoppers]).astype(np.float32), (self.shoppers, self.own)), shape=shape)


def _lines(log: Interactions, sizes: Sizes, draw: np.random.Generator) -> Lines:
    ends = np.repeat(log.offsets[1:], np.diff(log.offsets))
    kept = (LEAN[log.actions] > 0) & (ends - np.arange(len(log.rows)) <= sizes.lines)
    present = np.unique(log.users[kept])
    if len(present) > sizes.shoppers:
        present = np.sort(draw.choice(present, sizes.shoppers, replace=False))
        kept &= np.isin(log.users, present)
    rows = log.rows[kept]
    counts = np.bincount(rows)
    if np.count_nonzero(counts) > sizes.products:
        kept[kept] = np.isin(rows, np.argsort(-counts, kind="stable")[: sizes.products])
    users, rows, baskets = log.users[kept], log.rows[kept], log.baskets[kept]
    _, shoppers = np.unique(users, return_inverse=True)
    known, own = np.unique(rows, return_inverse=True)
    return Lines(shoppers, own, known.astype(np.int32), _ages(users, baskets), LEAN[log.actions[kept]])


def latest_lines(log: Interactions) -> Lines:
    """All lines of all shoppers."""
    return _lines(
        log, Sizes(shoppers=log.n_users, lines=len(log.rows), products=len(log.rows)), np.random.default_rng(0)
    )


def _ages(users: RowArray, baskets: RowArray) -> IntArray:
    """int64 (m,): how many baskets of the same shopper came after each line's."""
    if not len(users):
        return np.empty(0, np.int64)
    later = np.append((users[1:] == users[:-1]) & (baskets[1:] != baskets[:-1]), False)
    steps = np.cumsum(later[::-1])[::-1]
    last = np.append(users[1:] != users[:-1], True)
    at_end = steps[np.flatnonzero(last)]
    return np.asarray(steps - np.repeat(at_end, np.diff(np.append(-1, np.flatnonzero(last)))), np.int64)


class _Learner:
    def __init__(self, lines: Lines, snapshot: Snapshot, sizes: Sizes) -> None:
        self.lines, self.sizes, self.catalog = lines, sizes, snapshot.catalog
        self.draw = np.random.default_rng(snapshot.seed)
        self.counts = np.bincount(lines.own, minlength=lines.n_products)
        self.beside = _beside(lines, self.counts)
        self.places = _factors(self.beside, sizes.dimensions, snapshot.seed)

    def lesson(self) -> Lesson:
        from scipy.sparse import csr_array

        interests = self.lines.interests(self.sizes.decay)
        n = min(self.sizes.tastes, self.lines.n_shoppers // FEWEST_PER_TASTE)
        taste_of = _grouped(_unit(np.asarray(interests @ self.places)), n, self.draw)
        shape = n, self.lines.n_shoppers
        ones = np.ones(shape[1], np.float32)
        members = csr_array((ones, (taste_of, np.arange(shape[1]))), shape=shape)
        prior = np.asarray(members.sum(axis=1), np.float32) + 1.0
        groups, pairs, names = self._cards()
        liked = (self.lines.interests(ANSWER_DECAY) @ groups).toarray()
        given = answers(liked, pairs)
        likelihood = self._likelihood(members, given)
        asked = _most_asked(prior / prior.sum(), likelihood, given, self.sizes.questions, self.draw)
        pairs, likelihood = pairs[asked], likelihood[asked]
        used, cards = np.unique(pairs, return_inverse=True)
        shown = np.stack([self._typical(groups[:, [at]].toarray().ravel() > 0) for at in used.tolist()])
        rows, shares = self._wanted(np.asarray((members @ interests).toarray()))
        named = tuple(names[at] for at in used.tolist())
        pairs = cards.reshape(-1, 2).astype(np.int32)
        tastes = Tastes(prior / prior.sum(), likelihood, pairs, shown, named, rows, shares)
        return Lesson(tastes, self.lines.known, csr_array(groups[:, used]))

    def _cards(self) -> tuple["csr_array", RowArray, list[str]]:
        """Products x cards, the pairs of cards that are questions, and the cards' names."""
        from scipy.sparse import csr_array, hstack

        partitions = self._partitions()
        tables, pairs, names, first = [], [], [], 0
        for codes in partitions:
            n = int(codes.max()) + 1
            inside = np.flatnonzero(codes >= 0)
            shape = self.lines.n_products, n
            tables.append(csr_array((np.ones(len(inside), np.float32), (inside, codes[inside])), shape=shape))
            one, other = np.triu_indices(n, 1)
            kept = np.sort(self.draw.permutation(len(one))[:PAIRS])
            pairs.append(np.stack([one[kept], other[kept]], axis=1) + first)
            names += [self._name(codes == at) for at in range(n)]
            first += n
        return csr_array(hstack(tables)), np.concatenate(pairs).astype(np.int32), names

    def _partitions(self) -> list[IntArray]:
        """Each product's card at every level, -1 for none."""
        most = self.lines.n_products // FEWEST_PER_CARD
        levels = [_grouped(self.places, n, self.draw) for n in LEVELS if n <= most] or [
            _grouped(self.places, 2, self.draw)
        ]
        return [*(codes for depth in DEPTHS if (codes := self._by_category(depth)) is not None), *levels]

    def _by_category(self, depth: int) -> IntArray | None:
        """The categories of this depth that are not too small; None where there are none to choose between."""
        paths = [self.catalog.category_paths[at] if at >= 0 else () for at in self.catalog.categories[self.lines.known]]
        named = [path[:depth] if len(path) >= depth else () for path in paths]
        held: dict[tuple[str, ...], int] = {}
        for path, n in zip(named, self.counts.tolist(), strict=True):
            held[path] = held.get(path, 0) + n
        held.pop((), None)
        largest = sorted((path for path in held if any(path)), key=lambda path: (-held[path], path))[: LEVELS[-1]]
        code = {path: at for at, path in enumerate(largest)}
        return np.array([code.get(path, -1) for path in named], np.int64) if len(code) > 1 else None

    def _name(self, inside: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> str:
        """The category that the card's purchases are most of; nothing where there is none."""
        rows, counts = self.lines.known[inside], self.counts[inside]
        return _commonest(self.catalog, rows, counts)

    def _typical(self, inside: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> RowArray:
        """int32 (SHOWN,): the card's products that most took, of different titles."""
        own = np.flatnonzero(inside)
        own = own[np.argsort(-self.counts[own], kind="stable")]
        shown: dict[str, int] = {}
        for at in own.tolist():
            shown.setdefault(self.catalog.titles[self.lines.known[at]], int(self.lines.known[at]))
            if len(shown) == SHOWN:
                break
        return np.array([*shown.values(), *[-1] * (SHOWN - len(shown))], np.int32)

    def _likelihood(self, members: "csr_array", given: CodeArray) -> FloatArray:
        """float32 (q, t, 4): how often shoppers of each taste answer so, held towards how often all do."""
        counts = np.stack([(members @ (given == at).astype(np.float32)).T for at in range(len(CHOICES))], axis=2)
        overall = counts.sum(axis=1, keepdims=True) + 1.0
        overall /= overall.sum(axis=2, keepdims=True)
        counts += self.sizes.smoothing * overall
        return noisy((counts / counts.sum(axis=2, keepdims=True)).astype(np.float32))

    def _wanted(self, taken: FloatArray) -> tuple[RowArray, FloatArray]:
        """The rows that any taste wants, and each taste's shares of them: what its shoppers took and what stands beside
        it, with a thousandth of what all took."""
        wanted = taken + self.sizes.spread * (self.beside.T @ taken.T).T
        everybody = self.counts / self.counts.sum()
        wanted = wanted / wanted.sum(axis=1, keepdims=True) + 1e-3 * everybody
        kept = np.zeros(wanted.shape[1], bool)
        most = min(self.sizes.wanted, wanted.shape[1])
        for own in wanted:
            kept[np.argpartition(-own, most - 1)[:most]] = True
        shares = (wanted[:, kept] / wanted.sum(axis=1, keepdims=True)).astype(np.float32)
        return self.lines.known[kept], shares


def _most_asked(
    prior: FloatArray, likelihood: FloatArray, given: CodeArray, most: int, draw: np.random.Generator
) -> IntArray:
    """The questions that interviews of some of the shoppers ask most often: what is never asked need not be kept."""
    if len(likelihood) <= most:
        return np.arange(len(likelihood))
    none = np.empty((0, 0), np.int32)
    bank = Tastes(prior, likelihood, np.empty((len(likelihood), 2), np.int32), none, (), none, none.astype(np.float32))
    some = draw.choice(len(given), min(len(given), INTERVIEWED), replace=False)
    beliefs, done = np.tile(prior, (len(some), 1)), np.zeros((len(some), len(likelihood)), bool)
    for _ in range(QUESTIONS):
        for first in range(0, len(some), 256):
            own = slice(first, first + 256)
            gains = np.where(done[own], -1.0, bank.gains(beliefs[own]))
            at, who = gains.argmax(axis=1), np.arange(len(gains))
            done[own][who, at] = True
            choice = given[some[own], at]
            wrong = draw.random(len(at)) < NOISE
            choice = np.where(wrong, (choice + draw.integers(1, len(CHOICES), len(at))) % len(CHOICES), choice)
            after = beliefs[own] * likelihood[at, :, choice]
            beliefs[own] = after / after.sum(axis=1, keepdims=True)
    return np.sort(np.argsort(-done.sum(axis=0), kind="stable")[:most])


def answers(liked: FloatArray, pairs: RowArray) -> CodeArray:
    """int8 (s, q): what each shopper would choose, by the part of the own interest that is in each card, (s, g).

    Neither where both are small, both where the smaller is at least half of the larger.
    """
    given = np.empty((len(liked), len(pairs)), np.int8)
    for at in range(0, len(pairs), 100):
        one, other = (liked[:, pairs[at : at + 100, side]] for side in (0, 1))
        most, least = np.maximum(one, other), np.minimum(one, other)
        preferred = np.where(one > other, 0, 1)
        given[:, at : at + 100] = np.where(most <= NOT_LIKED, 3, np.where(least >= ALIKE * most, 2, preferred))
    return given


def _commonest(catalog: Catalog, rows: RowArray, counts: IntArray) -> str:
    held: dict[str, int] = {}
    for row, n in zip(rows.tolist(), counts.tolist(), strict=True):
        at = int(catalog.categories[row])
        path = catalog.category_paths[at] if at >= 0 else ()
        if path and path[-1]:
            held[path[-1]] = held.get(path[-1], 0) + n
    return max(held, key=lambda name: (held[name], name)) if held else ""


WINDOW, DAMPING, PRIOR, BACKWARD = 8, 0.3, 5.0, 0.3


def _beside(lines: Lines, counts: IntArray) -> "csr_array":
    """Products x products: what came soon after each, 1 / distance, and 0.3 of it the other way, popular ones held
    back."""
    from scipy.sparse import csr_array

    one, other, weights = [], [], []
    for distance in range(1, WINDOW + 1):
        same = lines.shoppers[distance:] == lines.shoppers[:-distance]
        first, second = lines.own[:-distance][same], lines.own[distance:][same]
        apart = first != second
        one.append(first[apart])
        other.append(second[apart])
        weights.append(np.full(int(apart.sum()), 1.0 / distance, np.float32))
    n = lines.n_products
    forward = csr_array((np.concatenate(weights), (np.concatenate(one), np.concatenate(other))), shape=(n, n))
    both = (forward + np.float32(BACKWARD) * forward.T).tocoo()
    damp = ((counts + PRIOR) ** -DAMPING).astype(np.float32)
    return csr_array((both.data * damp[both.row] * damp[both.col], (both.row, both.col)), shape=(n, n))


def _factors(beside: "csr_array", dimensions: int, seed: int) -> FloatArray:
    """float32 (p, d), unit length: near where products are taken near one another."""
    from scipy.sparse.linalg import svds

    n = beside.shape[0]
    both = (beside + beside.T).astype(np.float32)
    if n <= 2 * dimensions:
        left, values, _ = np.linalg.svd(both.toarray())
        left, values = left[:, : dimensions // 2], values[: dimensions // 2]
    else:
        left, values, _ = svds(both, k=dimensions, random_state=seed)
    return _unit((left * np.sqrt(values)).astype(np.float32))


def _unit(vectors: FloatArray) -> FloatArray:
    unit: FloatArray = (vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9)).astype(np.float32)
    return unit


def _grouped(points: FloatArray, n: int, draw: np.random.Generator) -> IntArray:
    """int64 (m,): the group of each unit vector, by spherical k-means (Dhillon, Modha 2001)."""
    from scipy.sparse import csr_array

    centres = points[draw.choice(len(points), n, replace=False)]
    own = np.zeros(len(points), np.int64)
    for _ in range(ROUNDS):
        own = np.concatenate(
            [(points[at : at + 4096] @ centres.T).argmax(axis=1) for at in range(0, len(points), 4096)]
        )
        ones = np.ones(len(points), np.float32)
        centres = _unit(csr_array((ones, (own, np.arange(len(points)))), shape=(n, len(points))) @ points)
        empty = np.bincount(own, minlength=n) == 0
        centres[empty] = points[draw.choice(len(points), int(empty.sum()))]
    return own
