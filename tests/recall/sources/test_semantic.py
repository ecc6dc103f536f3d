"""Claims:

1. The nearest texts come first, by exact cosine; the product asked about is not offered.
2. Of products with one vector only so many are offered, the most bought first.
   By `popularity_weight` what is bought more comes before what is as near.
3. A new product is found at once, under a vector of its own or one already there; a deleted one no more.
4. A search is not offered what is less near than a part of the nearest of all, also where filters take that away;
   what is deleted is no longer the nearest. A code is near to nothing.
5. Without vectors, or without anything to be near to, there is no offer; nor for a query that is near to nothing.
6. Binary codes agree with the exact order: nine tenths of the true hundred are among the nearest thousand.
7. At home, where it is asked for, a shopper is offered what is near to the mean of the latest so many lines, and these
   again; a shopper of no lines, or only of products without a vector, is offered nothing.
8. Feedback moves a query towards what its nearest texts have in common, on a shelf of a hundred texts and more.
9. Any product's score can be asked for, as it would be offered; those without a vector have none.
10. Some products alone are ordered by what they have in common with the words, however far they are.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.recall.codes import Codes, distinct, nearest
from shopkeeper.recall.sources.semantic import Semantic
from shopkeeper.testing import worlds
from shopkeeper.testing.contract_world import unit_vectors
from shopkeeper.types import Catalog, FloatArray, Intent, Offer, Request

HALF = 3e-4
"""How far a cosine of vectors in half precision may be off."""
ANGLES = np.radians([0.0, 10.0, 25.0, 90.0, 180.0, 10.0, 10.0])
VECTORS = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1).astype(np.float32)
SHELF = worlds.catalog([f"t{row}" for row in range(len(VECTORS))])


def learnt(vectors: FloatArray | None = VECTORS, **settings: float) -> Semantic:
    source = Semantic(Semantic.Settings.model_validate(settings))
    source.fit(worlds.snapshot(SHELF, [(0, 6, 1.0, "purchase")], 10.0, vectors))
    return source


def similar(source: Semantic, row: int, limit: int = 10) -> Offer:
    seeds = np.array([row], np.int32)
    return source.recall(worlds.ask(Request(request_id="", scene="similar", day=1.0, seeds=seeds)), limit)[0]


def search(source: Semantic, vector: FloatArray | None) -> Offer:
    return source.recall(worlds.ask(Request(request_id="", scene="search", day=1.0), None, Intent(vector=vector)), 10)[
        0
    ]


def test_the_nearest_come_first_by_cosine() -> None:
    offer = similar(learnt(same_text=1, popularity_weight=0.0), 0)
    assert offer.rows.tolist() == [6, 2, 3]
    assert offer.scores.tolist() == pytest.approx([np.cos(np.radians(a)) for a in (10, 25, 90)], abs=HALF)


def test_of_one_vector_only_so_many_are_offered_the_most_bought_first() -> None:
    assert search(learnt(same_text=2, popularity_weight=0.0), VECTORS[1]).rows.tolist()[:3] == [1, 6, 0]
    assert search(learnt(same_text=1), VECTORS[1]).rows.tolist()[:2] == [6, 0]


def test_among_texts_as_near_the_most_bought_comes_first_by_the_popularity_weight() -> None:
    offer = search(learnt(popularity_weight=0.1), VECTORS[1])
    assert offer.rows.tolist()[:2] == [6, 1]
    assert offer.scores.tolist()[:2] == pytest.approx([1.1, 1.0], abs=HALF)


def test_a_query_near_to_nothing_finds_nothing_while_a_product_still_has_its_nearest() -> None:
    away = np.array([0.0, -1.0], np.float32)  # its nearest text stands at a right angle
    assert search(learnt(), away).rows.tolist() == []
    assert search(learnt(min_best=-1.0), away).rows.tolist()[:1] == [0]
    assert len(similar(learnt(min_best=1.0), 0).rows) > 0


def test_a_search_is_not_offered_what_is_far_behind_the_nearest() -> None:
    ahead = np.array([1.0, 0.0], np.float32)
    assert set(search(learnt(near_best=0.95), ahead).rows.tolist()) == {0, 1, 5, 6}  # cos 25 is 0.91
    assert set(search(learnt(near_best=0.9), ahead).rows.tolist()) == {0, 1, 5, 6, 2}
    assert 3 in similar(learnt(near_best=0.95), 0).rows


def test_the_nearest_of_all_sets_the_floor_whatever_filters_take_away() -> None:
    source, ahead = learnt(near_best=0.95), Intent(vector=np.array([1.0, 0.0], np.float32))
    asked = Request(request_id="", scene="search", day=1.0, allowed=np.isin(np.arange(len(SHELF)), [2, 3]))
    assert source.recall(worlds.ask(asked, None, ahead), 10)[0].rows.tolist() == []
    gone = np.isin(np.arange(len(SHELF)), [0, 1, 5, 6])
    source.update(replace(SHELF, deleted=gone, available=~gone), np.flatnonzero(gone).astype(np.int32), None)
    assert source.recall(worlds.ask(asked, None, ahead), 10)[0].rows.tolist() == [2]


def test_a_code_is_near_to_nothing() -> None:
    asked = worlds.ask(Request(request_id="", scene="search", day=1.0), None, Intent(vector=VECTORS[0], is_code=True))
    assert learnt().recall(asked, 10)[0].rows.tolist() == []


def grown() -> Catalog:
    n = len(SHELF) + 2
    ids, titles = [f"p{row}" for row in range(n)], [f"t{row}" for row in range(n)]
    gone = np.zeros(n, bool)
    gone[6] = True
    return replace(worlds.catalog(titles), product_ids=ids, deleted=gone, available=~gone)


def test_a_new_product_is_found_at_once_and_a_deleted_one_no_more() -> None:
    source = learnt(same_text=1)
    new = np.array([[np.cos(0.05), np.sin(0.05)], VECTORS[2], VECTORS[6]], np.float32)
    source.update(grown(), np.array([7, 8, 6], np.int32), new)
    offer = similar(source, 0)
    assert offer.rows.tolist() == [7, 1, 2, 3]
    assert offer.scores[0] == pytest.approx(np.cos(0.05), abs=HALF)
    assert similar(source, 8).rows.tolist()[0] == 2


def test_nothing_to_be_near_to_is_no_offer() -> None:
    assert len(search(learnt(), None).rows) == 0
    assert len(search(learnt(), np.zeros(2, np.float32)).rows) == 0
    assert len(similar(learnt(), 99).rows) == 0
    assert len(similar(learnt(None), 0).rows) == 0
    assert len(similar(learnt(np.zeros((7, 2), np.float32)), 0).rows) == 0


def test_codes_agree_with_the_exact_order() -> None:
    # Vectors crowd around one direction, as those of e5 do.
    crowd = unit_vectors(4000) + 3.0 * unit_vectors(1, seed=1)
    crowd /= np.linalg.norm(crowd, axis=1, keepdims=True)
    wide = np.concatenate([crowd, -crowd[:, ::-1]], axis=1).astype(np.float32)
    codes = Codes.of(wide, seed=0)
    shares = []
    for row in range(0, 4000, 400):
        true = np.argsort(-(wide @ wide[row]))[:100]
        near = nearest(codes.distances(codes.code(wide[row : row + 1])[:, 0]), 1000)
        shares.append(np.isin(true, near).mean())
    assert np.mean(shares) >= 0.9


def test_nearest_takes_the_ties_of_the_last_and_only_open_ones() -> None:
    distances = np.array([3, 1, 2, 2, 9], np.uint16)
    assert nearest(distances, 2).tolist() == [1, 2, 3]
    assert nearest(distances, 2, np.array([True, False, True, False, True])).tolist() == [0, 2]
    assert nearest(distances, 99).tolist() == [0, 1, 2, 3, 4]


def test_equal_vectors_are_one_group_and_zero_ones_none() -> None:
    group_of, first = distinct(np.array([[1, 0], [0, 0], [0, 1], [1, 0]], np.float32))
    assert group_of[0] == group_of[3] != group_of[2]
    assert group_of[1] == -1
    assert sorted(first.tolist()) == [0, 2]


def home(source: Semantic, lines: Sequence[tuple[int, float]]) -> list[int]:
    log = worlds.interactions([(0, row, day, "purchase") for row, day in lines], n_users=1)
    asked = worlds.ask(Request(request_id="", scene="home", day=9.0, user=0), worlds.portrait(log, 0))
    return [int(row) for row in source.recall(asked, 10)[0].rows]


def test_at_home_what_is_near_to_the_latest_lines_is_offered() -> None:
    source = learnt(history=2, same_text=1, popularity_weight=0.0)
    # 90 and 0 degrees: their mean is nearest to 25, then to 10; 180 came before the two
    assert home(source, [(4, 1.0), (3, 2.0), (0, 3.0)])[:3] == [2, 6, 0]
    assert home(learnt(history=1, same_text=1), [(0, 1.0), (3, 2.0)])[0] == 3
    assert "home" in source.scenes
    assert "home" not in learnt().scenes


def test_at_home_nothing_is_offered_where_no_line_has_a_vector() -> None:
    assert home(learnt(history=2), []) == []
    nowhere = VECTORS.copy()
    nowhere[0] = 0.0
    assert home(learnt(nowhere, history=2), [(0, 1.0)]) == []
    assert home(learnt(None, history=2), [(0, 1.0)]) == []


def crowd() -> tuple[Catalog, FloatArray]:
    """A query at 0 degrees: one text at -5.3, thirty between 5 and 8, many far away."""
    angles = np.radians([-5.3, *np.linspace(5, 8, 30), *np.linspace(90, 270, 2970)])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    return worlds.catalog([f"t{row}" for row in range(len(vectors))]), vectors


def of_crowd(**settings: float) -> Semantic:
    shelf, vectors = crowd()
    source = Semantic(Semantic.Settings.model_validate({"popularity_weight": 0.0} | settings))
    source.fit(worlds.snapshot(shelf, [(0, 6, 1.0, "purchase")], 10.0, vectors))
    return source


def test_feedback_moves_a_query_towards_what_its_nearest_texts_have_in_common() -> None:
    straight = np.array([1.0, 0.0], np.float32)
    assert 0 in search(of_crowd(feedback=0), straight).rows.tolist()
    assert 0 not in search(of_crowd(feedback=1), straight).rows.tolist()


def test_a_small_shelf_says_nothing_of_a_query() -> None:
    one, other = (search(learnt(feedback=feedback), VECTORS[1]) for feedback in (0, 5))
    assert one.rows.tolist() == other.rows.tolist()


def test_the_score_of_any_product_can_be_asked_for() -> None:
    source, intent = learnt(popularity_weight=0.0), Intent(vector=VECTORS[0])
    request = Request(request_id="", scene="search", day=1.0)
    offered = source.recall(worlds.ask(request, None, intent), 10)[0]
    scores = source.scores(request, intent, np.array([3, 0, 99], np.int32))
    assert 3 not in offered.rows
    assert scores[:2].tolist() == pytest.approx([0.0, 1.0], abs=3e-4) and np.isnan(scores[2])
    assert source.scores(request, intent, offered.rows).tolist() == pytest.approx(offered.scores.tolist())


def test_vectors_in_a_crowd_are_told_apart_about_their_mean() -> None:
    crowded = np.concatenate((0.1 * VECTORS[:5], np.ones((5, 1), np.float32)), axis=1)
    crowded /= np.linalg.norm(crowded, axis=1, keepdims=True)
    shelf = worlds.catalog([f"t{row}" for row in range(5)])

    def found(vector: FloatArray, **settings: float) -> list[int]:
        source = Semantic(Semantic.Settings.model_validate(settings))
        source.fit(worlds.snapshot(shelf, [], 10.0, crowded))
        rows: list[int] = search(source, vector).rows.tolist()
        return rows

    assert float((crowded @ crowded[0]).min()) > 0.97  # so alike that a bar on the cosine would let everything in
    assert found(crowded[0]) == [0, 1]
    assert found(crowded[4]) == [4]
    away = np.array([0.05, -0.2, 1.0], np.float32)
    assert found(away / np.linalg.norm(away), min_best_centred=0.6) == []


def test_a_lenient_source_also_offers_what_is_a_little_less_near() -> None:
    away = np.array([-0.5, -np.sqrt(0.75)], np.float32)  # its nearest text has a cosine of one half
    source = learnt(min_best=0.6, lower=0.75, near_best=0.99)
    assert search(source, away).rows.tolist() == []
    assert search(source.lenient(), away).rows.tolist() == [4]
    assert search(source.lenient(0.55), away).rows.tolist() == []
    assert search(learnt(min_best=0.6, lower=0.9).lenient(), away).rows.tolist() == []
    assert search(source, away).rows.tolist() == []


def test_some_products_alone_are_ordered_by_their_cosine() -> None:
    source = learnt(popularity_weight=0.0)
    asked, rows = Request(request_id="", scene="search", day=1.0), np.array([4, 3, 1], np.int32)
    offer = source.order(asked, Intent(vector=VECTORS[2]), rows)
    assert offer.rows.tolist() == [1, 3, 4]
    assert offer.scores.tolist() == pytest.approx([np.cos(np.radians(a)) for a in (15, 65, 155)], abs=HALF)
    assert not len(source.order(asked, Intent(vector=VECTORS[2], is_code=True), rows).rows)
