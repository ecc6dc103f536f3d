"""What shoppers did, as the language model learns it: what was chosen for a search, and what was bought together."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.encode.corpus import Corpus, Judgements
from shopkeeper.encode.pairs import Pairs, together
from shopkeeper.feedback.joins import GRADES, outcomes
from shopkeeper.flow.past import past_queries
from shopkeeper.flow.vectors import Shelf
from shopkeeper.store.folder import ShopFolder
from shopkeeper.store.snapshot import snapshot
from shopkeeper.text import normalise
from shopkeeper.types import Catalog, Event, Exposure

if TYPE_CHECKING:
    import ibis

SECONDS_A_DAY = 86_400.0
CUTS = (0.0, 0.5, 1.5)
"""What is above so many of these, on the mean of all times that it was shown, is the product's grade for a search."""

Shown = tuple[str, str, float, float]
"""A query in normal form, a product's id, what was done about it (1 click, 2 cart, 3 purchase, 0 passed), when."""


@dataclass(frozen=True)
class Behaviour:
    """The log of a shop up to `day`: what is before `edge` is learnt from, what came since measures."""

    folder: ShopFolder
    events: "ibis.Table"
    catalog: Catalog
    shelf: Shelf
    day: float
    edge: float

    @classmethod
    def of(cls, folder: ShopFolder, events: "ibis.Table | None", catalog: Catalog, shelf: Shelf) -> "Behaviour":
        """The whole log, or the repaired one in `events`; the last `learn.holdout_days` of it measure."""
        table = folder.events.table() if events is None else events
        last = table.timestamp.max().to_pyarrow().as_py()
        day = 0.0 if last is None else last.timestamp() / SECONDS_A_DAY
        return cls(folder, table, catalog, shelf, day, day - folder.settings.learn.holdout_days)

    def added_to(self, corpus: Corpus, parts: Collection[str]) -> Corpus:
        """The corpus with those of its parts that the log can fill: `judged`, `pairs` (and later ones), `queries`."""
        if "judged" in parts:
            corpus = replace(corpus, judged=self.judged())
        if "pairs" in parts:
            pairs, later = self.together()
            corpus = replace(corpus, pairs=pairs, later=later)
        if "queries" in parts:
            corpus = replace(corpus, queries=self.queries())
        return corpus

    def queries(self) -> list[str]:
        """What several shoppers asked before `edge`: what one alone typed is not for a model to remember."""
        before = self.events.filter(self.events.timestamp < datetime.fromtimestamp(self.edge * SECONDS_A_DAY, UTC))
        return list(past_queries(before, self.folder.settings))

    def judged(self) -> Judgements:
        """Searches before `edge` with what was chosen and what was passed over, one grade a query and product.

        Source: Joachims, "Optimizing search engines using clickthrough data", KDD 2002: what stands above the last
        choice was seen; of what stands below nobody knows.
        """
        place_of = self._places()
        grades: dict[tuple[str, int], list[float]] = defaultdict(list)
        for query, product_id, grade, then in self._shown():
            if then < self.edge * SECONDS_A_DAY and product_id in place_of:
                grades[query, place_of[product_id]].append(grade)
        means = np.array([np.mean(own) for own in grades.values()])
        rows = np.array([place for _, place in grades], np.int64)
        cut = (means[:, None] > np.array(CUTS)).sum(axis=1) if len(means) else np.empty(0, np.int64)
        return Judgements([query for query, _ in grades], rows, np.asarray(cut, np.int64))

    def asked_later(self) -> list[tuple[str, int]]:
        """Searches since `edge` with the place among the goods of what was chosen, each pair once."""
        place_of = self._places()
        return list(
            {
                (query, place_of[product_id]): None
                for query, product_id, grade, then in self._shown()
                if grade > 0 and then >= self.edge * SECONDS_A_DAY and product_id in place_of
            }
        )

    def together(self) -> tuple[Pairs, Pairs]:
        """Texts of products bought or looked at together before `edge`, and since."""
        texts = np.full(len(self.catalog), "", object)
        texts[self.shelf.rows] = self.shelf.texts
        known = snapshot(self.folder, events=self.events, catalog=self.catalog).interactions
        unsaid = np.array([not text for text in dict.fromkeys(texts.tolist())], bool)
        before = together(known, texts.tolist(), self.edge)
        later = together(known.filter(known.day >= self.edge), texts.tolist(), np.inf)
        return before.without(unsaid), later.without(unsaid)

    def _places(self) -> Mapping[str, int]:
        """The place of each product among the goods, by its id."""
        return {self.catalog.product_ids[row]: place for place, row in enumerate(self.shelf.rows.tolist())}

    def _shown(self) -> Iterator[Shown]:
        """What was chosen and passed over on pages of searches; of searches whose page is not kept, what was chosen."""
        told: dict[str, list[Event]] = defaultdict(list)
        for event in self._chosen():
            told[event.request_id].append(event)
        for page in self.folder.exposures.between(0.0, (self.day + 1) * SECONDS_A_DAY):
            query = normalise(page.query)
            if query and page.request_id in told:
                yield from _seen(page, query, told.pop(page.request_id))
        for events in told.values():
            for event in events:
                if query := normalise(event.query):
                    yield query, event.product_id, GRADES[event.action], event.timestamp

    def _chosen(self) -> Iterator[Event]:
        """Events that choose a product and name a page or a search."""
        log = self.events
        choosing = log.action.isin([action for action, grade in GRADES.items() if grade > 0])
        named = (log.request_id != "") | (log["query"] != "")
        lines = log.filter(choosing & (log.product_id != "") & named).to_pyarrow()
        names = ("event_id", "timestamp", "action", "product_id", "query", "request_id")
        for batch in lines.select(names).to_batches():
            for row in batch.to_pylist():
                yield Event(**(row | {"timestamp": row["timestamp"].timestamp()}))


def _seen(page: Exposure, query: str, events: list[Event]) -> Iterator[Shown]:
    """The products of a page down to the last one that was chosen."""
    grades = outcomes(page, events)
    chosen = np.flatnonzero(grades > 0)
    for place in range(int(chosen[-1]) + 1 if len(chosen) else 0):
        yield query, page.product_ids[place], max(float(grades[place]), 0.0), page.timestamp
