"""How a search is ordered, chosen by judged queries: by ranks, by a blend of scores, or by trees.

Each way is taught on four fifths of the queries and measured on the others, in turn; the plainest that is as good as
the best is taught on all of them. Then, where the settings ask for it, whether a cross-encoder makes it better still.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import orjson

from shopkeeper import plugins
from shopkeeper.errors import IntakeError
from shopkeeper.flow.build import ORDER_FILE, RANKERS, SEARCH_ORDER, Stages, unjudged
from shopkeeper.flow.narrow import gathered, narrowed
from shopkeeper.flow.sample import alike, sampled
from shopkeeper.intake.judgments import judgments
from shopkeeper.measure.evaluation import Task
from shopkeeper.measure.judged import condensed_ndcg_at
from shopkeeper.measure.ranking import Scores, graded_ndcg_at
from shopkeeper.portrait import NO_PORTRAIT
from shopkeeper.ports import PairScorer, Ranker, Saves
from shopkeeper.rank.assemble import assemble, teachable
from shopkeeper.rank.order import order
from shopkeeper.rank.rerank import PART, meant, part, reordered, texts
from shopkeeper.recall.filter import masks
from shopkeeper.recall.gather import Plan
from shopkeeper.settings import BLEND, FUSED, Settings
from shopkeeper.store.versions import VersionInfo
from shopkeeper.types import (
    NO_ROWS,
    Candidates,
    Catalog,
    FeatureTable,
    Filters,
    FloatArray,
    IntArray,
    Ranked,
    Request,
)
from shopkeeper.understand.structured import Structured
from shopkeeper.understand.understanding import Understanding

WAYS = (FUSED, BLEND, "lambdarank")
"""The plainest first; before them comes what orders where nothing was judged."""
RERANK_WEIGHTS = (0.25, 0.5, 1.0, 2.0, 4.0)
LEAST = 20
"""Fewer judged queries choose nothing."""
K, FOLDS = 10, 5


@dataclass(frozen=True)
class Way:
    """What a way of ordering reached on queries that it did not learn from: means over them, from 0 to 1."""

    ndcg: float
    condensed_ndcg: float


@dataclass(frozen=True)
class SearchOrder:
    """What orders a search, and what every way reached. `reason` says why nothing was chosen, where that is so."""

    name: str
    ranker: Ranker | None
    queries: int
    file_sha256: str
    tried: Mapping[str, Way]
    reason: str = ""
    rerank: float = 0.0
    """What a cross-encoder counts beside the ranker, 0 where it makes nothing better."""

    def save(self, folder: Path) -> None:
        """Writes the ranker, and what was tried, into a version's folder."""
        place = folder / SEARCH_ORDER
        place.mkdir()
        told = {**asdict(replace(self, ranker=None)), "ranker": self.name}
        (place / ORDER_FILE).write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
        if isinstance(self.ranker, Saves):
            (place / RANKERS).mkdir()
            self.ranker.save(place / RANKERS)


def judged_by(version: VersionInfo) -> str:
    """The sha256 of the judgments that chose the version's order of searches; empty where none did."""
    file = version.path / SEARCH_ORDER / ORDER_FILE
    told = orjson.loads(file.read_bytes()) if file.is_file() else {}
    return str(told["file_sha256"]) if told.get("tried") else ""


@dataclass(frozen=True)
class Searching:
    """What answers a search while its order is being chosen."""

    stages: Stages
    understanding: Understanding
    structured: Structured | None
    catalog: Catalog
    day: float
    settings: Settings
    plan: Plan
    scorer: PairScorer | None = None

    @property
    def unjudged(self) -> str:
        """What orders searches until judgments say otherwise."""
        by_meaning = self.understanding.encoder is not None
        return unjudged(self.settings, len(self.catalog), by_meaning=by_meaning)


def search_order(here: Searching, folder: Path) -> SearchOrder | None:
    """The order that the shop's judgments choose; None where it has no file of them."""
    file = folder / here.settings.learn.judgments
    if not file.is_file():
        return None
    named = here.settings.rank.rankers.get("search") or here.unjudged
    try:
        said = judgments(file)
        task, _ = sampled(said, here.catalog)
    except IntakeError as error:
        return SearchOrder(named, None, 0, "", {}, str(error))
    n = len({_meant(here, query) for query in task.queries})
    if n < LEAST:
        few = f"{file}: {n} queries have a relevant product; it takes {LEAST} to choose an order by."
        return SearchOrder(named, None, n, said.sha256, {}, few)
    return chosen(here, task, said.sha256)


def chosen(here: Searching, task: Task, sha256: str = "") -> SearchOrder:
    """The order that these judged queries choose, or that the settings name."""
    asked = Asked.of(here, task)
    best, values = choice(here.settings, asked, here.unjudged)
    name = here.settings.rank.rankers.get("search", best)
    weight, values = 0.0, dict(values)
    if here.scorer is not None:
        again = reread(here, asked, name)
        values[PART] = measured(asked, again.lists)
        plain = values[name] if name in values else measured(asked, crossed(here.settings, asked, name))
        weight = 0.0 if _as_good(plain.mean(axis=0), values[PART].mean(axis=0)) else again.weight
    tried = {way: Way(*(float(mean) for mean in own.mean(axis=1))) for way, own in values.items()}
    ranker = taught(here.settings, name, asked.wide)
    return SearchOrder(name, ranker, len(task.queries), sha256, tried, rerank=weight)


@dataclass(frozen=True)
class Lesson:
    """One query's candidates, their features, and the grade of each, NaN where nobody judged it."""

    candidates: Candidates
    table: FeatureTable
    grades: FloatArray


@dataclass(frozen=True)
class Asked:
    """Every judged query asked twice: as ranks order it, and wide, for a ranker. `stands` is by row: see `alike`.

    `meant`: what was understood of each; queries of the same words are never taught and measured apart.
    """

    task: Task
    meant: tuple[tuple[str, ...], ...]
    stands: IntArray
    plain: list[Candidates]
    wide: list[Lesson]

    @classmethod
    def of(cls, here: Searching, task: Task) -> "Asked":
        """Asked of the stages, as somebody of whom nothing is known."""
        stands = alike(here.catalog)
        plain = [_asked(here, query, wide=False)[0] for query in task.queries]
        lessons = []
        for at, query in enumerate(task.queries):
            candidates, table = _asked(here, query, wide=True)
            grade_of = dict(zip(task.judged[at].tolist(), task.grades[at].tolist(), strict=True))
            grades = [grade_of.get(row, np.nan) for row in stands[candidates.rows].tolist()]
            lessons.append(Lesson(candidates, table, np.array(grades, np.float32)))
        return cls(task, tuple(_meant(here, query) for query in task.queries), stands, plain, lessons)

    def only(self, places: IntArray) -> "Asked":
        """Some of the queries."""
        queries, judged, grades = self.task.queries, self.task.judged, self.task.grades
        own = places.tolist()
        task = Task(tuple(queries[at] for at in own), [judged[at] for at in own], [grades[at] for at in own])
        meant = tuple(self.meant[at] for at in own)
        return Asked(task, meant, self.stands, [self.plain[at] for at in own], [self.wide[at] for at in own])


def choice(settings: Settings, asked: Asked, first: str) -> tuple[str, Mapping[str, Scores]]:
    """The plainest way that is as good as the best, and nDCG@10 and condensed nDCG@10 of every way, float64 (2, b).

    `first`, which orders until something was judged, is left only for what is better.
    """
    ways = dict.fromkeys((first, *WAYS, settings.rank.rankers.get("search", first)))
    values = {way: measured(asked, crossed(settings, asked, way)) for way in ways if _takes_part(settings, way)}
    best = max(values, key=lambda way: float(values[way].mean()))
    return next(way for way in values if _as_good(values[way].mean(axis=0), values[best].mean(axis=0))), values


def crossed(settings: Settings, asked: Asked, way: str) -> list[IntArray]:
    """Each query's rows, best first, as a ranker orders them that was taught on the queries of other folds."""
    return [order.rows.astype(np.int64) for order in crossed_orders(settings, asked, way)]


def crossed_orders(settings: Settings, asked: Asked, way: str) -> list[Ranked]:
    """The same with the scores."""
    if way == FUSED:
        return [Ranked(own.rows, own.fused, np.arange(len(own.rows)), way) for own in asked.plain]
    fold = folds(asked, settings.learn.seed)
    found: list[Ranked] = [Ranked(NO_ROWS, np.empty(0, np.float32), np.empty(0, np.int64), way)] * len(fold)
    for number in range(FOLDS):
        ranker = taught(settings, way, asked.only(np.flatnonzero(fold != number)).wide)
        for at in np.flatnonzero(fold == number).tolist():
            found[at] = order(ranker, way, asked.wide[at].candidates, asked.wide[at].table)
    return found


@dataclass(frozen=True)
class Reread:
    """What a cross-encoder counts best beside a way, by all queries; each query's rows as other folds choose that."""

    weight: float
    lists: list[IntArray]


def reread(here: Searching, asked: Asked, way: str) -> Reread:
    """The first few of each query's order read once more."""
    assert here.scorer is not None
    settings, top = here.settings, here.settings.rank.rerank.top
    orders = crossed_orders(settings, asked, way)
    said = []
    for query, own in zip(asked.task.queries, orders, strict=True):
        plain = here.understanding.understand(query)
        heard = here.scorer.scores(meant(plain), texts(here.catalog, own.rows[:top]), np.inf)
        said.append(np.zeros(len(own.rows[:top]), np.float32) if heard is None or plain.is_code else heard)
    tries = [_reread(orders, said, weight) for weight in RERANK_WEIGHTS]
    values = np.array([measured(asked, lists) for lists in tries])
    fold, found = folds(asked, settings.learn.seed), list(tries[0])
    for number in range(FOLDS):
        best = int(np.argmax(values[:, :, fold != number].mean(axis=(1, 2))))
        for at in np.flatnonzero(fold == number).tolist():
            found[at] = tries[best][at]
    return Reread(RERANK_WEIGHTS[int(np.argmax(values.mean(axis=(1, 2))))], found)


def _reread(orders: Sequence[Ranked], said: Sequence[FloatArray], weight: float) -> list[IntArray]:
    """The rows of each order once the first few were read again."""
    found = []
    for own, heard in zip(orders, said, strict=True):
        added = np.zeros(len(own.rows), np.float32)
        added[: len(heard)] = part(own.scores[: len(heard)], heard, weight)
        found.append(reordered(own, added).rows.astype(np.int64))
    return found


def folds(asked: Asked, seed: int) -> IntArray:
    """int64 (n,): which fold each query is in; those of the same words are in one."""
    numbers = {meant: number for number, meant in enumerate(dict.fromkeys(asked.meant))}
    fold = np.random.default_rng(seed).permutation(len(numbers)) % FOLDS
    return np.asarray(fold[[numbers[meant] for meant in asked.meant]], np.int64)


def ordered(ranker: Ranker, lesson: Lesson) -> IntArray:
    """A query's rows, best first, int64 (m,)."""
    scores = ranker.score(lesson.candidates, lesson.table)
    return lesson.candidates.rows[np.argsort(-scores, kind="stable")].astype(np.int64)


def _takes_part(settings: Settings, way: str) -> bool:
    """Whether the ranker, and what it reads before it is taught anything, is switched on."""
    reads = set(_made(settings, way).files)
    return way in settings.enabled("ranker") and reads <= set(settings.enabled("feature"))


def _made(settings: Settings, name: str) -> Ranker:
    ranker: Ranker = plugins.load("ranker", name)(settings.of("ranker", name))
    return ranker


def _meant(here: Searching, query: str) -> tuple[str, ...]:
    return tuple(sorted(set(here.understanding.understand(query).tokens)))


def _asked(here: Searching, query: str, *, wide: bool) -> tuple[Candidates, FeatureTable]:
    """A query's candidates and, of a wide one, their features."""
    plain, mask = here.understanding.understand(query), masks(here.catalog, Filters())
    request = Request(
        request_id="judged",
        scene="search",
        day=here.day,
        query=query,
        allowed=mask.allowed,
        without=mask.without(),
        wide=wide and not plain.is_code,
    )
    tries = narrowed(here.structured, request, plain, here.catalog)
    batch, found = gathered(here.stages.sources, here.plan, tries, NO_PORTRAIT)
    return found.candidates, assemble(teachable(here.stages.features) if wide else {}, batch, found.candidates)


def taught(settings: Settings, name: str, lessons: Sequence[Lesson]) -> Ranker:
    """A ranker of this name that learnt from these queries."""
    ranker = _made(settings, name)
    own = [lesson for lesson in lessons if len(lesson.grades)]
    if own:
        table = FeatureTable(own[0].table.names, np.concatenate([lesson.table.values for lesson in own]))
        offsets = np.cumsum([0, *(len(lesson.grades) for lesson in own)])
        ranker.learn(table, np.concatenate([lesson.grades for lesson in own]), offsets)
    return ranker


def measured(asked: Asked, lists: Sequence[IntArray]) -> Scores:
    """nDCG@10 and condensed nDCG@10 of each query, float64 (2, b), of rows that stand for their variants."""
    task = asked.task
    ranked = np.full((len(lists), max([K, *map(len, lists)])), -1, np.int64)
    for line, own in zip(ranked, lists, strict=True):
        once = list(dict.fromkeys(asked.stands[own].tolist()))
        line[: len(once)] = once
    measures: Sequence[Callable[..., Scores]] = (graded_ndcg_at, condensed_ndcg_at)
    return np.array([measure(ranked, task.judged, task.grades, K) for measure in measures])


def _as_good(one: Scores, best: Scores) -> bool:
    """Whether one is within a standard error of the best, by query."""
    behind = best - one
    return bool(behind.mean() <= behind.std(ddof=1) / len(behind) ** 0.5 + 1e-9)
