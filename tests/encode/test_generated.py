"""Queries made from a catalogue. Claims:

1. phrases are words that stand together in a field of several products, never begin or end with a filler, and hold at
   most one number; what is common is asked for more often.
2. every query is typed differently, most as they are meant; the same seed gives the same ones.
3. slips of the pen, the other number, another order and glued words come in, codes stay as they are.
4. a product known by some of its words is asked for with three to five of them; one with too few is left out.
5. Chinese is written without spaces between.
6. a catalogue that has nothing to say gives no queries.
"""

import numpy as np

from shopkeeper.encode.generated import generated, joined, known_items, mistyped

COLOURS, KINDS = ("red", "green", "yellow"), ("rain jacket", "running shoes", "canvas rucksack", "of the tent")
FIELDS = [(f"{colour} {kind} model {n} size 42", kind) for colour in COLOURS for kind in KINDS for n in range(4)]
BRANDS = ["Northwind"] * 24 + ["Rare"] + [""] * 23


def draw(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_phrases_stand_in_several_products_and_say_what_a_thing_is() -> None:
    meant = {query.meant for query in generated(FIELDS, [""] * len(FIELDS), 4000, draw())}
    assert {"rain jacket", "red rain jacket", "jacket", "rucksack model"} <= meant
    assert not {"of", "the", "of the tent", "42", "size 42 model"} & meant
    assert not any(phrase.split()[0] in ("of", "the") for phrase in meant)
    assert all(sum(word.isdigit() for word in phrase.split()) <= 1 for phrase in meant)


def test_what_is_common_is_asked_for_more_often() -> None:
    fields = [("tea",)] * 400 + [("coffee",)] * 4
    typed = [query.meant for seed in range(200) for query in generated(fields, [""] * 404, 1, draw(seed))]
    assert 5 < typed.count("tea") / typed.count("coffee") < 20


def test_each_is_typed_differently_and_seeds_repeat() -> None:
    queries = generated(FIELDS, BRANDS, 500, draw())
    assert len(queries) == 500
    assert len({query.typed for query in queries}) == 500
    assert queries == generated(FIELDS, BRANDS, 500, draw())
    assert queries != generated(FIELDS, BRANDS, 500, draw(1))
    assert any(query.meant.startswith("northwind ") for query in queries)
    assert not any("rare" in query.meant.split() for query in queries)


def test_words_are_typed_as_people_type() -> None:
    typed = [tuple(mistyped(["yellow", "jacket", "ab12cd"], draw(seed))) for seed in range(600)]
    assert 0.5 < typed.count(("yellow", "jacket", "ab12cd")) / 600 < 0.95
    assert ("jacket", "yellow", "ab12cd") in typed
    assert any(len(words) == 2 for words in typed)
    assert any(len(words) == 3 and words[0] not in ("yellow", "jacket", "ab12cd") for words in typed)
    assert all(words[-1].endswith("ab12cd") or "ab12cd" in words for words in typed)
    assert ["jackets"] in [mistyped(["jacket"], draw(seed)) for seed in range(50)]


def test_a_known_product_is_asked_for_by_some_of_its_words() -> None:
    found = dict(known_items([*FIELDS, ("tea",)], [0, 5, len(FIELDS)], draw()))
    assert sorted(found) == [0, 5]
    assert 3 <= len(found[0].split()) <= 5
    several = [dict(known_items(FIELDS, [0], draw(seed)))[0] for seed in range(30)]
    assert "red rain jacket" in several or any(set(words.split()) <= set(FIELDS[0][0].split()) for words in several)


def test_chinese_is_written_without_spaces() -> None:
    assert joined(["防水", "雨靴", "size", "42"]) == "防水雨靴 size 42"
    queries = generated([("儿童防水雨靴",), ("儿童防水外套",), ("儿童防水雨靴 黄色",)] * 3, [""] * 9, 20, draw())
    assert any("防水雨靴" in query.meant for query in queries)
    assert not any(" " in query.meant and query.meant.isascii() for query in queries)


def test_a_catalogue_that_says_nothing_gives_no_queries() -> None:
    assert generated([], [], 10, draw()) == []
    assert generated([("12 34",), ("",)], ["", ""], 10, draw()) == []
