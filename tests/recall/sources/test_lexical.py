"""Claims:

1. Words are found in title, brand, category and description, in either number; the title counts most, and of a lone
   word nearly as much in its other number. A word is no other word of the same stem.
2. All words must match; where nothing does, the last word may be a prefix, an unknown word spelt nearly so, a small
   word missing. Where that finds nothing either, the head decides: the noun that says what is wanted; then any word. An
   offer says whether its products hold every word. A code is found exactly or by its beginning, never guessed.
3. Chinese is found by its segments; joined words by their pieces.
4. Totals and facets count all matches inside the mask, not only those offered; a facet, all but for its own filter.
5. Products of one text come most bought first, each counting a little less.
6. A changed product is found by its new words at once and no longer by the old; a deleted one not at all.
7. A saved index knows what changed since, and is never written to.
8. The correction is searched where the query itself finds nothing.
9. Under a sort the first of all matches are offered, not the best of them sorted; scores stay those of the words.
10. The plain method, which all others must beat, is the same index by words alone.
11. A query that is a product's id finds that product alone; an id without a digit is a word.
12. Of what a filter names, every facet has the count, however few or deep.
13. An empty query lists what the filters leave, the most bought first, with total and facets.
14. Where fewer texts than `enough` hold all words, those that hold some come after them, and the offer says which; not
    under a sort.
15. A wide search is also offered what holds some of the words and scores half of the best, each with its own score.
    Any product's score can be asked for, as it would be offered.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.recall.filter import masks
from shopkeeper.recall.sources.lexical import Lexical
from shopkeeper.testing import worlds
from shopkeeper.types import Catalog, Filters, Intent, Offer, Request, Sort

TITLES = [
    "Oat cookies",
    "Oat flakes 500 g",
    "Chocolate milk",
    "Chocolate bar",
    "Ice-cream cone",
    "AA-200 battery",
    "AA-201 battery",
    "苹果手机壳",
    "Chocolate milk",
    "Soap",
]
SHELF = worlds.catalog(
    TITLES,
    brands=["Acme"] * 5 + ["Volt"] * 2 + [""] + ["Acme", "Milky"],
    categories=np.array([0, 0, 1, 0, 0, 2, 2, 2, 1, 2], np.int32),
    category_paths=[("Food", "Snacks"), ("Food", "Drinks"), ("Things",)],
    departments=np.array([0, 0, 0, 0, 0, 1, 1, 1, 0, 1], np.int32),
    department_names=["Food", "Things"],
    prices=np.arange(10, dtype=np.float64),
)
VISITS: list[worlds.Visit] = [(user, 8, 1.0, "purchase") for user in range(3)]


@pytest.fixture(scope="module")
def learnt() -> Lexical:
    return fitted(SHELF)


def fitted(shelf: Catalog, **settings: float) -> Lexical:
    """What words find on this shelf; one text that holds all of them is enough unless it is said otherwise."""
    source = Lexical(Lexical.Settings.model_validate({"enough": 1} | settings))
    source.fit(worlds.snapshot(shelf, VISITS, 10.0))
    return source


def offer(
    source: Lexical, query: str, filters: Filters | None = None, limit: int = 20, intent: Intent | None = None
) -> Offer:
    request = Request(request_id="", scene="search", day=10.0, query=query)
    if filters is not None:
        narrowed = masks(SHELF, filters)
        request = replace(request, allowed=narrowed.allowed, without=narrowed.without())
    return source.recall(worlds.ask(request, None, intent), limit)[0]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("oat cookie", {0}),
        ("volt", {5, 6}),
        ("snacks", {0, 1, 3, 4}),
        ("choc", {2, 3, 8}),
        ("chocolte milk", {2, 8}),
        ("oat flakes basmati", {1}),
        ("basmati soap", {9}),
        ("手机", {7}),
        ("ice cream", {4}),
        ("cream", {4}),
        ("ice-cream", {4}),
        ("aa-200", {5}),
        ("qqqq", set()),
        ("!!!", set()),
    ],
)
def test_a_query_finds(learnt: Lexical, query: str, rows: set[int]) -> None:
    assert set(offer(learnt, query).rows.tolist()) == rows


def test_the_title_counts_most(learnt: Lexical) -> None:
    assert offer(learnt, "milk").rows.tolist()[:2] == [8, 2]
    assert 9 not in offer(learnt, "milk").rows  # Milky is another word, and milk itself was found


@pytest.mark.parametrize(("query", "rows"), [("aa-20", [5, 6]), ("aa-299", []), ("bb-200", [])])
def test_a_code_is_never_guessed(learnt: Lexical, query: str, rows: list[int]) -> None:
    found = offer(learnt, query, intent=Intent(query=query, tokens=(query,), is_code=True))
    assert sorted(found.rows.tolist()) == rows


def test_totals_and_facets_count_all_matches_inside_the_mask(learnt: Lexical) -> None:
    found = offer(learnt, "chocolate", Filters(categories=("Food > Drinks",)), limit=1)
    assert len(found.rows) == 1
    assert found.total == 2
    assert found.facets == {
        "department": {"Food": 2},
        "category": {"Food > Drinks": 2, "Food > Snacks": 1},  # what could be chosen instead
        "brand": {"Acme": 2},
        "price": {"2-5": 1, "5-10": 1},
        "availability": {"in_stock": 2},
    }


def test_a_facet_is_not_narrowed_by_its_own_filter(learnt: Lexical) -> None:
    narrow = offer(learnt, "chocolate", Filters(price_min=3.0, price_max=4.0, brands=("Acme",)))
    assert (narrow.rows.tolist(), narrow.total) == ([3], 1)
    assert narrow.facets["price"] == {"2-5": 2, "5-10": 1}
    assert narrow.facets["brand"] == {"Acme": 1}
    assert narrow.facets["department"] == {"Food": 1}


def test_products_of_one_text_come_most_bought_first_each_counting_less() -> None:
    found = offer(fitted(SHELF, same_text_decay=0.5, popularity_weight=0.0), "milk")
    assert found.rows.tolist() == [8, 2]
    assert found.scores[1] == pytest.approx(found.scores[0] * 0.5)


def test_what_is_bought_scores_higher_by_the_formula() -> None:
    plain = offer(fitted(SHELF, popularity_weight=0.0), "milk")
    lifted = offer(fitted(SHELF, popularity_weight=0.5), "milk")
    assert lifted.scores[0] / plain.scores[0] == pytest.approx(1.5)
    assert lifted.scores[1] / plain.scores[1] == pytest.approx(1.0)


def test_the_plain_method_is_the_same_index_by_words_alone() -> None:
    source = fitted(SHELF, popularity_weight=0.5)
    alone, words = offer(source.plain(), "milk"), offer(fitted(SHELF, popularity_weight=0.0), "milk")
    assert (alone.rows.tolist(), alone.scores.tolist()) == (words.rows.tolist(), words.scores.tolist())
    assert offer(source, "milk").scores.tolist() != alone.scores.tolist()


def changed_shelf() -> tuple[Catalog, np.ndarray]:
    """The soap is a sponge now, the bar is gone, and a kettle is new."""
    n = len(TITLES)
    deleted = np.zeros(n + 1, bool)
    deleted[3] = True
    shelf = replace(
        SHELF,
        product_ids=[*SHELF.product_ids, f"p{n}"],
        titles=[*TITLES[:9], "Sponge", "Kettle"],
        brands=[*SHELF.brands, "Boil"],
        categories=np.append(SHELF.categories, np.int32(2)),
        departments=np.append(SHELF.departments, np.int32(1)),
        groups=np.arange(n + 1, dtype=np.int32),
        prices=np.append(SHELF.prices, np.float64(30)),
        available=~deleted,
        created=np.full(n + 1, np.nan),
        deleted=deleted,
    )
    return shelf, np.array([3, 9, n], np.int32)


def knows_the_change(source: Lexical) -> None:
    assert offer(source, "sponge").rows.tolist() == [9]
    assert offer(source, "soap").rows.tolist() == []
    assert offer(source, "kettle").rows.tolist() == [10]
    assert offer(source, "kettle").facets["brand"] == {"Boil": 1}
    assert offer(source, "chocolate bar", limit=1).rows.tolist() != [3]
    assert 3 not in offer(source, "chocolate").rows


def test_a_changed_product_is_found_at_once() -> None:
    source = fitted(SHELF)
    assert offer(source, "soap").rows.tolist() == [9]
    shelf, rows = changed_shelf()
    source.update(shelf, rows, None)
    knows_the_change(source)


def test_a_loaded_index_takes_in_what_changed_since_and_leaves_the_version_alone(tmp_path: Path) -> None:
    source = fitted(SHELF)
    source.save(tmp_path)
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    again = Lexical(Lexical.Settings())
    again.load(tmp_path, changed_shelf()[0])
    knows_the_change(again)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files


def test_an_index_that_never_learnt_saves_and_loads_as_nothing(tmp_path: Path) -> None:
    Lexical(Lexical.Settings()).save(tmp_path)
    source = Lexical(Lexical.Settings())
    source.load(tmp_path, SHELF)
    assert offer(source, "soap").rows.tolist() == []


def test_the_correction_is_searched_where_the_query_finds_nothing(learnt: Lexical) -> None:
    found = offer(learnt, "bettary", intent=Intent(query="bettary", tokens=("bettary",), correction="battery"))
    assert sorted(found.rows.tolist()) == [5, 6]


@pytest.mark.parametrize(
    ("sort", "rows"), [("price_asc", [2, 3]), ("price_desc", [8, 3]), ("newest", [3, 8]), ("relevance", [8, 3])]
)
def test_a_sort_chooses_among_all_matches(sort: Sort, rows: list[int]) -> None:
    created = np.full(len(TITLES), np.nan)
    created[[3, 8]] = 9.0, 5.0
    source = fitted(replace(SHELF, created=created))
    request = Request(request_id="", scene="search", day=10.0, query="chocolate", sort=sort)
    found = source.recall(worlds.ask(request), 2)[0]
    by_words = offer(source, "chocolate")
    of_words = dict(zip(by_words.rows.tolist(), by_words.scores.tolist(), strict=True))
    assert found.total == 3
    assert found.rows.tolist() == rows
    assert found.scores.tolist() == [of_words[row] for row in rows]


def test_an_unknown_price_comes_last() -> None:
    prices = np.array(SHELF.prices)
    prices[2] = np.nan
    source = fitted(replace(SHELF, prices=prices))
    for sort, rows in (("price_asc", [3, 8, 2]), ("price_desc", [8, 3, 2])):
        request = Request(request_id="", scene="search", day=10.0, query="chocolate", sort=sort)  # type: ignore[arg-type]
        assert source.recall(worlds.ask(request), 9)[0].rows.tolist() == rows


def test_an_empty_query_lists_what_the_filters_leave(learnt: Lexical) -> None:
    found = offer(learnt, "", Filters(categories=("Food > Drinks",)), limit=1)
    assert (found.rows.tolist(), found.scores.tolist(), found.total) == ([8], [1.0], 2)
    assert found.facets["category"] == {"Food > Snacks": 4, "Things": 4, "Food > Drinks": 2}
    assert offer(learnt, "").rows.tolist() == [8, 0, 1, 2, 3, 4, 5, 6, 7, 9]
    assert offer(learnt, "").total == 10


DRINKS = worlds.catalog(
    [
        "Red potatoes",
        "Red grapes",
        "Red onions",
        "Boxed wine",
        "Dessert wine",
        "Gluten free cereal",
        "Spaghetti pasta",
        "Apple juice",
        "Apple cider",
        "Fuji apples",
        "Dog treats",
        "Skin treatment for dogs",
        "Milk for babies",
        "Milk, 2 lb",
    ],
    brands=[f"Brand {at:02}" for at in range(14)],
    categories=np.array([0] * 9 + [1] + [2] * 4, np.int32),
    category_paths=[("Food",), ("Food", "Fruit", "Apples"), ("Home",)],
    product_ids=["1082185", "1082186", "AB-7", "wine", *(f"x{at}y" for at in range(4, 14))],
)


@pytest.fixture(scope="module")
def drinks() -> Lexical:
    return fitted(DRINKS, popularity_weight=0.0)


@pytest.mark.parametrize(
    ("query", "rows", "whole"),
    [
        ("red wine", [3, 4], False),
        ("gluten free pasta", [6], False),
        ("wine with grapes", [3, 4], False),
        ("wine 2 lb", [3, 4], False),
        ("wine zzzz", [3, 4], False),
        ("boxed wine", [3], True),
        ("milk for the baby", [12], True),
        ("wine of the dessert", [4], True),
    ],
)
def test_where_words_match_in_part_the_head_decides(drinks: Lexical, query: str, rows: list[int], whole: bool) -> None:
    found = offer(drinks, query)
    assert (sorted(found.rows.tolist()), found.whole) == (rows, whole)


def test_an_offer_of_nothing_is_whole_where_filters_alone_leave_nothing(drinks: Lexical) -> None:
    request = Request(request_id="", scene="search", day=10.0, query="wine", allowed=np.zeros(len(DRINKS), bool))
    found = drinks.recall(worlds.ask(request), 20)[0]
    assert (found.rows.tolist(), found.total, found.whole) == ([], 0, True)
    assert offer(drinks, "zzzz").whole is False


def test_to_a_lone_word_a_title_in_the_other_number_counts_nearly_as_the_word() -> None:
    shelf = worlds.catalog(["Soap", "Tart apples"], category_paths=[("Apple",), ("All",)], categories=np.arange(2))
    source = Lexical(Lexical.Settings())
    source.fit(worlds.snapshot(shelf, [(0, 0, 1.0, "view")], 10.0))
    assert offer(source, "apple").rows.tolist() == [1, 0]


def test_words_of_the_description_are_found_too_and_count_least() -> None:
    said = ["For tart apples", "", "With a soap dish"]
    source = Lexical(Lexical.Settings(enough=1))
    shelf = worlds.catalog(["Peeler", "Soap", "Shower tray"], descriptions=said)
    source.fit(worlds.snapshot(shelf, [(0, 0, 1.0, "view")], 10.0))
    assert offer(source, "apple").rows.tolist() == [0]
    assert offer(source, "soap").rows.tolist() == [1, 2]
    assert offer(source, "shower dish").rows.tolist() == [2]


def test_few_that_hold_all_words_are_followed_by_those_that_hold_some() -> None:
    source = fitted(DRINKS, popularity_weight=0.0, enough=3)
    few = offer(source, "boxed wine")
    assert (few.rows.tolist(), few.partly.tolist(), few.whole, few.total) == ([3, 4], [4], True, 2)
    assert few.scores[1] <= 0.25 * few.scores[0] * 1.001
    enough = offer(source, "food")
    assert enough.whole and not len(enough.partly) and enough.total == 10
    none = offer(source, "red wine")
    assert (sorted(none.rows.tolist()), none.partly.tolist(), none.whole) == ([3, 4], [], False)
    request = Request(request_id="", scene="search", day=10.0, query="boxed wine", sort="price_asc")
    assert source.recall(worlds.ask(request), 20)[0].rows.tolist() == [3]


def test_a_word_is_no_other_word_of_its_stem(drinks: Lexical) -> None:
    assert offer(drinks, "treat").rows.tolist() == [10]
    assert offer(drinks, "treats").rows.tolist() == [10]
    assert offer(drinks, "treatments").rows.tolist() == [11]


@pytest.mark.parametrize(
    ("query", "rows"), [("1082185", [0]), ("ab-7", [2]), (" AB-7 ", [2]), ("wine", [3, 4]), ("1082187", [])]
)
def test_a_products_id_finds_that_product_alone(drinks: Lexical, query: str, rows: list[int]) -> None:
    found = offer(drinks, query)
    assert (found.rows.tolist(), found.total) == (rows, len(rows))
    assert found.whole is bool(rows)


def test_a_product_named_by_its_id_stays_behind_the_filters(drinks: Lexical) -> None:
    narrowed = masks(DRINKS, Filters(brands=("Brand 01",)))
    request = Request(request_id="", scene="search", day=10.0, query="1082185", allowed=narrowed.allowed)
    found = drinks.recall(worlds.ask(replace(request, without=narrowed.without())), 20)[0]
    assert (found.rows.tolist(), found.total) == ([], 0)
    assert found.facets["brand"] == {"Brand 00": 1}


def test_what_a_filter_names_is_counted_however_few_or_deep(drinks: Lexical, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopkeeper.recall.facets.MOST_VALUES", 1)
    filters = Filters(categories=("Food > Fruit > Apples", "Food"), brands=("Brand 09", "Nobody"))
    request = Request(request_id="", scene="search", day=10.0, query="apple", filters=filters)
    narrowed = masks(DRINKS, filters)
    asked = worlds.ask(replace(request, allowed=narrowed.allowed, without=narrowed.without()))
    counted = drinks.recall(asked, 20)[0].facets
    assert counted["category"] == {"Food > Fruit": 1, "Food > Fruit > Apples": 1, "Food": 1}
    assert counted["brand"] == {"Brand 07": 1, "Brand 09": 1, "Nobody": 0}


def test_a_wide_search_is_offered_what_some_words_make_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    source = fitted(DRINKS, popularity_weight=0.0)
    narrow = Request(request_id="", scene="search", day=10.0, query="boxed wine")
    asked = replace(narrow, wide=True)
    assert source.recall(worlds.ask(asked), 20)[0].rows.tolist() == [3]
    monkeypatch.setattr("shopkeeper.recall.sources.lexical.WORTH", 0.2)
    one, wide = (source.recall(worlds.ask(request), 20)[0] for request in (narrow, asked))
    assert (one.rows.tolist(), wide.rows.tolist(), wide.partly.tolist()) == ([3], [3, 4], [4])
    assert (wide.total, wide.whole) == (2, True)
    assert wide.scores[1] > 0.25 * wide.scores[0]
    scores = source.scores(asked, worlds.ask(asked).intents[0], np.array([4, 0, 3], np.int32))
    assert scores[[2, 0]].tolist() == wide.scores.tolist() and np.isnan(scores[1])


def test_nothing_is_known_of_the_scores_of_nothing(learnt: Lexical) -> None:
    asked = Request(request_id="", scene="search", day=10.0, query="qqqq", wide=True)
    assert np.isnan(learnt.scores(asked, Intent(), np.array([0, 1], np.int32))).all()
    assert np.isnan(Lexical(Lexical.Settings()).scores(asked, Intent(), np.array([0], np.int32))).all()


def test_of_chinese_words_the_most_frequent_gives_way_first() -> None:
    titles = ["女鞋垫", *(f"女凉鞋 {n}" for n in range(5)), "男鞋垫", "防滑 门垫", "防滑 地垫", "防滑 鞋垫"]
    source = fitted(worlds.catalog(titles), popularity_weight=0.0)
    assert set(offer(source, "发热 鞋垫 女").rows.tolist()[:3]) <= {0, 6, 9}
    assert offer(source, "鞋垫 防滑 防汗").rows.tolist()[0] == 9
    assert offer(source, "防汗 手胶").rows.tolist() == []
