"""Claims:

1. Every source is asked only about the requests of its scenes, and answers stay with their request.
2. A source that raises is named "name: failed", the others still answer, and the log holds no word of the error's text.
3. A source past its budget is named and not waited for; without a crew it is waited for.
4. The request's deadline, or the plan's where it has none, ends a budget that is longer.
5. What stands behind a late source is still asked; past the deadline nothing more is begun. A source whose abandoned
   calls are still running is named at once and not called again.
6. Totals and facets come from the source that knows them; -1 and empty elsewhere.
7. A search of which products hold every word holds only these, and nothing where filters leave none of them; one of
   which too few hold every word is filled up behind them. One whose words match in part is filled up, and meaning has
   its full weight there. A sorted one whose words find anything holds only that, in the order offered, however few are
   kept.
8. A plan takes limit, k, weights and budgets from the settings; a scene that a ranker orders has its own depth.
9. A source that only computes is asked in the request's own thread until it overruns its budget once, and again after
   it has kept to it often enough in turn; what it found there counts, late or not.
10. A wide search holds what every source finds, each with its full weight, and knows of each product what every source
    that can say so thinks of it; one that fails to say is named, and the others' offers stand.
11. Of a search that holds what has every word alone, a source that can order is asked for the order of that, whatever
    its place among the sources, also where the words are looked for in another thread; of the others of a batch, and
    where the words are late, for its own offers.
"""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest
from pydantic import BaseModel

from shopkeeper.portrait import NO_PORTRAIT
from shopkeeper.recall.crew import FORGIVEN, Crew, Job
from shopkeeper.recall.gather import Found, Plan, gather
from shopkeeper.settings import Settings, SourceSettings
from shopkeeper.testing import worlds
from shopkeeper.types import SCENES, Batch, FloatArray, Intent, Offer, Request, RowArray, Scene, Sort


class Fixed:
    """Offers the same row to every request; can be made to wait or to fail."""

    Settings: ClassVar[type[BaseModel]] = SourceSettings
    scenes: ClassVar[frozenset[Scene]] = frozenset(SCENES)

    def __init__(self, row: int) -> None:
        self.row = row
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.n_asked = 0

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        self.n_asked += len(batch)
        self.gate.wait(10.0)
        if self.error:
            raise self.error
        return [Offer(np.array([self.row], np.int32), np.ones(1, np.float32)) for _ in batch.requests]


class AtHome(Fixed):
    scenes = frozenset({"home"})


class InSearch(Fixed):
    scenes = frozenset({"search"})

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        return [replace(offer, total=41, facets={"brand": {"Acme": 41}}) for offer in super().recall(batch, limit)]


@pytest.fixture
def crew() -> Iterator[Crew]:
    made = Crew(n_threads=4)
    yield made
    made.close()


def three() -> Batch:
    ones = [worlds.ask(Request(request_id="", scene=scene, day=0.0)) for scene in ("home", "search", "home")]
    return Batch(
        tuple(one.requests[0] for one in ones),
        tuple(one.intents[0] for one in ones),
        tuple(one.portraits[0] for one in ones),
    )


def one(deadline_ms: float | None = 5000.0) -> Batch:
    return worlds.ask(Request(request_id="", scene="home", day=0.0, deadline_ms=deadline_ms))


def test_a_source_is_asked_only_about_its_scenes() -> None:
    home, search = AtHome(1), InSearch(2)
    found = gather({"home": home, "search": search}, three(), Plan())
    assert found.candidates.rows.tolist() == [1, 2, 1]
    assert found.candidates.offsets.tolist() == [0, 1, 2, 3]
    assert (home.n_asked, search.n_asked) == (2, 1)


@pytest.mark.parametrize("in_time", [True, False])
def test_a_failing_source_is_named_and_the_others_answer(
    in_time: bool, crew: Crew, caplog: pytest.LogCaptureFixture
) -> None:
    broken, well = Fixed(1), Fixed(2)
    broken.error = ValueError("secret words of a shopper")
    with caplog.at_level(logging.DEBUG):
        found = gather({"broken": broken, "well": well}, one(), Plan(crew=crew if in_time else None))
    assert found.late == ("broken: failed",)
    assert found.candidates.rows.tolist() == [2]
    assert "source=broken failed error=ValueError file=test_gather.py" in caplog.text
    assert "secret" not in caplog.text


def test_a_source_past_its_budget_is_named_and_not_waited_for(crew: Crew) -> None:
    slow, well = Fixed(1), Fixed(2)
    slow.gate.clear()
    plan = Plan(budgets_ms={"slow": 5.0, "well": 5000.0}, crew=crew)
    found = gather({"slow": slow, "well": well}, one(), plan)
    slow.gate.set()
    assert found.late == ("slow",)
    assert found.candidates.rows.tolist() == [2]
    assert "slow" not in found.spans_ms


def test_what_stands_behind_a_late_source_is_still_asked(crew: Crew) -> None:
    slow, slower, well = Fixed(1), Fixed(2), Fixed(3)
    slow.gate.clear()
    slower.gate.clear()
    plan = Plan(budgets_ms={"slow": 5.0, "slower": 5.0, "well": 5000.0}, crew=crew)
    found = gather({"slow": slow, "slower": slower, "well": well}, one(), plan)
    slow.gate.set()
    slower.gate.set()
    assert found.late == ("slow", "slower")
    assert found.candidates.rows.tolist() == [3]
    assert well.n_asked == 1


def test_past_the_deadline_nothing_more_is_begun(crew: Crew) -> None:
    slow, behind = Fixed(1), Fixed(2)
    slow.gate.clear()
    found = gather({"slow": slow, "behind": behind}, one(deadline_ms=5.0), Plan(crew=crew))
    slow.gate.set()
    assert found.late == ("slow", "behind")
    assert len(found.candidates.rows) == 0


def test_a_job_runs_once_whoever_begins_it() -> None:
    source = Fixed(1)
    job = Job("once", lambda: source.recall(one(), 1))
    job.run()
    job.run()
    assert source.n_asked == 1
    assert not job.claim()


def test_without_a_crew_no_source_is_late() -> None:
    found = gather({"a": Fixed(1)}, one(), Plan(budgets_ms={"a": 1e-9}))
    assert found.late == ()
    assert found.candidates.rows.tolist() == [1]


def test_the_deadline_of_the_request_ends_a_longer_budget(crew: Crew) -> None:
    slow = Fixed(1)
    slow.gate.clear()
    plan = Plan(budgets_ms={"slow": 1e9}, deadline_ms=5.0, crew=crew)
    found = [gather({"slow": slow}, asked, plan) for asked in (one(deadline_ms=5.0), one(deadline_ms=None))]
    slow.gate.set()
    assert [each.late for each in found] == [("slow",)] * 2


def test_a_source_that_hangs_is_not_called_again_and_again(crew: Crew) -> None:
    slow = Fixed(1)
    slow.gate.clear()
    plan = Plan(budgets_ms={"slow": 5.0}, crew=crew)
    lates = [gather({"slow": slow}, one(), plan).late for _ in range(5)]
    n_asked = slow.n_asked
    slow.gate.set()
    assert lates == [("slow",)] * 5
    assert n_asked <= crew.most_overdue


def test_totals_and_facets_come_from_the_source_that_counts() -> None:
    found = gather({"plain": Fixed(1), "counting": InSearch(2)}, three(), Plan())
    assert found.totals.tolist() == [-1, 41, -1]
    assert found.facets == ({}, {"brand": {"Acme": 41}}, {})


def test_a_plan_is_made_from_the_settings() -> None:
    recall = {"limit": 50, "rrf_k": 20, "budget_ms": 60.0, "deadline_ms": 90.0}
    settings = Settings({"recall": {**recall, "popular": {"weight": 0.5, "budget_ms": 7.0}}})
    plan = Plan.of(settings)
    assert (plan.limit, plan.rrf_k) == (50, 20)
    assert (plan.weights["popular"], plan.budgets_ms["popular"]) == (0.5, 7.0)
    assert (plan.budgets_ms["lexical"], plan.deadline_ms) == (60.0, 90.0)
    assert set(plan.weights) == set(settings.enabled("source"))


def test_in_a_scene_that_a_ranker_orders_only_as_many_go_on_as_it_is_given() -> None:
    settings = Settings({"recall": {"keep": 40}, "rank": {"depth": 10, "rankers": {"home": "lambdarank"}}})
    assert sizes("home", Plan.of(settings)) == [10]
    assert sizes("search", Plan.of(settings)) == [30]
    fewer = Settings({"recall": {"keep": 12}, "rank": {"depth": 20, "rankers": {"home": "lambdarank"}}})
    assert sizes("home", Plan.of(fewer)) == sizes("search", Plan.of(fewer)) == [12]
    assert sizes("home", replace(Plan.of(fewer), keep=None)) == [20]


def sizes(scene: Scene, plan: Plan) -> list[int]:
    """How many of thirty rows offered go on."""
    asked = Batch((Request(request_id="", scene=scene, day=0.0),), (Intent(),), (NO_PORTRAIT,))
    offsets = gather({"popular": Several(range(30))}, asked, plan).candidates.offsets.tolist()
    return [end - start for start, end in pairwise(offsets)]


class Several(Fixed):
    """Offers each request its own rows."""

    def __init__(self, *rows: Sequence[int], whole: bool = False, partly: Sequence[int] = ()) -> None:
        super().__init__(0)
        self.rows = rows
        self.whole = whole
        self.partly = np.array(partly, np.int32)

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        return [
            Offer(
                np.array(rows, np.int32), -np.arange(len(rows), dtype=np.float32), whole=self.whole, partly=self.partly
            )
            for rows in self.rows
        ]


def gathered(words: Several, asked: Sequence[Request], keep: int | None = None) -> Found:
    """What is found, where 5 to 24 are near in meaning, which counts a tenth beside words."""
    batch = Batch(tuple(asked), (Intent(),) * len(asked), (NO_PORTRAIT,) * len(asked))
    sources = {"semantic": Several(*[list(range(5, 25))] * len(asked)), "lexical": words}
    weights: dict[str, Mapping[Scene, float]] = {"semantic": {"search": 0.1}}
    return gather(sources, batch, Plan(keep=keep, weights={"semantic": 1.0, "lexical": 1.0}, scene_weights=weights))


def found_by(words: Several, asked: Sequence[Request], keep: int | None = None) -> list[list[int]]:
    """The rows of each request."""
    candidates = gathered(words, asked, keep).candidates
    return [part.tolist() for part in np.split(candidates.rows, candidates.offsets[1:-1])]


def search(sort: Sort = "relevance", scene: Scene = "search") -> Request:
    return Request(request_id="", scene=scene, day=0.0, sort=sort)


def test_a_search_of_which_products_hold_every_word_holds_only_these() -> None:
    near = list(range(5, 25))
    found = found_by(Several([0, 7, 2], [], [0, 7, 2], whole=True), [search(), search(), search(scene="similar")])
    assert (sorted(found[0]), found[1]) == ([0, 2, 7], [])
    assert sorted(found[2]) == sorted({0, 7, 2, *near})


def test_a_search_of_which_too_few_hold_every_word_is_filled_up_behind_them() -> None:
    found = gathered(Several([0, 7, 2], whole=True, partly=[7, 2]), [search()])
    assert (found.in_part, found.partly[0].tolist()) == ((False,), [7, 2])
    assert found.candidates.rows[:3].tolist() == [7, 0, 2]  # what is near in meaning too gains a tenth
    assert sorted(found.candidates.rows.tolist()) == sorted({0, 7, 2, *range(5, 25)})


def test_a_search_whose_words_match_in_part_is_filled_up_and_meaning_counts_in_full() -> None:
    found = gathered(Several([0, 7, 2], [], [0, 7, 2]), [search(), search(), search(scene="similar")])
    assert found.in_part == (True, False, False)
    candidates = found.candidates
    parts = np.split(np.arange(len(candidates.rows)), candidates.offsets[1:-1])
    assert sorted(candidates.rows[parts[0]].tolist()) == sorted({0, 7, 2, *range(5, 25)})
    assert candidates.rows[parts[1]].tolist() == list(range(5, 25))
    meaning = candidates.shares[:, candidates.sources.index("semantic")]
    assert meaning[parts[0]].max() == pytest.approx(1 / 61)
    assert meaning[parts[1]].max() == pytest.approx(0.1 / 61)


@pytest.mark.parametrize("sort", ["price_asc", "price_desc", "newest"])
def test_a_sorted_search_holds_what_the_words_find_in_the_order_offered(sort: Sort) -> None:
    found = found_by(Several([30, 7, 2, 9], [], [4, 24, 3]), [search(sort), search(sort), search()], keep=3)
    assert found == [[30, 7, 2], [5, 6, 7], [24, 4, 5]]


class Computing(Fixed):
    """Says that it only computes; remembers in whose thread it was asked."""

    in_memory: ClassVar[bool] = True

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        self.thread = threading.current_thread()
        return super().recall(batch, limit)


def test_a_source_that_only_computes_is_asked_in_the_requests_own_thread(crew: Crew) -> None:
    quick, other = Computing(1), Fixed(2)
    found = gather({"quick": quick, "other": other}, three(), Plan(crew=crew))
    assert quick.thread is threading.current_thread()
    assert found.late == () and set(found.candidates.rows.tolist()) == {1, 2}


def test_once_it_overran_its_budget_it_counts_and_is_handed_over_from_then_on(crew: Crew) -> None:
    slow = Computing(1)
    plan = Plan(crew=crew, budgets_ms={"slow": 1e-6})
    found = gather({"slow": slow}, three(), plan)
    assert found.late == () and set(found.candidates.rows.tolist()) == {1}
    assert slow.thread is threading.current_thread()
    for _ in range(FORGIVEN - 1):
        gather({"slow": slow}, three(), Plan(crew=crew))
        assert slow.thread is not threading.current_thread()
    slow.gate.clear()
    assert gather({"slow": slow}, three(), Plan(crew=crew, budgets_ms={"slow": 1.0})).late == ("slow",)
    slow.gate.set()
    for _ in range(FORGIVEN):
        gather({"slow": slow}, three(), Plan(crew=crew))
        assert slow.thread is not threading.current_thread()
    gather({"slow": slow}, three(), Plan(crew=crew))
    assert slow.thread is threading.current_thread()


class Knowing(Several):
    """Thinks of every product below 100 what its row is."""

    def scores(self, request: Request, intent: Intent, rows: RowArray) -> FloatArray:
        return np.where(rows < 100, rows, np.nan).astype(np.float32)


def test_a_wide_search_holds_what_every_source_finds_with_what_each_thinks_of_it() -> None:
    request = replace(search(), wide=True)
    asked = Batch((request, search()), (Intent(),) * 2, (NO_PORTRAIT,) * 2)
    sources = {"lexical": Several([0, 7], [0, 7], whole=True), "semantic": Knowing([5, 101], [5, 101])}
    plan = Plan(weights=dict.fromkeys(sources, 1.0), scene_weights={"semantic": {"search": 0.1}})
    found = gather(sources, asked, plan).candidates
    own = slice(0, int(found.offsets[1]))
    told = dict(zip(found.rows[own].tolist(), found.scores[own, found.sources.index("semantic")].tolist(), strict=True))
    assert told == {0: 0.0, 7: 7.0, 5: 0.0, 101: -1.0}
    assert found.shares[own].max(axis=0).tolist() == pytest.approx([1 / 61, 1 / 61])
    assert sorted(found.rows[own.stop :].tolist()) == [0, 7]


class Mute(Knowing):
    """Raises where it is asked what it thinks."""

    def scores(self, request: Request, intent: Intent, rows: RowArray) -> FloatArray:
        raise RuntimeError("secret words")


def test_a_source_that_fails_to_say_what_it_thinks_is_named(caplog: pytest.LogCaptureFixture) -> None:
    asked = Batch((replace(search(), wide=True),), (Intent(),), (NO_PORTRAIT,))
    found = gather({"lexical": Several([0, 7], whole=True), "semantic": Mute([5])}, asked, Plan())
    assert found.late == ("semantic: failed",) and sorted(found.candidates.rows.tolist()) == [0, 5, 7]
    assert "RuntimeError" in caplog.text and "secret" not in caplog.text


class Ordering(Several):
    """Likes high rows."""

    def order(self, request: Request, intent: Intent, rows: RowArray) -> Offer:
        return Offer(np.sort(rows)[::-1], np.zeros(len(rows), np.float32))


def test_where_the_words_say_what_is_shown_a_source_orders_only_that() -> None:
    for names in (("lexical", "semantic"), ("semantic", "lexical")):
        sources = {"lexical": Several([0, 7, 2], [0, 7, 2], whole=True), "semantic": Ordering([5, 2])}
        asked = Batch((search(), replace(search(), wide=True)), (Intent(),) * 2, (NO_PORTRAIT,) * 2)
        found = gather({name: sources[name] for name in names}, asked, Plan()).candidates
        own = found.take(np.arange(int(found.offsets[1])))
        places = own.ranks[:, own.sources.index("semantic")].tolist()
        assert dict(zip(own.rows.tolist(), places, strict=True)) == {7: 1, 2: 2, 0: 3}
        assert sorted(found.rows[found.offsets[1] :].tolist()) == [0, 2, 5, 7]


def test_where_the_words_are_late_it_offers_its_own(crew: Crew) -> None:
    words = InSearch(3)
    words.gate.clear()
    plan = Plan(crew=crew, budgets_ms={"lexical": 1.0})
    found = gather(
        {"lexical": words, "semantic": Ordering([5, 2])}, Batch((search(),), (Intent(),), (NO_PORTRAIT,)), plan
    )
    words.gate.set()
    assert found.late == ("lexical",) and found.candidates.rows.tolist() == [5, 2]


class OrderingHere(Ordering):
    """The same in the request's own thread."""

    in_memory: ClassVar[bool] = True


def test_it_waits_for_words_that_are_looked_for_in_another_thread(crew: Crew) -> None:
    sources = {"semantic": OrderingHere([5, 2]), "lexical": Several([0, 7, 2], whole=True)}
    for _ in range(50):
        found = gather(sources, Batch((search(),), (Intent(),), (NO_PORTRAIT,)), Plan(crew=crew)).candidates
        assert sorted(found.rows.tolist()) == [0, 2, 7]
        assert (found.ranks[:, found.sources.index("semantic")] > 0).all()
