"""What shoppers chose after their searches: from the whole log for learning, and since a version for serving."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.feedback.attribution import CHOOSING, Attribution, Origin
from shopkeeper.flow.click_judgments import CLIP, examination, searches
from shopkeeper.flow.shop import choice_of
from shopkeeper.measure.clicks import Chances
from shopkeeper.observed import SECONDS_A_DAY, Choice, Search
from shopkeeper.ports import Encoder
from shopkeeper.store.folder import ShopFolder
from shopkeeper.text import normalise
from shopkeeper.types import Catalog, Event
from shopkeeper.understand.mining import CatalogWords, mined
from shopkeeper.understood import Mined, Way

if TYPE_CHECKING:
    import ibis

LATEST = 1_000_000
"""So many choices are learnt from, the latest."""
_COLUMNS = ("event_id", "timestamp", "action", "user_id", "session_id", "product_id", "query", "request_id", "position")


@dataclass(frozen=True, slots=True)
class Followed:
    """Searches, and what was chosen after searches, each oldest first; and the log that says so."""

    events: "ibis.Table"
    searches: tuple[Search, ...]
    choices: tuple[Choice, ...]

    def before(self, day: float) -> "Followed":
        """What was known at `day`."""
        return Followed(
            self.events,
            tuple(search for search in self.searches if search.day < day),
            tuple(choice for choice in self.choices if choice.day < day),
        )


def followed(folder: ShopFolder, events: "ibis.Table", catalog: Catalog, day: float, edge: float) -> Followed:
    """What followed searches before `day`, each choice weighed by how seldom its place is looked at.

    How places are looked at is learnt from pages before day `edge`, where the log tells it at all: see
    `flow/click_judgments.py`.
    """
    pages = folder.exposures.queries()
    lines = list(attributed(_of_searches(events), Attribution(pages.get)))
    told = [(event, origin) for event, origin in lines if origin.query]
    weights = _weights(folder, edge) if any(origin.place >= 0 for _, origin in told) else np.empty(0)
    rows, row_of = catalog.row_of, folder.users.row
    found = (
        choice_of(event, origin, rows.get(event.product_id, -1), row_of(event.user_id), _weight(weights, origin.place))
        for event, origin in told[-LATEST:]
    )
    choices = tuple(choice for choice in found if choice.row >= 0 and choice.day < day)
    return Followed(events, tuple(each for each in _searches(lines, row_of) if each.day < day), choices)


def mined_from(
    ways: Collection[Way], shelf: CatalogWords, encoder: Encoder | None, past: Followed
) -> tuple[Mined, ...]:
    """The synonyms that what followed searches, and the catalogue, show in these ways."""
    return mined(ways, past.searches, past.choices, shelf, encoder)


def _searches(lines: Sequence[tuple[Event, Origin]], row_of: Callable[[str], int]) -> list[Search]:
    """The searches of visits that have a name, and whether anything was chosen after each."""
    found: list[Search] = []
    latest: dict[tuple[str, str], int] = {}
    for event, origin in lines:
        visit = event.session_id or event.user_id
        query = normalise(event.query) if event.action == "search" else origin.query
        if not visit or not query:
            continue
        if event.action == "search":
            latest[visit, query] = len(found)
            found.append(Search(query, visit, row_of(event.user_id), event.timestamp / SECONDS_A_DAY, False))
        elif (at := latest.get((visit, query))) is not None:
            found[at] = found[at]._replace(chose=True)
    return found[-LATEST:]


def attributed(events: Iterable[Event], attribution: Attribution) -> Iterator[tuple[Event, Origin]]:
    """Each event, in order, with the search that it followed."""
    for event in events:
        yield event, attribution.take(event)


def _of_searches(log: "ibis.Table") -> Iterator[Event]:
    """Searches, and what may have followed one, oldest first."""
    asked = (log.action == "search") & (log["query"] != "")
    visits = log.filter(asked & (log.session_id != "")).select("session_id").distinct()
    named = (log["query"] != "") | (log.request_id != "")
    follows = log.action.isin(sorted(CHOOSING)) & (named | log.session_id.isin(visits.session_id))
    lines = log.filter(asked | follows).select(*_COLUMNS).order_by("timestamp", "event_id")
    for batch in lines.to_pyarrow().to_batches():
        for row in batch.to_pylist():
            yield Event(**(row | {"timestamp": row["timestamp"].timestamp()}))


def _weights(folder: ShopFolder, edge: float) -> Chances:
    """What a choice in each place counts, float64 (d,): one over how likely it is looked at."""
    looked_at, _ = examination(searches(folder, edge * SECONDS_A_DAY).pages)
    return np.minimum(1.0 / np.maximum(looked_at, 1e-9), CLIP)


def _weight(weights: Chances, place: int) -> float:
    return float(weights[place]) if 0 <= place < len(weights) else 1.0
