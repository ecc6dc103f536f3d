"""The contract of a recall source, and of every capability that it declares by having its methods."""

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from shopkeeper.observed import Choice, Observed
from shopkeeper.ports import Fits, Follows, Forgets, Meets, Observes, Orders, Replays, Saves, Updates, Yields
from shopkeeper.settings import SourceSettings
from shopkeeper.testing.contract_world import DELETED, TODAY, World, empty_world, one_of, some_past, world
from shopkeeper.types import ACTION_CODES, SCENES, Offer

LIMIT = 7


def is_a_source(kind: type[Any]) -> None:
    """Its settings extend SourceSettings, its scenes are known ones, and it recalls."""
    assert issubclass(kind.Settings, SourceSettings), f"{kind.__name__}.Settings must extend SourceSettings"
    assert kind.scenes, f"{kind.__name__}.scenes names no scene"
    assert kind.scenes <= set(SCENES), f"{kind.__name__}.scenes: not scenes: {sorted(kind.scenes - set(SCENES))}"
    assert callable(getattr(kind, "recall", None)), f"{kind.__name__} lacks recall, the method of ports.Source"


def offers_keep_to_mask_and_limit(kind: type[Any]) -> None:
    """Rows are int32, unique, inside the mask, at most `limit`; scores float32, finite, falling."""
    here = world()
    source = _made(kind, here)
    for scene in sorted(source.scenes):
        batch = here.requests(scene)
        offers = source.recall(batch, LIMIT)
        assert len(offers) == len(batch), f"{len(offers)} offers for {len(batch)} requests"
        for request, offer in zip(batch.requests, offers, strict=True):
            _is_sound(offer, LIMIT)
            if request.allowed is not None:
                assert request.allowed[offer.rows].all(), f"{scene}: rows outside the mask were offered"
            own = np.isin(offer.rows, request.seeds)
            assert not own.any(), f"{scene}: the page's own products were offered again"


def nothing_allowed_means_nothing_offered(kind: type[Any]) -> None:
    """A mask that lets nothing through leaves nothing."""
    here = world()
    source = _made(kind, here)
    for scene in sorted(source.scenes):
        batch = here.requests(scene)
        closed = np.zeros(len(here.catalog), bool)
        shut = replace(batch, requests=tuple(replace(request, allowed=closed) for request in batch.requests))
        assert all(len(offer.rows) == 0 for offer in source.recall(shut, LIMIT)), f"{scene}: rows outside the mask"


def one_alone_gets_what_it_gets_in_a_batch(kind: type[Any]) -> None:
    """A batch of one answers as the same request does among three."""
    here = world()
    source = _made(kind, here)
    for scene in sorted(source.scenes):
        batch = here.requests(scene)
        together = source.recall(batch, LIMIT)
        for at in range(len(batch)):
            _are_equal(together[at], source.recall(one_of(batch, at), LIMIT)[0], f"{scene}, request {at} alone")


def saved_and_loaded_it_offers_the_same(kind: type[Any]) -> None:
    """What was saved offers what was learnt, and living on does not change what was saved."""
    here = world()
    source = _made(kind, here)
    if not _can(source, Saves):
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source.save(folder)
        written = _digest(folder)
        assert not [path for path in folder.rglob("*") if path.suffix in (".pkl", ".pickle")], "pickle was written"
        again = kind(kind.Settings())
        again.load(folder, here.catalog)
        for scene in sorted(source.scenes):
            batch = here.requests(scene)
            for before, after in zip(source.recall(batch, LIMIT), again.recall(batch, LIMIT), strict=True):
                _are_equal(before, after, f"{scene}, after loading")
        _live_on(again, here)
        assert _digest(folder) == written, "what was saved changed while the loaded source lived on"
        third = kind(kind.Settings())
        third.load(folder, here.grown()[0])
        for scene in sorted(third.scenes):
            for offer in third.recall(here.requests(scene), LIMIT):
                _is_sound(offer, LIMIT)


def events_change_only_what_they_may(kind: type[Any]) -> None:
    """Events without a product change nothing; no event changes an offer that was handed out."""
    here = world()
    source = _made(kind, here)
    if not _can(source, Observes):
        return
    for scene in sorted(source.scenes):
        batch = here.requests(scene)
        before = source.recall(batch, LIMIT)
        source.observe(Observed(ACTION_CODES["search"], TODAY, 0, -1, "s"))
        for old, new in zip(before, source.recall(batch, LIMIT), strict=True):
            _are_equal(old, new, f"{scene}, after an event without a product")
        kept = [(offer.rows.copy(), offer.scores.copy()) for offer in before]
        _live_on(source, here)
        for offer, (rows, scores) in zip(before, kept, strict=True):
            assert np.array_equal(offer.rows, rows), f"{scene}: an event changed an offer that was handed out"
            assert np.array_equal(offer.scores, scores), f"{scene}: an event changed an offer that was handed out"
        for offer in source.recall(batch, LIMIT):
            _is_sound(offer, LIMIT)


def the_past_at_once_is_as_event_by_event(kind: type[Any]) -> None:
    """After replaying a past the offers are those after observing each of its events."""
    here = world()
    at_once, one_by_one = _made(kind, here), _made(kind, here)
    if not _can(at_once, Replays, Observes):
        return
    at_once.replay(some_past())
    for event in some_past():
        one_by_one.observe(event)
    for scene in sorted(at_once.scenes):
        batch = here.requests(scene)
        for one, other in zip(one_by_one.recall(batch, LIMIT), at_once.recall(batch, LIMIT), strict=True):
            _are_equal(one, other, f"{scene}, after a past at once")


def a_forgotten_shopper_leaves_no_trace(kind: type[Any]) -> None:
    """After forgetting, offers are what they were before the shopper's events."""
    here = world()
    source = _made(kind, here)
    if not _can(source, Forgets, Observes):
        return
    before = {scene: source.recall(here.requests(scene), LIMIT) for scene in sorted(source.scenes)}
    for step, row in enumerate((0, 2, 10, 16)):
        source.observe(Observed(ACTION_CODES["purchase"], TODAY + step / 100.0, 5, row, "gone"))
    source.forget(5)
    source.forget(10_000)
    for scene, offers in before.items():
        for old, new in zip(offers, source.recall(here.requests(scene), LIMIT), strict=True):
            _are_equal(old, new, f"{scene}, after forgetting")


def whom_it_met_it_can_forget(kind: type[Any]) -> None:
    """Buyers that it met change no offer that was handed out; after forgetting them offers are what they were."""
    here = world()
    source = _made(kind, here)
    if not _can(source, Meets, Forgets):
        return
    before = {scene: source.recall(here.requests(scene), LIMIT) for scene in sorted(source.scenes)}
    kept = [(offer, offer.rows.copy(), offer.scores.copy()) for offers in before.values() for offer in offers]
    for row in range(-1, len(here.catalog) + 2):
        for user in (5, 6):
            source.meet(
                Observed(ACTION_CODES["purchase"], TODAY, user, row, ""), lambda: here.requests("home").portraits[0]
            )
    for scene in before:
        for offer in source.recall(here.requests(scene), LIMIT):
            _is_sound(offer, LIMIT)
    for offer, rows, scores in kept:
        assert np.array_equal(offer.rows, rows), "a buyer changed an offer that was handed out"
        assert np.array_equal(offer.scores, scores), "a buyer changed an offer that was handed out"
    for user in (5, 6, 10_000):
        source.forget(user)
    for scene, offers in before.items():
        for old, new in zip(offers, source.recall(here.requests(scene), LIMIT), strict=True):
            _are_equal(old, new, f"{scene}, after forgetting whom it met")


def what_followed_a_search_counts_and_can_be_forgotten(kind: type[Any]) -> None:
    """Choices by several shoppers are known to the same search at once; forgetting them leaves no trace."""
    here = world()
    source = _made(kind, here)
    if not _can(source, Follows, Forgets):
        return
    batch = here.requests("search")
    before = source.recall(batch, LIMIT)
    kept = [(offer.rows.copy(), offer.scores.copy()) for offer in before]
    for user in (5, 6, 7):
        source.follow(Choice("green tea", ACTION_CODES["purchase"], TODAY, user, 2 if user < 7 else 0, "s"))
        source.follow(Choice("green tea", ACTION_CODES["view"], TODAY, user, 1, "s"))
    source.follow(Choice("green tea", ACTION_CODES["purchase"], TODAY, -1, len(here.catalog) + 5, ""))
    after = source.recall(batch, LIMIT)
    for offer in after:
        _is_sound(offer, LIMIT)
    assert any(2 in offer.rows for offer in after), "what several shoppers chose after a search was not offered"
    for offer, (rows, scores) in zip(before, kept, strict=True):
        assert np.array_equal(offer.rows, rows), "a choice changed an offer that was handed out"
        assert np.array_equal(offer.scores, scores), "a choice changed an offer that was handed out"
    for user in (5, 6, 7, 10_000):
        source.forget(user)
    for old, new in zip(before, source.recall(batch, LIMIT), strict=True):
        _are_equal(old, new, "after forgetting who chose")


def changed_products_are_taken_in(kind: type[Any]) -> None:
    """After an update deleted rows are not offered under the new mask, and offers stay sound."""
    here = world()
    source = _made(kind, here)
    if not _can(source, Updates):
        return
    grown, rows, vectors = here.grown()
    source.update(grown, rows, vectors)
    source.update(grown, rows[:1], None)
    for scene in sorted(source.scenes):
        batch = here.requests(scene)
        open_mask = grown.available & ~grown.deleted
        asked = replace(batch, requests=tuple(replace(request, allowed=open_mask) for request in batch.requests))
        for offer in source.recall(asked, LIMIT):
            _is_sound(offer, LIMIT)
            assert not np.isin(offer.rows, [0, DELETED]).any(), f"{scene}: a deleted product was offered"


def an_empty_shop_gets_no_offers(kind: type[Any]) -> None:
    """Before learning, and after learning from nothing, there is nothing to offer and nothing breaks."""
    here = empty_world()
    for source in (kind(kind.Settings()), _made(kind, here)):
        for scene in sorted(source.scenes):
            for offer in source.recall(here.stranger(scene), LIMIT):
                assert set(offer.rows.tolist()) <= set(here.stranger(scene).portraits[0].rows.tolist())
                _is_sound(offer, LIMIT)


def strangers_do_not_break_it(kind: type[Any]) -> None:
    """Rows beyond the catalogue and shoppers beyond the user table are taken in stride."""
    here = world()
    source = _made(kind, here)
    if isinstance(source, Observes):
        source.observe(Observed(ACTION_CODES["purchase"], TODAY, 10_000, len(here.catalog) + 5, "far"))
        source.observe(Observed(ACTION_CODES["click"], TODAY, -1, len(here.catalog) + 6, "far"))
    for scene in sorted(source.scenes):
        for offer in source.recall(here.stranger(scene), LIMIT):
            _is_sound(offer, LIMIT)


def a_lower_bar_takes_nothing_away(kind: type[Any]) -> None:
    """What it offers, it offers with a lower bar too, in the same order; itself it stays as it was."""
    here = world()
    source = _made(kind, here)
    if not _can(source, Yields):
        return
    for scene in sorted(source.scenes):
        batch = here.requests(scene)
        strict, wide = source.recall(batch, LIMIT), source.lenient(-1.0).recall(batch, LIMIT)
        for one, other in zip(strict, wide, strict=True):
            found = other.rows[np.isin(other.rows, one.rows)]
            assert np.array_equal(found, one.rows), f"{scene}: a lower bar took away some of {one.rows.tolist()}"
        for one, other in zip(strict, source.recall(batch, LIMIT), strict=True):
            _are_equal(one, other, f"{scene}: after a lower bar")


def an_order_is_of_the_rows_given(kind: type[Any]) -> None:
    """What it orders is among the rows given, one beyond the catalogue too, and falls; the rows stay as they were."""
    here = world()
    source = _made(kind, here)
    if not _can(source, Orders):
        return
    rows = np.array([3, 1, 2, len(here.catalog) + 3], np.int32)
    batch = here.requests("search")
    for request, intent in zip(batch.requests, batch.intents, strict=True):
        offer = source.order(request, intent, rows.copy())
        _is_sound(offer, len(rows))
        assert set(offer.rows.tolist()) <= {1, 2, 3}, f"of {rows.tolist()} it made {offer.rows.tolist()}"


CONTRACT = (
    is_a_source,
    offers_keep_to_mask_and_limit,
    nothing_allowed_means_nothing_offered,
    one_alone_gets_what_it_gets_in_a_batch,
    saved_and_loaded_it_offers_the_same,
    events_change_only_what_they_may,
    the_past_at_once_is_as_event_by_event,
    a_forgotten_shopper_leaves_no_trace,
    whom_it_met_it_can_forget,
    what_followed_a_search_counts_and_can_be_forgotten,
    changed_products_are_taken_in,
    an_empty_shop_gets_no_offers,
    strangers_do_not_break_it,
    a_lower_bar_takes_nothing_away,
    an_order_is_of_the_rows_given,
)


def _made(kind: type[Any], here: World) -> Any:
    source = kind(kind.Settings())
    if isinstance(source, Fits):
        source.fit(here.snapshot)
    return source


def _can(source: Any, *capabilities: type[Any]) -> bool:
    """Whether it declares all of these capabilities; a plain bool, so that it keeps its own type."""
    return all(isinstance(source, capability) for capability in capabilities)


def _live_on(source: Any, here: World) -> None:
    """What happens in a day: shoppers come by, products change."""
    if isinstance(source, Observes):
        for step, row in enumerate((1, 2, 9, 2)):
            source.observe(Observed(ACTION_CODES["purchase"], TODAY + step / 100.0, 1, row, "s1"))
    if isinstance(source, Updates):
        source.update(*here.grown())


def _is_sound(offer: Offer, limit: int) -> None:
    rows, scores = offer.rows, offer.scores
    assert rows.dtype == np.int32, f"rows must be int32, are {rows.dtype}"
    assert scores.dtype == np.float32, f"scores must be float32, are {scores.dtype}"
    assert len(rows) == len(scores) <= limit, f"{len(rows)} rows and {len(scores)} scores under a limit of {limit}"
    assert len(np.unique(rows)) == len(rows), "a row was offered twice"
    assert (rows >= 0).all(), "a negative row was offered"
    assert np.isfinite(scores).all(), "a score is not finite"
    assert (np.diff(scores) <= 0).all(), "scores do not fall"
    assert offer.total is None or offer.total >= len(rows), f"total {offer.total} is less than {len(rows)} rows"


def _are_equal(one: Offer, other: Offer, when: str) -> None:
    assert np.array_equal(one.rows, other.rows), f"{when}: rows {other.rows.tolist()}, expected {one.rows.tolist()}"
    assert np.allclose(one.scores, other.scores, rtol=1e-6), f"{when}: scores differ"
    assert one.total == other.total, f"{when}: total {other.total}, expected {one.total}"
    assert one.facets == other.facets, f"{when}: facets differ"


def _digest(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
