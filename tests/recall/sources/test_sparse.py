"""Claims:

1. a score is the sum over the query's pieces of rarity times weight; what no piece is of is not offered.
2. a product is found by words that mean the same, though its text does not say them.
3. a code finds nothing, a correction stands for the query.
4. of one text so many products are offered as the settings say, the most bought first, all inside the mask.
5. a product that came since, or whose text changed, is found by its own words, with the weights they usually have.
6. what was saved is searched from the disk; without anything learnt nothing is offered.
7. a wide search knows the score of what others offered.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.recall.sources.sparse import Sparse
from shopkeeper.testing import worlds
from shopkeeper.types import Catalog, Intent, Offer, Request

TITLES = ("red kettle", "blue kettle", "lamp", "lamp", "lamp", "AA-200")
SHELF = worlds.catalog(TITLES)
EXPANSIONS = worlds.expansions([title.lower() for title in TITLES], {0: {"teapot": 5}, 2: {}})


@pytest.fixture
def source() -> Sparse:
    made = Sparse(Sparse.Settings(same_text=2))
    bought = worlds.snapshot(SHELF, [(0, 3, 1.0, "purchase")], 9.0)
    made.fit(replace(bought, expansions=EXPANSIONS))
    return made


def found(source: Sparse, query: str, **asked: object) -> Offer:
    request = Request(request_id="", scene="search", day=9.0, query=query)
    known = {name: value for name, value in asked.items() if name in ("is_code", "correction")}
    rest = {name: value for name, value in asked.items() if name not in known}
    # both take what is theirs
    intent = Intent(query=query, **known)  # type: ignore[arg-type]
    return source.recall(worlds.ask(replace(request, **rest), None, intent), 10)[0]  # type: ignore[arg-type]


def test_a_score_is_the_sum_of_rarity_times_weight(source: Sparse) -> None:
    offer = found(source, "Red kettle")
    assert offer.rows.tolist() == [0, 1]
    assert offer.scores.tolist() == pytest.approx([1.0 * 1.0 + 1.0 * 1.0, 1.0])
    assert found(source, "red red kettle").scores.tolist() == pytest.approx([2.0, 1.0])
    assert len(found(source, "umbrella").rows) == 0


def test_words_that_mean_the_same_find_it_too(source: Sparse) -> None:
    offer = found(source, "red teapot")
    assert offer.rows.tolist() == [0] and offer.scores.tolist() == pytest.approx([1.0 + 0.5])


def test_a_code_is_left_to_the_words(source: Sparse) -> None:
    assert len(found(source, "red", is_code=True).rows) == 0
    assert found(source, "rad", correction="red").rows.tolist() == [0]


def test_of_one_text_some_are_offered(source: Sparse) -> None:
    assert found(source, "lamp").rows.tolist() == [2, 3]  # of equal scores the lower row; the two most wanted are 3, 2
    without = np.ones(6, bool)
    without[3] = False
    assert found(source, "lamp", allowed=without).rows.tolist() == [2, 4]


def grown() -> Catalog:
    shelf = worlds.catalog([*TITLES, "yellow kettle"], brands=["", "", "", "", "", "", "red"])
    titles = list(shelf.titles)
    titles[1] = "teapot"
    deleted = shelf.deleted.copy()
    deleted[2] = True
    return replace(shelf, titles=titles, deleted=deleted)


def test_new_products_are_found_by_their_own_words(source: Sparse) -> None:
    source.update(grown(), np.array([6, 1, 2], np.int32), None)
    assert found(source, "kettle").rows.tolist() == [0, 6]
    assert found(source, "red kettle").scores.tolist() == pytest.approx([2.0, 2.0])
    offer = found(source, "teapot")
    assert offer.rows.tolist() == [1, 0] and offer.scores.tolist() == pytest.approx([1.0, 0.5])
    assert found(source, "lamp").rows.tolist() == [3, 4]


def test_what_was_saved_is_searched_from_the_disk(source: Sparse, tmp_path: Path) -> None:
    source.save(tmp_path)
    again = Sparse(Sparse.Settings(same_text=2))
    again.load(tmp_path, grown())
    assert found(again, "red teapot").rows.tolist() == [0]
    assert found(again, "lamp").rows.tolist() == [3, 4]  # one is deleted meanwhile
    state = vars(again)["_state"]
    assert not state.main.texts.flags.writeable and state.main.texts.base is not None
    empty = Sparse(Sparse.Settings())
    empty.load(tmp_path / "none", SHELF)
    empty.fit(worlds.snapshot(SHELF, [], 9.0))
    assert len(found(empty, "red kettle").rows) == 0


def test_a_wide_search_knows_every_score(source: Sparse) -> None:
    request = Request(request_id="", scene="search", day=9.0, query="red kettle")
    rows = np.array([1, 2, 0, 99], np.int32)
    scores = source.scores(request, Intent(query="red kettle"), rows)
    assert scores.tolist() == pytest.approx([1.0, np.nan, 2.0, np.nan], nan_ok=True)
