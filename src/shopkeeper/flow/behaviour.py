"""What shoppers did, as the language model learns it: what was chosen for a search, and what was bought together."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.encode.corpus import Corpus, Judgements
from shopkeeper.encode.pairs import Pairs, together
from shopkeeper.exposure import Exposure
from shopkeeper.feedback.joins import GRADES, outcomes
from shopkeeper.flow.past import past_queries
from shopkeeper.flow.shop import today
from shopkeeper.flow.vectors import Shelf
from shopkeeper.flow.windows import up_to
from shopkeeper.observed import SECONDS_A_DAY
from shopkeeper.store.folder import ShopFolder
from shopkeeper.store.snapshot import snapshot
from shopkeeper.text import normalise
from shopkeeper.types import Catalog, Event, Snapshot

if TYPE_CHECKING:
    import ibis

CUTS = (0.0, 0.5, 1.5)
"""What is above so many of these, on the mean of all pages that showed it, is the product's grade for a search."""
MOST_QUERIES = 5_000
"""The searches after which most was chosen teach; a model that reads products anew reads all of theirs."""
PARTS = frozenset({"judged", "pairs", "queries"})
"""The parts of a corpus that a shop's log fills."""


@dataclass(frozen=True)
class Behaviour:
    """The log of a shop up to now: what is before day `edge` is learnt from, what came since measures.

    `repaired` are events that stand for the log where repairs are chosen. Nothing is read before it is asked for.
    """

    folder: ShopFolder
    repaired: "ibis.Table | None"
    catalog: Catalog
    shelf: Shelf

    @cached_property
    def known(self) -> Snapshot:
        """What a version would learn from now."""
        return up_to(snapshot(self.folder, events=self.repaired, catalog=self.catalog), today())

    @property
    def edge(self) -> float:
        """The day that the version's own measuring begins at."""
        return self.known.day - self.folder.settings.learn.holdout_days

    @property
    def events(self) -> "ibis.Table":
        return self.folder.events.table() if self.repaired is None else self.repaired

    def added_to(self, corpus: Corpus, parts: Collection[str]) -> Corpus:
        """The corpus with those of PARTS that are asked for; pairs to stop by are of as many days before the edge as
        are measured after it."""
        if "judged" in parts:
            corpus = replace(corpus, judged=self.judged())
        if "pairs" in parts:
            stop = 2 * self.edge - self.known.day
            corpus = replace(corpus, pairs=self.together(0.0, stop), later=self.together(stop, self.edge))
        if "queries" in parts:
            corpus = replace(corpus, queries=self.queries())
        return corpus

    def queries(self) -> list[str]:
        """What several shoppers asked before `edge`: what one alone typed is not for a model to remember."""
        events = self.events
        before = events.filter(events.timestamp < _moment(self.edge))
        return list(past_queries(before, self.folder.settings))

    def judged(self) -> Judgements:
        """Searches before `edge` with what was chosen and what was passed over, one grade a query and text.

        Only searches after which several shoppers chose something. Rows are places among the goods, of equal texts the
        first.
        Source: Joachims, "Optimizing search engines using clickthrough data", KDD 2002: what stands above the last
        choice was seen; of what stands below nobody knows.
        """
        grades: dict[tuple[str, int], list[float]] = defaultdict(list)
        chosen: Counter[str] = Counter()
        askers: dict[str, set[str]] = defaultdict(set)
        for event, query, _ in self._choices:
            if event.timestamp < self.edge * SECONDS_A_DAY:
                askers[query].add(event.user_id)
                chosen[query] += 1
        several = self.folder.settings.learn.suggest_shoppers
        by_choices = [query for query, _ in chosen.most_common() if len(askers[query] - {""}) >= several]
        taught = set(by_choices[:MOST_QUERIES])
        for query, shown in self._pages(taught):
            for place, grade in shown.items():
                grades[query, place].append(grade)
        means = np.array([np.mean(own) for own in grades.values()])
        rows = np.array([place for _, place in grades], np.int64)
        cut = (means[:, None] > np.array(CUTS)).sum(axis=1) if len(means) else np.empty(0, np.int64)
        return Judgements([query for query, _ in grades], rows, np.asarray(cut, np.int64))

    def asked_later(self) -> list[tuple[str, int]]:
        """Searches with the place among the goods of what was chosen since `edge`, each pair once."""
        if not self._choices:
            return []
        start, end = self.edge * SECONDS_A_DAY, self.known.day * SECONDS_A_DAY
        late = [(event, query) for event, query, _ in self._choices if start <= event.timestamp <= end]
        return list(
            {(query, self._places[event.product_id]): None for event, query in late if event.product_id in self._places}
        )

    def together(self, start: float, end: float) -> Pairs:
        """Texts of products bought or looked at together from day `start` until before `end`."""
        texts = np.full(len(self.catalog), "", object)
        texts[self.shelf.rows] = self.shelf.texts
        log = self.known.interactions
        unsaid = np.array([not text for text in dict.fromkeys(texts.tolist())], bool)
        return together(log.filter(log.day >= start), texts.tolist(), end).without(unsaid)

    @cached_property
    def _places(self) -> Mapping[str, int]:
        """By each product's id the place among the goods of the first that has its text."""
        first: dict[str, int] = {}
        ids = self.catalog.product_ids
        return {
            ids[row]: first.setdefault(text, place)
            for place, (row, text) in enumerate(zip(self.shelf.rows.tolist(), self.shelf.texts, strict=True))
        }

    def _pages(self, taught: Collection[str]) -> Iterator[tuple[str, dict[int, float]]]:
        """Of each page of these searches what was shown and chosen before `edge`, by text; of those that are not kept
        what was chosen."""
        told: dict[str, list[Event]] = defaultdict(list)
        pages: dict[str, Exposure | None] = {}
        queries: dict[str, str] = {}
        for event, query, page in self._choices:
            if query in taught and event.timestamp < self.edge * SECONDS_A_DAY:
                name = event.request_id or event.event_id
                told[name].append(event)
                pages[name], queries[name] = page, query
        for name, events in told.items():
            shown: dict[int, float] = {}
            page = pages[name]
            seen = [(one.product_id, GRADES[one.action]) for one in events] if page is None else _seen(page, events)
            for product_id, grade in seen:
                if (place := self._places.get(product_id)) is not None:
                    shown[place] = max(shown.get(place, 0.0), grade)
            yield queries[name], shown

    @cached_property
    def _choices(self) -> list[tuple[Event, str, Exposure | None]]:
        """Events that choose a product after a search, with the search in normal form and its page where it is kept."""
        log, choosing = self.events, [action for action, grade in GRADES.items() if grade > 0]
        named = (log.request_id != "") | (log["query"] != "")
        lines = log.filter(log.action.isin(choosing) & (log.product_id != "") & named)
        names = ("event_id", "timestamp", "action", "user_id", "product_id", "query", "request_id")
        end = (today() + 1) * SECONDS_A_DAY
        pages = {page.request_id: page for page in self.folder.exposures.between(0.0, end, searches=True)}
        found: list[tuple[Event, str, Exposure | None]] = []
        for batch in lines.select(*names).to_pyarrow().to_batches():
            for row in batch.to_pylist():
                page = pages.get(row["request_id"])
                if query := normalise(page.query if page else row["query"]):
                    found.append((Event(**(row | {"timestamp": row["timestamp"].timestamp()})), query, page))
        return found


def _seen(page: Exposure, events: list[Event]) -> list[tuple[str, float]]:
    """The products of a page down to the last one that was chosen, each with its grade from 0."""
    grades = np.maximum(outcomes(page, events), 0.0)
    chosen = np.flatnonzero(grades > 0)
    n = int(chosen[-1]) + 1 if len(chosen) else 0
    return list(zip(page.product_ids[:n], grades[:n].tolist(), strict=True))


def _moment(day: float) -> datetime:
    return datetime.fromtimestamp(day * SECONDS_A_DAY, UTC)
