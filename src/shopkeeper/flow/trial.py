"""What a version must win before it serves: held-out days, against the lists that need no learning."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shopkeeper.flow.build import Stages
from shopkeeper.flow.queries import KnownItem, known_items
from shopkeeper.measure.baselines import personal_frequency, popularity
from shopkeeper.measure.ranking import mrr_at, ndcg_at, recall_at
from shopkeeper.measure.statistics import Difference, Interval, bootstrap, paired_bootstrap
from shopkeeper.portrait import NO_PORTRAIT
from shopkeeper.ports import Beats, Source
from shopkeeper.rank.assemble import assemble, read_by
from shopkeeper.rank.order import top
from shopkeeper.rank.train import Window, batch_at
from shopkeeper.recall.gather import Plan, gather
from shopkeeper.settings import FUSED
from shopkeeper.text import language_of, tokens
from shopkeeper.types import Batch, Candidates, FloatArray, IntArray, Intent, Request, RowArray, Scene, Snapshot
from shopkeeper.understand.understanding import Understanding

K = 10
CHUNK = 256
N_QUERIES = 500
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Contest:
    """One metric over the same shoppers or queries: `ours` float64 (n,) and each baseline's, float64 (n,)."""

    title: str
    metric: str
    ours: Values
    baselines: Mapping[str, Values]

    def key(self) -> str:
        """The contest's name in manifests: next_basket.R@10."""
        return f"{self.title.replace(' ', '_')}.{self.metric}"

    def summary(self) -> dict[str, object]:
        """Means with intervals, for a manifest."""
        baselines = {name: asdict(bootstrap(values)) for name, values in self.baselines.items()}
        lead = {"over": self.best(), **asdict(self.lead())}
        return {"n": len(self.ours), "ours": asdict(self.interval()), "baselines": baselines, "lead": lead}

    def interval(self) -> Interval:
        """Our mean with its interval."""
        return bootstrap(self.ours)

    def best(self) -> str:
        """The strongest baseline's name."""
        return max(self.baselines, key=lambda name: float(self.baselines[name].mean()))

    def lead(self) -> Difference:
        """Ours minus the strongest baseline, paired."""
        return paired_bootstrap(self.ours, self.baselines[self.best()])

    def lost(self, margin: float = 0.0) -> bool:
        """Whether the strongest baseline is better by more than the margin, beyond doubt: the whole interval is."""
        return self.lead().high < -margin


def tried(
    stages: Stages, orders: Mapping[Scene, str], held: Window, understanding: Understanding, plan: Plan
) -> list[Contest]:
    """The contests of stages that were fitted on `held.snapshot`, over what came after it.

    `orders` names what orders home pages and searches, of the stages' rankers.
    """
    contests = _home(stages, orders["home"], held, plan) if len(held.labels.users) else []
    items = known_items(held.snapshot.catalog, held.labels, N_QUERIES, held.snapshot.seed)
    if items:
        contests.append(_search(stages, orders["search"], items, held.snapshot, understanding, plan))
    return contests


def _home(stages: Stages, ranker: str, held: Window, plan: Plan) -> list[Contest]:
    labels, snapshot = held.labels, held.snapshot
    users, targets = labels.users, np.split(labels.rows.astype(np.int64), labels.offsets[1:-1])
    lists = {
        "ours": np.concatenate(list(_home_lists(stages, ranker, held, plan))),
        "popularity": popularity(snapshot.log, snapshot.day, len(users), K),
        "personal frequency": personal_frequency(snapshot.log, snapshot.day, users, K),
    }
    return [
        _contest("next basket", name, {key: measure(found, targets, K) for key, found in lists.items()})
        for name, measure in (("R@10", recall_at), ("N@10", ndcg_at))
    ]


def _home_lists(stages: Stages, ranker: str, held: Window, plan: Plan) -> Iterator[IntArray]:
    for start in range(0, len(held.labels.users), CHUNK):
        batch = batch_at(held.snapshot, held.labels.users[start : start + CHUNK])
        candidates = gather(stages.sources, batch, plan).candidates
        table = assemble(read_by(stages.rankers[ranker], stages.features), batch, candidates)
        yield top(candidates, stages.rankers[ranker].score(candidates, table), K)


def _search(
    stages: Stages,
    order: str,
    items: Sequence[KnownItem],
    snapshot: Snapshot,
    understanding: Understanding,
    plan: Plan,
) -> Contest:
    requests = tuple(
        Request(request_id=f"query-{at}", scene="search", day=snapshot.day, query=item.query)
        for at, item in enumerate(items)
    )
    meant = tuple(understanding.understand(item.query) for item in items)
    typed = tuple(Intent(item.query, language_of(item.query), tuple(tokens(item.query))) for item in items)
    wanted = [np.array([item.title_code], np.int64) for item in items]
    codes = snapshot.catalog.title_codes

    def measured(sources: Mapping[str, Source], intents: tuple[Intent, ...], order: str) -> Values:
        wide = [order != FUSED and not intent.is_code for intent in intents]
        asked = tuple(replace(request, wide=own) for request, own in zip(requests, wide, strict=True))
        batch = Batch(asked, intents, (NO_PORTRAIT,) * len(items))
        found, ranker = gather(sources, batch, plan).candidates, stages.rankers[order]
        scores = ranker.score(found, assemble(read_by(ranker, stages.features), batch, found))
        scores = np.where(np.array(wide)[found.request_of()], scores, found.fused)  # codes are ordered by ranks
        return mrr_at(_titles(found, scores, codes), wanted, K)

    plain = {name: source.plain() for name, source in stages.sources.items() if isinstance(source, Beats)}
    values = {"ours": measured(stages.sources, meant, order), "BM25": measured(plain, typed, FUSED)}
    return _contest("search for a product bought", "MRR@10", values)


def _titles(candidates: Candidates, scores: FloatArray, codes: RowArray) -> IntArray:
    """int64 (b, K): the first K different titles of each request by the scores, padded with -1."""
    best = np.full((len(candidates.offsets) - 1, K), -1, np.int64)
    for at, own in enumerate(top(candidates, scores, 10 * K)):
        titles = list(dict.fromkeys(codes[own[own >= 0]].tolist()))[:K]
        best[at, : len(titles)] = titles
    return best


def _contest(title: str, metric: str, values: Mapping[str, Values]) -> Contest:
    return Contest(title, metric, values["ours"], {name: own for name, own in values.items() if name != "ours"})
