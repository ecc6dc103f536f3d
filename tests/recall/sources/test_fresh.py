"""Claims, in a shop of teas and tools where some of both are new:

1. a stranger is offered what is new, the youngest first; nothing that has long been there.
2. a tea drinker is offered new teas before new tools, and what costs as usual before what is dear.
3. without categories, brands and prices the texts tell: what reads like the latest lines comes first, like most of them
   before like one of them, by the share of their bits.
4. a product put into the shop is offered at once, also where it does not say when it was created; one deleted is not.
5. what the shopper has is not offered, nor what is no longer new.
6. switched on where the version learnt without it, what does not say when it came is not new when its price changes.
"""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.recall.sources import fresh
from shopkeeper.recall.sources.fresh import Fresh
from shopkeeper.testing import worlds
from shopkeeper.types import Catalog, FloatArray, Request

TEA, TOOL = 0, 1
NAMES = ["old tea", "old saw", "new tea", "new saw", "dear tea", "newest saw"]
CREATED = np.array([10.0, 10.0, 95.0, 95.0, 95.0, 99.0])
KINDS = np.array([TEA, TOOL, TEA, TOOL, TEA, TOOL], np.int32)
PRICES = np.array([5, 20, 6, 20, 90, 20], np.float32)
DRINKER = [(0, 0, float(day), "purchase") for day in range(80, 90)]


def shelf(**columns: object) -> Catalog:
    kinds = {"categories": KINDS, "category_paths": [("Tea",), ("Tools",)], "prices": PRICES, "created": CREATED}
    return worlds.catalog(NAMES, **{**kinds, **columns})


def source(catalog: Catalog, vectors: FloatArray | None = None) -> Fresh:
    made = Fresh(Fresh.Settings())
    made.fit(worlds.snapshot(catalog, DRINKER, 100.0, vectors))
    return made


def offered(made: Fresh, user: int = -1, day: float = 100.0) -> list[int]:
    request = Request(request_id="", scene="home", day=day, user=user)
    (offer,) = made.recall(worlds.ask(request, worlds.portrait(worlds.interactions(DRINKER), user)), 9)
    return list(map(int, offer.rows))


def test_a_stranger_is_offered_the_youngest_first() -> None:
    assert offered(source(shelf())) == [5, 2, 3, 4]


def test_a_tea_drinker_is_offered_teas_at_the_usual_price_first() -> None:
    plain = shelf(prices=np.full(6, 5, np.float64))
    assert set(offered(source(plain), 0)[:2]) == {2, 4}
    assert offered(source(shelf()), 0)[0] == 2
    assert offered(source(shelf()), 0).index(2) < offered(source(shelf()), 0).index(4)


def test_a_brand_that_was_bought_comes_first() -> None:
    bare = worlds.catalog(NAMES, created=CREATED, brands=["Ox", "", "", "Ox", "", ""])
    assert offered(source(bare), 0)[0] == 3


def test_without_any_of_it_the_texts_tell() -> None:
    draw = np.random.default_rng(0)
    kinds = draw.standard_normal((2, 64))
    vectors = np.array([kinds[kind] + 0.3 * draw.standard_normal(64) for kind in KINDS], np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    bare = worlds.catalog(NAMES, created=CREATED)
    assert offered(source(bare), 0)[0] == 5
    assert set(offered(source(bare, vectors), 0)[:2]) == {2, 4}


def test_what_reads_like_most_of_the_lines_comes_before_what_reads_like_one() -> None:
    kinds = np.linalg.qr(np.random.default_rng(0).standard_normal((64, 64)))[0].astype(np.float32)
    # three teas and a saw were bought; a tea and a saw are new, the saw is newer
    vectors = kinds[[TEA, TEA, TEA, TOOL, TEA, TOOL]]
    bare = worlds.catalog([f"p{row}" for row in range(6)], created=np.array([1.0, 1.0, 1.0, 1.0, 95.0, 99.0]))
    bought = [(0, row, 80.0 + row, "purchase") for row in range(4)]
    known = worlds.snapshot(bare, bought, 100.0, vectors)
    asked = worlds.ask(Request(request_id="", scene="home", day=100.0, user=0), worlds.portrait(known.log, 0))
    scores = {}
    for closeness in (0.0, 60.0):
        made = Fresh(Fresh.Settings(closeness=closeness))
        made.fit(known)
        (offer,) = made.recall(asked, 9)
        scores[closeness] = dict(zip(offer.rows.tolist(), offer.scores.tolist(), strict=True))
    assert list(scores[0.0]) == [5, 4] and list(scores[60.0]) == [4, 5]
    # of four lines three have the tea's bits: 3/4 + a/4 and 1/4 + 3a/4, a how far a tea's bits agree with a saw's
    tea, saw = ((scores[60.0][row] - scores[0.0][row]) / 60.0 for row in (4, 5))
    assert 3 * tea - saw == pytest.approx(2.0, abs=1e-3)


def test_what_is_put_into_the_shop_is_offered_at_once() -> None:
    made = source(shelf())
    more = replace(worlds.catalog([*NAMES, "tea of now"]), created=np.append(CREATED, np.nan))
    made.update(more, np.array([6], np.int32), None)
    assert offered(made)[0] == 6
    made.update(replace(more, deleted=np.arange(7) == 6), np.array([6], np.int32), None)
    assert 6 not in offered(made)


def test_dates_ahead_do_not_crowd_out_what_is_new_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "_MOST", 2)
    ahead = source(shelf(created=np.array([1e5, 1e5, 95.0, np.nan, 96.0, 1e5])))
    assert offered(ahead) == [4, 2]


def test_what_the_shopper_has_and_what_is_old_is_not_offered() -> None:
    made = source(shelf(created=np.append([99.0], CREATED[1:])))
    assert 0 in offered(made) and 0 not in offered(made, 0)
    assert offered(source(shelf()), day=125.5) == [5]


def test_before_it_has_learnt_a_change_makes_nothing_new() -> None:
    made = Fresh(Fresh.Settings())
    made.update(worlds.catalog(NAMES), np.array([0, 1], np.int32), None)
    assert offered(made) == []
    made.update(shelf(), np.array([1, 2], np.int32), None)
    assert offered(made) == [2]
