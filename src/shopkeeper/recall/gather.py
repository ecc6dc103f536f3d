"""All sources asked at once, within their budgets, and what they offer fused into candidates."""

import logging
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import compress
from pathlib import PurePath

import numpy as np

from shopkeeper.ports import Orders, Scores, Source
from shopkeeper.recall.crew import Call, Crew, Job
from shopkeeper.recall.fuse import fuse
from shopkeeper.recall.offers import NOTHING
from shopkeeper.settings import Settings
from shopkeeper.types import Batch, Candidates, DayArray, IntArray, Offer, Request, RowArray, Scene

log = logging.getLogger(__name__)

Offers = list[Offer]

WORDS = "lexical"
"""The source that finds by words."""
CHOSEN = "query_log"
"""The source that finds by what others chose after the same search: it needs no words to be right."""


@dataclass(frozen=True)
class Plan:
    """How to gather: `weights` and `budgets_ms` by source, `scene_weights` by source and scene where they differ.

    At most `keep` candidates of a request go on, and at most `depth` where a ranker orders the scene (`ordered`).
    A page waits `deadline_ms` at most where its request does not say; without a crew sources run in turn, none late.
    """

    limit: int = 300
    keep: int | None = None
    depth: int | None = None
    ordered: frozenset[Scene] = frozenset()
    rrf_k: int = 60
    weights: Mapping[str, float] = field(default_factory=dict)
    scene_weights: Mapping[str, Mapping[Scene, float]] = field(default_factory=dict)
    budgets_ms: Mapping[str, float] = field(default_factory=dict)
    deadline_ms: float = 200.0
    crew: Crew | None = None

    @classmethod
    def of(cls, settings: Settings, crew: Crew | None = None) -> "Plan":
        """The plan that a shop's settings ask for."""
        own = {name: settings.of("source", name) for name in settings.enabled("source")}
        return cls(
            limit=settings.recall.limit,
            keep=settings.recall.keep,
            depth=settings.rank.depth,
            ordered=settings.rank.ordered(),
            rrf_k=settings.recall.rrf_k,
            weights={name: source.weight for name, source in own.items()},
            scene_weights={name: source.scene_weights for name, source in own.items()},
            budgets_ms={name: source.budget_ms or settings.recall.budget_ms for name, source in own.items()},
            deadline_ms=settings.recall.deadline_ms,
            crew=crew,
        )

    def deadline_for(self, request: Request) -> float:
        """Milliseconds after which the page is made of what has come."""
        return self.deadline_ms if request.deadline_ms is None else request.deadline_ms

    def keep_for(self, batch: Batch) -> int | None:
        """How many candidates of each request go on."""
        if all(request.wide for request in batch.requests):
            return self.limit if self.keep is None else min(self.limit, self.keep)
        return self.most(all(request.scene in self.ordered for request in batch.requests))

    def most(self, ordered: bool) -> int | None:
        """How many candidates of a request go on, in scenes that a ranker orders or others."""
        known = [most for most in (self.keep, self.depth if ordered else None) if most is not None]
        return min(known, default=None)

    def weights_for(self, batch: Batch, in_part: Sequence[bool]) -> dict[str, DayArray]:
        """Each source's weight for each request, float64 (b,): its own where words match in part, and in a wide one."""
        asked = [(one.scene, part or one.wide) for one, part in zip(batch.requests, in_part, strict=True)]
        return {
            name: np.array(
                [weight if own else self.scene_weights.get(name, {}).get(scene, weight) for scene, own in asked],
                np.float64,
            )
            for name, weight in self.weights.items()
        }


@dataclass(frozen=True)
class Found:
    """What all sources found together.

    totals int64 (b,): all matches where a source knows them, else -1; `facets` by request, as the first source that
    counts them says; `late` names sources that were not waited for, "name: failed" those that raised; `spans_ms` is
    each source's time, "fuse" and, over all, "gather". `in_part` says of which searches no product holds every word;
    `partly` int32 (m,) which products of the others hold only some.
    """

    candidates: Candidates
    totals: IntArray
    facets: tuple[Mapping[str, Mapping[str, int]], ...]
    late: tuple[str, ...]
    spans_ms: Mapping[str, float]
    in_part: tuple[bool, ...]
    partly: tuple[RowArray, ...]


def gather(sources: Mapping[str, Source], batch: Batch, plan: Plan) -> Found:
    """The fused offers of every source that the scenes concern. One that is late or fails is skipped and named."""
    started = time.perf_counter()
    keep = plan.keep_for(batch)
    limit = plan.limit if keep is None else min(plan.limit, keep)
    asked = _calls({name: source for name, source in sources.items() if _concerns(source, batch)}, batch, limit)
    jobs = _in_turn(asked) if plan.crew is None else _in_time(asked, sources, batch, plan)
    offers: dict[str, list[Offer]] = {}
    late: list[str] = []
    spans: dict[str, float] = {}
    for name, job in jobs.items():
        if job is None:
            late.append(name)
            continue
        spans[name] = job.took_ms
        if job.error is not None:
            log.error("source=%s failed %s", name, _where(job.error))
            late.append(f"{name}: failed")
        elif job.result is not None:
            offers[name] = job.result
    before_fuse = time.perf_counter()
    in_part = _in_part(offers, batch)
    weights = plan.weights_for(batch, in_part)
    fused = fuse(_sorted_by_words(offers, batch), weights, plan.rrf_k, len(batch), keep)
    candidates, mute = _scored(_by_words(fused, offers, batch), sources, batch)
    ended = time.perf_counter()
    spans |= {"fuse": (ended - before_fuse) * 1000.0, "gather": (ended - started) * 1000.0}
    totals, facets = _counted(offers, len(batch))
    return Found(candidates, totals, facets, (*late, *mute), spans, in_part, _partly(offers, len(batch)))


def _sorted_by_words(offers: Mapping[str, Offers], batch: Batch) -> Mapping[str, Offers]:
    """The offers, but for a sorted search only those of the words, where they find anything: in the order asked for."""
    alone = [
        request.scene == "search" and request.sort != "relevance" and len(offer.rows) > 0
        for request, offer in zip(batch.requests, offers.get(WORDS, ()), strict=False)
    ]
    if not any(alone):
        return offers
    return {
        name: lists if name == WORDS else [NOTHING if only else offer for only, offer in zip(alone, lists, strict=True)]
        for name, lists in offers.items()
    }


def _in_part(offers: Mapping[str, Offers], batch: Batch) -> tuple[bool, ...]:
    """Which requests are searches whose words match only in part."""
    lists = offers.get(WORDS, [NOTHING] * len(batch))
    asked = zip(batch.requests, lists, strict=True)
    return tuple(request.scene == "search" and len(offer.rows) > 0 and not offer.whole for request, offer in asked)


def _partly(offers: Mapping[str, Offers], n: int) -> tuple[RowArray, ...]:
    return tuple(offer.partly for offer in offers.get(WORDS, [NOTHING] * n))


def _by_words(candidates: Candidates, offers: Mapping[str, Offers], batch: Batch) -> Candidates:
    """The candidates; of a search of which enough products hold every word those alone, though filters leave none, and
    what others chose after it."""
    whole = _held(batch, offers.get(WORDS, []))
    if not any(whole):
        return candidates
    of_request = candidates.request_of()
    found = candidates.ranks[:, candidates.sources.index(WORDS)] > 0
    if CHOSEN in candidates.sources:
        chosen = candidates.ranks[:, candidates.sources.index(CHOSEN)] > 0
        for at, offer in enumerate(offers[CHOSEN]):
            chosen &= (of_request != at) | ~np.isin(candidates.rows, offer.partly)
        found |= chosen
    return candidates.take(np.flatnonzero(found | ~np.array(whole)[of_request]))


def _scored(candidates: Candidates, sources: Mapping[str, Source], batch: Batch) -> tuple[Candidates, Sequence[str]]:
    """The candidates; those of wide requests with the scores of sources that know one of what others offered, too.

    And, as those that are late are named, the sources that failed to say.
    """
    knowing = [(at, sources[name]) for at, name in enumerate(candidates.sources) if isinstance(sources[name], Scores)]
    asked = [at for at, request in enumerate(batch.requests) if request.wide]
    if not knowing or not asked:
        return candidates, ()
    scores, failed = candidates.scores.copy(), []
    for column, source in knowing:
        assert isinstance(source, Scores)
        try:
            for at in asked:
                own = slice(int(candidates.offsets[at]), int(candidates.offsets[at + 1]))
                strange = np.flatnonzero(np.isnan(scores[own, column])) + own.start
                rows = candidates.rows[strange]
                scores[strange, column] = source.scores(batch.requests[at], batch.intents[at], rows)
        except Exception as error:  # whatever a plug-in raises
            name = candidates.sources[column]
            log.error("source=%s failed %s", name, _where(error))
            failed.append(f"{name}: failed")
    return replace(candidates, scores=scores), failed


def _concerns(source: Source, batch: Batch) -> bool:
    return any(request.scene in source.scenes for request in batch.requests)


def _held(batch: Batch, offers: Offers) -> list[bool]:
    """Of which requests enough products hold every word, so that these alone are shown."""
    return [
        request.scene == "search" and not request.wide and offer.whole and not len(offer.partly)
        for request, offer in zip(batch.requests, offers, strict=False)
    ]


def _calls(sources: Mapping[str, Source], batch: Batch, limit: int) -> dict[str, Call]:
    """What asks each source, the words first: who comes after knows what they found, if they are not late."""
    heard: Offers = []

    def words() -> Offers:
        heard.extend(found := _recall(sources[WORDS], batch, limit))
        return found

    calls: dict[str, Call] = {WORDS: words} if WORDS in sources else {}
    for name, source in sources.items():
        if isinstance(source, Orders):
            calls[name] = partial(_among, source, batch, limit, heard)
        elif name != WORDS:
            calls[name] = partial(_recall, source, batch, limit)
    return calls


def _among(source: Source, batch: Batch, limit: int, heard: Offers) -> Offers:
    """As `_recall`; of a search that shows what holds every word and nothing else, only the order of that."""
    held = _held(batch, heard) or [False] * len(batch)
    found = iter(_recall(source, _part(batch, [not own for own in held]), limit) if not all(held) else ())
    assert isinstance(source, Orders)
    asked = zip(held, batch.requests, batch.intents, heard or [NOTHING] * len(batch), strict=True)
    return [source.order(request, intent, offer.rows) if own else next(found) for own, request, intent, offer in asked]


def _recall(source: Source, batch: Batch, limit: int) -> Offers:
    """An offer for every request of the batch; nothing where the scene is none of the source's."""
    asked = [request.scene in source.scenes for request in batch.requests]
    if all(asked):
        return source.recall(batch, limit)
    found = iter(source.recall(_part(batch, asked), limit))
    return [next(found) if one else NOTHING for one in asked]


def _part(batch: Batch, kept: Sequence[bool]) -> Batch:
    """The requests that are kept, with what is known of each."""
    if all(kept):
        return batch
    requests, intents = tuple(compress(batch.requests, kept)), tuple(compress(batch.intents, kept))
    return Batch(requests, intents, tuple(compress(batch.portraits, kept)))


def _in_turn(calls: Mapping[str, Call]) -> dict[str, Job | None]:
    jobs: dict[str, Job | None] = {}
    for name, call in calls.items():
        job = Job(name, call)
        job.run()
        jobs[name] = job
    return jobs


def _quick(sources: Mapping[str, Source]) -> frozenset[str]:
    """The sources that say they only compute."""
    return frozenset(name for name, source in sources.items() if getattr(source, "in_memory", False))


def _in_time(
    calls: Mapping[str, Call], sources: Mapping[str, Source], batch: Batch, plan: Plan
) -> dict[str, Job | None]:
    """Each job that ended within its budget, from its own start, and the request's deadline; None for the others.

    Those that only compute run here, since to hand them over takes a tenth of a page's time; one that overran its
    budget counts, as its time is spent, and is handed over, like the others, until it has kept to it for a while.
    Whoever heeds the words waits for them.
    """
    crew = plan.crew
    assert crew is not None
    deadline_ms = min(map(plan.deadline_for, batch.requests))
    ends = time.perf_counter() + deadline_ms / 1000.0
    busy, quick = crew.busy(), _quick(sources)
    heeding = {name for name, source in sources.items() if isinstance(source, Orders)}
    jobs = {name: Job(name, call) for name, call in calls.items() if name not in busy}
    budgets = {name: plan.budgets_ms.get(name, deadline_ms) for name in jobs}
    ended: dict[str, Job | None] = dict.fromkeys(calls)
    own = [job for name, job in jobs.items() if name in quick and name not in crew.overran]
    handed = [job for job in jobs.values() if job not in own]
    crew.start(handed)
    words = next((job for job in handed if job.name == WORDS), None)
    for job in sorted(own, key=lambda job: job.name in heeding):
        if words is not None and job.name in heeding:
            words.wait(min(budgets[WORDS] / 1000.0, ends - time.perf_counter()))
        if time.perf_counter() < ends:
            job.run()
            ended[job.name] = job
            if job.took_ms > budgets[job.name]:
                crew.overran[job.name] = 0
    for at, job in enumerate(handed):
        if job.wait(min(budgets[job.name] / 1000.0, ends - time.perf_counter())):
            ended[job.name] = job
            crew.kept(job.name, True)
        elif not job.claim():
            crew.kept(job.name, False)
            crew.abandon(job)
            if time.perf_counter() < ends:
                crew.start(handed[at + 1 :])  # another thread takes what stands behind the late one
    return ended


def _where(error: Exception) -> str:
    """The error's kind and place, never its text: that may hold a shopper's words."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"error={type(error).__name__} file={PurePath(last.filename).name} line={last.lineno}"


def _counted(offers: Mapping[str, Offers], n: int) -> tuple[IntArray, tuple[Mapping[str, Mapping[str, int]], ...]]:
    totals = np.full(n, -1, np.int64)
    facets: list[Mapping[str, Mapping[str, int]]] = [{} for _ in range(n)]
    for lists in offers.values():
        for at, offer in enumerate(lists):
            if offer.total is not None:
                totals[at] = max(totals[at], offer.total)
            if offer.facets and not facets[at]:
                facets[at] = offer.facets
    return totals, tuple(facets)
