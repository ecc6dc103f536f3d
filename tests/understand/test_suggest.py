"""Claims:

1. a prefix finds titles, brands, categories and past queries by the beginning of their first words, heaviest first.
2. a phrase that begins with the prefix goes before one that holds it later, at the same popularity.
3. a phrase is said once, as people write it, with the popularity of all its products; deleted ones count nothing.
4. Chinese is found by its first characters and by the beginning of a word inside.
5. new titles are suggested at once, and what no product bears any more is not.
6. empty prefixes, and prefixes of nothing, suggest nothing.
7. accents and traditional characters are no hindrance, whoever writes them; phrases are suggested as they are written.
8. what a shopper typed is remembered nowhere here.
"""

from dataclasses import replace

import numpy as np

from shopkeeper.testing import worlds
from shopkeeper.understand import suggest
from shopkeeper.understand.suggest import Suggester
from shopkeeper.understood import Completion

TITLES = ["Whole milk", "Milk chocolate", "Oat drink", "Mint tea", "whole Milk"]
SHELF = worlds.catalog(
    TITLES,
    brands=["Nord", "Nord", "Milky Way", "", ""],
    categories=np.array([0, 1, 0, 2, 0], np.int32),
    category_paths=[("Food", "Dairy"), ("Food", "Sweets"), ("Food", "Tea")],
)
POPULARITY = np.array([4, 3, 2, 1, 4], np.float32)
SUGGESTER = Suggester(SHELF, POPULARITY)


def test_the_beginning_of_any_word_finds_heaviest_first() -> None:
    # Milk chocolate 3, Whole milk (4 + 4) x 0.3, Milky Way 2
    assert SUGGESTER.suggest("mil") == ["Milk chocolate", "Whole milk", "Milky Way"]


def test_a_later_word_counts_less_and_popularity_can_make_up_for_it() -> None:
    quiet = Suggester(worlds.catalog(["oat milk", "milk"]))
    assert quiet.suggest("milk") == ["milk", "oat milk"]
    loud = Suggester(worlds.catalog(["oat milk", "milk"]), np.array([10, 1], np.float32))
    assert loud.suggest("milk") == ["oat milk", "milk"]


def test_categories_weigh_what_their_products_weigh() -> None:
    # Dairy 4 + 2 + 4
    assert SUGGESTER.suggest("d")[0] == "Dairy"


def test_a_phrase_is_said_once_as_people_write_it() -> None:
    assert SUGGESTER.suggest("whole") == ["Whole milk"]


def test_at_most_k_are_suggested() -> None:
    assert SUGGESTER.suggest("m", 2) == ["Milk chocolate", "Whole milk"]
    assert SUGGESTER.suggest("m", 0) == []


def test_a_phrase_with_the_prefix_at_many_words_takes_one_place() -> None:
    shelf = worlds.catalog(["bon bon bon bon", "bonus"])
    assert Suggester(shelf).suggest("bon", 2) == ["bon bon bon bon", "bonus"]


def test_past_queries_are_suggested_by_how_often_they_were_asked() -> None:
    asked = Suggester(SHELF, POPULARITY, {"milk without lactose": 900, "milk powder": 100})
    assert asked.suggest("milk", 2) == ["milk without lactose", "Milk chocolate"]


def test_a_few_searches_weigh_less_than_what_is_bought() -> None:
    asked = Suggester(SHELF, POPULARITY, {"milk powder": 3})
    assert asked.suggest("milk", 2) == ["Milk chocolate", "Whole milk"]
    assert asked.suggest("milk p") == ["milk powder"]


def test_deleted_products_are_not_suggested() -> None:
    shelf = worlds.catalog(["milk", "mint"], deleted=np.array([True, False]))
    assert Suggester(shelf).suggest("mi") == ["mint"]


def test_chinese_is_found_by_characters_and_by_words_inside() -> None:
    shelf = worlds.catalog(["纯牛奶 1升", "牛肉干", "儿童雨鞋"])
    assert sorted(Suggester(shelf).suggest("牛")) == ["牛肉干", "纯牛奶 1升"]
    assert Suggester(shelf).suggest("雨") == ["儿童雨鞋"]
    assert Suggester(shelf).suggest("纯牛") == ["纯牛奶 1升"]


def test_nothing_is_suggested_for_nothing() -> None:
    assert SUGGESTER.suggest("") == []
    assert SUGGESTER.suggest("  ") == []
    assert SUGGESTER.suggest("zzz") == []
    assert Suggester(worlds.catalog([])).suggest("a") == []


def test_what_changed_is_suggested_at_once_and_what_is_gone_is_not() -> None:
    shelf = worlds.catalog(["Oat drink", "Oat cookies", "oat drink", "Rye"], brands=["Nord", "Sud", "Nord", "Rye"])
    made = Suggester(shelf)
    fewer = replace(shelf, deleted=np.array([True, True, False, True]))
    made.update(fewer, np.array([0, 1, 3], np.int32), None)
    assert made.suggest("oat") == ["Oat drink"]  # another product still bears that title
    assert (made.suggest("sud"), made.suggest("nord"), made.suggest("rye")) == ([], ["Nord"], [])
    renamed = replace(shelf, titles=["", "", "Assami oat bar", ""], deleted=fewer.deleted)
    made.update(renamed, np.array([2], np.int32), None)
    assert made.suggest("oat") == made.suggest("assa") == made.suggest("bar") == ["Assami oat bar"]
    made.update(shelf, np.array([0, 2, 3], np.int32), None)
    assert made.suggest("oat") == ["Oat drink"]
    assert made.suggest("assa") == []
    assert made.suggest("rye") == ["Rye"]


def test_a_product_beyond_the_catalogue_is_suggested_and_forgotten_again() -> None:
    made, grown = Suggester(SHELF, POPULARITY), worlds.catalog([*TITLES, "Milk bread"])
    made.update(grown, np.array([5], np.int32), None)
    assert made.suggest("milk br") == ["Milk bread"]
    assert made.suggest("mil") == ["Milk chocolate", "Whole milk", "Milky Way", "Milk bread"]
    made.update(replace(grown, deleted=np.arange(6) == 5), np.array([5], np.int32), None)
    assert made.suggest("milk br") == []


def test_what_is_lighter_comes_when_all_that_was_heavier_is_gone() -> None:
    n = 1000
    shelf = worlds.catalog([f"oat {at}" for at in range(n)])
    made = Suggester(shelf, np.arange(n, 0, -1).astype(np.float32))
    gone = np.arange(n) < 900
    made.update(replace(shelf, deleted=gone), np.flatnonzero(gone).astype(np.int32), None)
    assert made.suggest("oat", 3) == ["oat 900", "oat 901", "oat 902"]


def test_a_past_query_stays_when_its_product_goes() -> None:
    shelf = worlds.catalog(["milk"])
    made = Suggester(shelf, None, {"milk": 1})
    made.update(replace(shelf, deleted=np.ones(1, bool)), np.array([0], np.int32), None)
    assert made.suggest("milk") == ["milk"]


def test_accents_and_traditional_characters_are_no_hindrance() -> None:
    suggester = Suggester(worlds.catalog(["Crème brûlée", "電燒烤爐", "保温杯"]))
    assert suggester.suggest("creme b") == suggester.suggest("Crème B") == ["Crème brûlée"]
    assert suggester.suggest("电烧") == suggester.suggest("電燒") == ["電燒烤爐"]
    assert suggester.suggest("保溫") == ["保温杯"]


def test_what_a_shopper_typed_is_remembered_nowhere() -> None:
    before = suggest._beginnings_of_title.cache_info().currsize
    found = SUGGESTER.complete("zq", own=[Completion("zqueen secret", "query")])
    assert [each.text for each in found] == ["zqueen secret"]
    assert suggest._beginnings_of_title.cache_info().currsize == before
