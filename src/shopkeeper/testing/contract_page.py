"""The contracts of page rules and of quality checks."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from shopkeeper.portrait import Portrait
from shopkeeper.ports import Finding, Fits, Saves
from shopkeeper.testing.contract_world import DELETED, TODAY, World, empty_world, world
from shopkeeper.types import SCENES, Ranked, Request


def a_rule_only_takes_from_what_it_got(kind: type[Any]) -> None:
    """What a rule hands on is some of what it got, each once, with its score and index; it says so in one line."""
    here = world()
    assert isinstance(kind.place, int), f"{kind.__name__}.place must be a number"
    for request, portrait in _askers(here):
        for vectors in (here.snapshot.vectors, None):
            got = _ranked(here)
            had = dict(zip(got.rows.tolist(), got.index.tolist(), strict=True))
            given, note = kind(kind.Settings()).apply(got, request, portrait, here.catalog, vectors)
            assert len(set(given.rows.tolist())) == len(given.rows), "a row stands twice"
            assert len(given.rows) == len(given.scores) == len(given.index), "rows, scores and index differ in length"
            assert given.rows.dtype == np.int32 and given.scores.dtype == np.float32, "dtypes changed"
            assert set(given.rows.tolist()) <= set(had), "a row came from nowhere"
            for row, at in zip(given.rows.tolist(), given.index.tolist(), strict=True):
                assert had[row] == at, f"the index of row {row} was lost"
            assert "\n" not in note, "the note is more than a line"
            changed = given.rows.tolist() != got.rows.tolist()
            assert bool(note) or not changed, "the order changed without a note"


def a_rule_leaves_what_it_got_untouched(kind: type[Any]) -> None:
    """The arrays that a rule got are as they were."""
    here = world()
    for request, portrait in _askers(here):
        got, before = _ranked(here), _ranked(here)
        kind(kind.Settings()).apply(got, request, portrait, here.catalog, here.snapshot.vectors)
        assert np.array_equal(got.rows, before.rows), "the rows it got were changed"
        assert np.array_equal(got.scores, before.scores), "the scores it got were changed"


def an_empty_page_stays_empty(kind: type[Any]) -> None:
    """Nothing in, nothing out."""
    here = world()
    nothing = Ranked(np.empty(0, np.int32), np.empty(0, np.float32), np.empty(0, np.int64), "fused")
    for request, portrait in _askers(here):
        given, _ = kind(kind.Settings()).apply(nothing, request, portrait, here.catalog, here.snapshot.vectors)
        assert not len(given.rows), f"{len(given.rows)} rows came from nowhere"


def a_saved_rule_does_the_same(kind: type[Any]) -> None:
    """What was learnt, saved and loaded arranges as what was learnt; nothing is pickled."""
    here = world()
    rule, again = _learnt(kind, here), kind(kind.Settings())
    saves = isinstance(rule, Saves)
    if not saves:
        return
    with tempfile.TemporaryDirectory() as name:
        rule.save(Path(name))
        assert not list(Path(name).rglob("*.p*kl*")), "pickle was written"
        again.load(Path(name), here.catalog)
        for request, portrait in _askers(here):
            asked = (_ranked(here), request, portrait, here.catalog, here.snapshot.vectors)
            (one, said), (other, told) = rule.apply(*asked), again.apply(*asked)
            assert np.array_equal(one.rows, other.rows) and said == told, "it arranges otherwise after loading"


def a_rule_learns_from_nothing(kind: type[Any]) -> None:
    """A shop without products can be learnt."""
    _learnt(kind, empty_world())


def _learnt(kind: type[Any], here: World) -> Any:
    rule = kind(kind.Settings())
    if isinstance(rule, Fits):
        rule.fit(here.snapshot)
    return rule


RULE_CONTRACT = (
    a_rule_only_takes_from_what_it_got,
    a_rule_leaves_what_it_got_untouched,
    an_empty_page_stays_empty,
    a_saved_rule_does_the_same,
    a_rule_learns_from_nothing,
)


def empty_tables_are_fine(kind: type[Any]) -> None:
    """Without products and events a check counts nothing and breaks nothing."""
    _is_sound(_found(kind, [], []), kind)


def a_small_sound_shop_is_not_refused(kind: type[Any]) -> None:
    """Three good products and a few purchases raise no blocking finding."""
    found = _found(kind, _products(), _events())
    _is_sound(found, kind)
    assert found.severity != "blocking", f"a sound shop was refused: {found.title}"


CHECK_CONTRACT = (empty_tables_are_fine, a_small_sound_shop_is_not_refused)


def _askers(here: World) -> list[tuple[Request, Portrait]]:
    pairs = []
    for scene in SCENES:
        batch = here.requests(scene)
        pairs += list(zip(batch.requests, batch.portraits, strict=True))
    first, portrait = pairs[0]
    return [*pairs, (replace(first, sort="price_asc", k=3, offset=3), portrait)]


def _ranked(here: World) -> Ranked:
    """Every product that is not deleted, in an order of its own, the sold out among them."""
    rows = np.array([row for row in range(len(here.catalog)) if row != DELETED], np.int32)[::-1].copy()
    return Ranked(rows, np.linspace(2, 1, len(rows), dtype=np.float32), np.arange(len(rows))[::-1].copy(), "fused")


Rows = Sequence[Mapping[str, object]]


def _found(kind: type[Any], products: Rows, events: Rows) -> Finding:
    import ibis
    import pyarrow as pa

    from shopkeeper.store import schema

    def table(rows: Rows, columns: pa.Schema) -> ibis.Table:
        return ibis.memtable(schema.conform(pa.Table.from_pylist([dict(row) for row in rows], schema=columns), columns))

    found: Finding = kind(kind.Settings()).inspect(table(products, schema.PRODUCTS), table(events, schema.EVENTS))
    return found


def _is_sound(found: Finding, kind: type[Any]) -> None:
    name = kind.__module__.rsplit(".", 1)[-1]
    assert found.check == name, f"the finding is called {found.check}, the check {name}"
    assert found.title, "the finding has no title"
    assert 0 <= found.count <= found.total, f"{found.count} of {found.total}"
    assert found.count or not found.examples, "examples of nothing"


def _products() -> list[Mapping[str, object]]:
    titles = ("Green tea, 20 bags", "Oat cookies with raisins", "Whole milk, one gallon")
    return [
        {
            "product_id": f"p{at}",
            "title": title,
            "description": f"{title}, as you know it.",
            "brand": "Acme",
            "category": ["Food", "Pantry"],
            "price": 2.5 + at,
            "currency": "USD",
            "availability": True,
            "created_at": "2020-01-01T00:00:00+00:00",
        }
        for at, title in enumerate(titles)
    ]


def _events() -> list[Mapping[str, object]]:
    from datetime import UTC, datetime, timedelta

    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=19_000 + TODAY)
    return [
        {
            "event_id": f"e{at}",
            "timestamp": start + timedelta(days=at, minutes=7 * at),
            "action": "purchase",
            "user_id": f"u{at % 4}",
            "session_id": f"s{at}",
            "product_id": f"p{at % 3}",
            "quantity": 1.0,
            "value": 2.5 + at % 3,
        }
        for at in range(12)
    ]
