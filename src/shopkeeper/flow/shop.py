"""An opened shop: its folder, what it knows now, and the version that answers."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from shopkeeper.errors import UnknownProduct, not_learnt
from shopkeeper.exposure import Exposure
from shopkeeper.feedback.attribution import Attribution, Origin
from shopkeeper.flow.gate import Gate
from shopkeeper.flow.hand import Hand
from shopkeeper.flow.said import said_again, said_in
from shopkeeper.flow.searches import Searches
from shopkeeper.flow.standings import Standings, read_ratings
from shopkeeper.flow.state import strange_to
from shopkeeper.flow.vectors import encoded
from shopkeeper.intake import rejected
from shopkeeper.observed import SECONDS_A_DAY, SESSION_DAYS, Choice, Observed
from shopkeeper.ports import (
    Feature,
    Follows,
    Forgets,
    Meets,
    Observes,
    Past,
    Ranker,
    Replays,
    Rule,
    Shows,
    Source,
    Updates,
)
from shopkeeper.profile.profiles import Profiles
from shopkeeper.profile.sayings import NOTHING_TOLD
from shopkeeper.rank.later import LaterRows
from shopkeeper.rank.rerank import Rerank
from shopkeeper.recall.gather import Plan
from shopkeeper.settings import FUSED, Settings
from shopkeeper.store.folder import ShopFolder
from shopkeeper.store.versions import VersionInfo
from shopkeeper.types import (
    ACTION_CODES,
    NEW_USER,
    Catalog,
    Event,
    FloatArray,
    Intent,
    Product,
    Request,
    RowArray,
    Scene,
)
from shopkeeper.understand.structured import Structured
from shopkeeper.understand.suggest import Suggester
from shopkeeper.understand.understanding import Understanding

VISIT_DAYS = 0.5
"""No visit is longer: what it chose at its end followed a search that is no longer ago."""


def today() -> float:
    """The moment, in days since 1970-01-01 UTC."""
    return time.time() / SECONDS_A_DAY


@dataclass(frozen=True)
class Trained:
    """A version, loaded: everything that answers. vectors float32 (n_products when learnt, d), memory-mapped."""

    version: VersionInfo
    last_seq: int
    n_products: int
    sources: Mapping[str, Source]
    features: Mapping[str, Feature]
    rankers: Mapping[str, Ranker]
    rules: Mapping[str, Rule]
    scenes: Mapping[Scene, str]
    vectors: FloatArray | None
    understanding: Understanding
    suggester: Suggester
    structured: Structured | None = None
    search: tuple[str, Ranker] | None = None
    day: float = 0.0
    rerank: Rerank | None = None

    def opened(self, request: Request, intent: Intent) -> Request:
        """The request, wide where scores, not ranks, order the search. A code is found by its letters alone."""
        by_scores = self.search is not None and self.search[0] != FUSED
        asked = request.scene == "search" and bool(request.query) and request.sort == "relevance"
        return replace(request, wide=True) if by_scores and asked and not intent.is_code else request

    def ranker_for(self, request: Request, *, has_history: bool) -> tuple[str, Ranker]:
        """The scene's ranker with its name where it was taught, else the fused score.

        Windows teach on shoppers with a history in the log: somebody without one gets the fused score.
        """
        if request.wide and self.search is not None:
            return self.search
        name = self.scenes.get(request.scene, FUSED) if has_history and request.scene != "search" else FUSED
        name = name if name in self.rankers else FUSED
        return name, self.rankers[name]

    @cached_property
    def later(self) -> LaterRows:
        """The feature rows of pages whose ranker reads none."""
        return LaterRows(self.features)

    def parts(self) -> Iterator[object]:
        """Whatever may observe, update or forget."""
        yield from self.sources.values()
        yield from self.features.values()
        yield from self.rules.values()
        yield self.understanding
        yield self.suggester
        if self.structured is not None:
            yield self.structured

    @cached_property
    def _observers(self) -> tuple[Observes, ...]:
        return tuple(part for part in self.parts() if isinstance(part, Observes))

    @cached_property
    def _meeters(self) -> tuple[Meets, ...]:
        return tuple(part for part in self.parts() if isinstance(part, Meets))

    @cached_property
    def showing(self) -> tuple[Shows, ...]:
        """What counts how often products were shown."""
        return tuple(part for part in self.parts() if isinstance(part, Shows))

    def observe(self, event: Observed, profiles: Profiles) -> None:
        """The event enters every live state of this version."""
        for part in self._observers:
            part.observe(event)
        self._meet(event, profiles)

    def _meet(self, event: Observed, profiles: Profiles) -> None:
        for part in self._meeters if event.row >= 0 else ():
            part.meet(event, partial(profiles.portrait, event.user, event.session, event.day))

    def replay(self, past: Past, profiles: Profiles) -> None:
        """What came before enters every live state of this version."""
        for event in past if self._meeters else ():
            self._meet(event, profiles)
        for part in self._observers:
            if isinstance(part, Replays):
                part.replay(past)
            else:
                for event in past:
                    part.observe(event)

    def follow(self, choice: Choice) -> None:
        """What was chosen after a search enters every live state of this version."""
        for part in self.sources.values():
            if isinstance(part, Follows):
                part.follow(choice)


class Shop:
    """One shop, open. Reading is lock-free; a change replaces what is read in one assignment."""

    def __init__(self, folder: ShopFolder, plan: Plan, load: "Loader") -> None:
        self.folder = folder
        self.settings: Settings = folder.settings
        self.name = self.settings.shop.name
        self.title = self.settings.shop.title or self.name
        self.catalog: Catalog = folder.products.catalog()
        self.gate = Gate()
        self.searches = Searches()
        self.attribution = Attribution(folder.exposures.query_of)
        self.hand = Hand(folder.path, self.settings.understand.synonyms.weight, keeps=folder.writable)
        self.plan = plan
        self._load = load
        self._changing = threading.RLock()
        self._remembering = threading.Lock()
        self._trained: Trained | None = None
        with folder.events.opening():
            self.profiles = self._portraits()
            self.reload()

    @property
    def trained(self) -> Trained:
        """The version that answers. Raises NoVersion before the first."""
        if self._trained is None:
            raise not_learnt(self.folder.path)
        return self._trained

    @property
    def version(self) -> VersionInfo | None:
        """The version that answers, None before the first."""
        return self._trained.version if self._trained else None

    @property
    def vectors(self) -> FloatArray | None:
        """float32 (n_products when learnt, d), None without an encoder."""
        return self._trained.vectors if self._trained else None

    def reload(self) -> bool:
        """Swaps to the current version if it is another; requests under way end on the old one."""
        with self._changing:
            current = self.folder.versions.current()
            if current is None or (self._trained and self._trained.version.number == current.number):
                return False
            fresh = self._load(self.folder, self.catalog)
            if fresh is not None:
                strange = strange_to(self.folder, fresh.version, fresh.n_products, self.catalog.deleted)
                self._introduce(fresh, strange)
                if fresh.showing:
                    self._show(fresh, self.folder.exposures.times_shown())
            # an event is in the new version's state either by replay or by take, never by both
            with self.gate.closed():
                if fresh is not None:
                    # by arrival: an event that came late is none the less new to the version
                    past = self.folder.events.past_since(fresh.last_seq, self.catalog, self.folder.users)
                    fresh.replay(_not_ahead(past), self.profiles)
                    self._follow(fresh)
                    rated = self.folder.events.rated_since(fresh.last_seq)
                    rows = [(self.catalog.row_of.get(event.product_id, -1), event) for event in rated]
                    self.standings.know(*read_ratings(fresh.version.path), rows)
                self._trained = fresh
            return True

    def take(self, event: Event) -> None:
        """The event, which is in the log already, enters everything that keeps a live state."""
        seen, origin = self._observed(event), self.attribution.take(event)
        self.profiles.observe(seen)
        if (said := said_in(event, self.catalog, seen.user)) is not None:
            self.profiles.hear(said)
        if (guest := self.profiles.known(seen.user, event.session_id)) != NOTHING_TOLD:
            self.folder.events.append(said_again(guest, event, self.catalog))
        self.standings.see(seen.row, event, seen.day)
        if event.action == "search":
            self.searches.note(event.user_id, event.session_id, event.query)
        if self._trained:
            self._trained.observe(seen, self.profiles)
            if origin.query and seen.row >= 0:
                self._trained.follow(choice_of(event, origin, seen.row, seen.user))

    def _follow(self, fresh: Trained) -> None:
        """Shows a version what was chosen after searches since it was learnt, and after some that it was learnt with.

        While the shop opens, this is also how it comes to know the visits under way.
        """
        attribution = Attribution(self.folder.exposures.query_of) if self._trained else self.attribution
        after = (fresh.day - VISIT_DAYS) * SECONDS_A_DAY
        for seq, event in self.folder.events.after_searches(fresh.last_seq, after):
            origin, row = attribution.take(event), self.catalog.row_of.get(event.product_id, -1)
            if origin.query and row >= 0 and seq > fresh.last_seq:
                fresh.follow(choice_of(event, origin, row, self.folder.users.row(event.user_id)))

    def _portraits(self) -> Profiles:
        """The log up to a session's length ago, and what came later event by event, so that sessions live on."""
        day = today() - SESSION_DAYS
        log, guests = self.folder.events.told_apart(self.catalog, self.folder.users)
        self.standings = Standings(log, guests, len(self.catalog))
        profiles = Profiles(log.before(day))
        for event in self._lately(day):
            profiles.observe(event)
        for told in self.folder.events.of_action("answer"):
            if (said := said_in(told, self.catalog, self.folder.users.row(told.user_id))) is not None:
                profiles.known(said.user, said.session)  # as when it was said: what the guest had said came before
                profiles.hear(said)
        return profiles

    def _lately(self, day: float) -> Past:
        """What happened at `day` or later, in order of time."""
        return _not_ahead(self.folder.events.past_tail(day * SECONDS_A_DAY, self.catalog, self.folder.users))

    def _observed(self, event: Event) -> Observed:
        """The event in rows and days; see `_not_ahead`."""
        return Observed(
            action=ACTION_CODES[event.action],
            day=min(event.timestamp / SECONDS_A_DAY, today()),
            user=self.folder.users.row(event.user_id) if event.user_id else NEW_USER,
            row=self.catalog.row_of.get(event.product_id, -1) if event.product_id else -1,
            session=event.session_id,
            quantity=event.quantity,
        )

    def product(self, product_id: str) -> Product:
        """The product. Raises UnknownProduct."""
        found = self.folder.products.get(product_id)
        if found is None:
            raise UnknownProduct(f"no product '{product_id}' in shop '{self.name}'.")
        return found

    def row(self, product_id: str) -> int:
        """The product's row. Raises UnknownProduct."""
        row = self.catalog.row_of.get(product_id)
        if row is None:
            raise UnknownProduct(f"no product '{product_id}' in shop '{self.name}'.")
        return row

    def put(self, products: Sequence[Product]) -> RowArray:
        """Writes products; the next page and the next search know them. Rows int32 (m,)."""
        with self._changing:
            rows = self.folder.products.upsert(products)
            self._changed(rows)
            return rows

    def delete(self, product_ids: Sequence[str]) -> RowArray:
        """Deletes products; rows int32 (m,) of those that there were."""
        with self._changing:
            rows = self.folder.products.delete(product_ids)
            self._changed(rows)
            return rows

    def _changed(self, rows: RowArray) -> None:
        self.catalog = self.folder.products.catalog()
        if self._trained is not None:
            self._introduce(self._trained, rows)

    def _introduce(self, trained: Trained, rows: RowArray) -> None:
        """Shows products that the version has not learnt, or not as they are now, to what can take them in."""
        if not len(rows):
            return
        vectors = encoded(self.folder, trained.understanding.encoder, rows)
        for part in trained.parts():
            if isinstance(part, Updates):
                part.update(self.catalog, rows, vectors)

    def erase(self, user_id: str) -> dict[str, int]:
        """Removes everything held of a shopper; the receipt counts what was removed, by kind."""
        with self._changing, self.gate.closed():  # an event on its way must not bring back what was just forgotten
            row = self.folder.users.row(user_id)
            receipt = dict.fromkeys(("exposures", "events", "rejected", "states", "users", "report_files"), 0)
            visits = self.folder.events.visits(user_id) | self.folder.exposures.visits(user_id)
            receipt["events"] = self.folder.events.erase(user_id, visits)
            receipt["rejected"] = rejected.forget(self.folder.path, user_id)
            self.searches.forget(user_id, visits)
            self.attribution.forget(user_id)
            self.standings.forget(user_id, self.profiles.portrait(row))
            if row >= 0:
                self.profiles.forget(row, lambda: self._lately(today() - SESSION_DAYS))
                forgetting = (
                    [part for part in self._trained.parts() if isinstance(part, Forgets)] if self._trained else []
                )
                for part in forgetting:
                    part.forget(row)
                receipt["states"] = 1 + len(forgetting)
            with self._remembering:
                receipt["users"] = self.folder.users.erase(user_id)
            # last: pages do not wait at the gate, and one that was made meanwhile may have been remembered
            receipt["exposures"] = self.folder.exposures.erase(user_id, visits)
            if any(receipt.values()):
                receipt["report_files"] = self.folder.scrub()
            return receipt

    def remember(self, exposure: Exposure) -> None:
        """The page becomes an exposure, unless its shopper was erased since or the shop is open for reading only."""
        if not self.folder.writable:
            return
        with self._remembering:  # an id that is held now is held until the exposure can be erased
            if not exposure.user_id or self.folder.users.row(exposure.user_id) != NEW_USER:
                self.folder.exposures.append(exposure)
                if self._trained is not None and self._trained.showing:
                    self._show(self._trained, dict.fromkeys(exposure.product_ids, 1))

    def _show(self, trained: Trained, times: Mapping[str, int]) -> None:
        """Pages showed these products so many times."""
        known = {row: n for product_id, n in times.items() if (row := self.catalog.row_of.get(product_id, -1)) >= 0}
        for part in trained.showing:
            part.show(np.array(list(known), np.int32), np.array(list(known.values()), np.int64))

    def __enter__(self) -> "Shop":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Writes what is buffered and gives the lock back."""
        if self.plan.crew is not None:
            self.plan.crew.close()
        self.folder.close()


def choice_of(event: Event, origin: Origin, row: int, user: int, weight: float = 1.0) -> Choice:
    """The event as a choice after a search, in rows and days; see `_not_ahead`."""
    day = min(event.timestamp / SECONDS_A_DAY, today())
    return Choice(origin.query, ACTION_CODES[event.action], day, user, row, event.session_id, weight)


def _not_ahead(past: Past) -> Past:
    """A clock that runs ahead is taken back to now, or the event would be invisible."""
    return replace(past, days=np.minimum(past.days, today()))


Loader = Callable[[ShopFolder, Catalog], Trained | None]
