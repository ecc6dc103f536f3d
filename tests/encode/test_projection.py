"""What words name, told by the catalogue's own attributes. Claims:

1. words are compared in normal form and in the singular, Chinese ones by their characters; a slash parts words.
2. an attribute may list values; numbers, single letters and sentences are none. Of several labels the first counts.
3. the longest value is found first, and each stands where it stands in the text.
4. own values are certain; what is open is a value of others where the shop is silent, and a part of an own value.
5. a lexicon gives each value the label that most products give it.
6. a search is made of what its title names and of other words, and knows where they went; its slips keep their label.
7. whole spans count; what the shop does not know for a product counts neither way.
"""

import numpy as np
import pytest

from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.entity_examples import Counts, Example, counted, of_products, searched, whole
from shopkeeper.encode.projection import Projection, Span, Told, atoms, in_characters, lexicon, spans, values

PATTERNS = {"brand": ("brand",), "type": ("type", "category"), "colour": ("*colour", "颜色")}
OWN = {("oak", "table"): "type", ("norwa",): "brand"}


def said(text: str) -> list[str]:
    return [atom.said for atom in atoms(text)]


def named(text: str, known: dict[tuple[str, ...], str]) -> list[tuple[str, str]]:
    return [(text[span.start : span.end], span.label) for span in in_characters(atoms(text), spans(atoms(text), known))]


def test_words_are_compared_in_normal_form() -> None:
    assert said("Oak TABLES, Ｂｌｕｅ/grey 3.5mm T-shirt") == ["oak", "table", "blue", "grey", "3.5mm", "t-shirt"]
    assert said("红色 lamp") == ["红", "色", "lamp"]
    text = "Red/Ａnthracite lamp"
    assert [text[atom.start : atom.end] for atom in atoms(text)] == ["Red", "Ａnthracite", "lamp"]


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        ("Black, Light cyan;红", [("black",), ("light", "cyan"), ("红",)]),
        ("12", []),
        ("N", []),
        ("a very long story of what it is made of", []),
        ("", []),
    ],
)
def test_an_attribute_lists_values(text: str, listed: list[tuple[str, ...]]) -> None:
    assert list(values(text)) == listed


def test_a_product_is_told_by_its_attributes_its_brand_and_its_category() -> None:
    told = Told(PATTERNS).values(
        "Norwa", ("Home", "Tables"), {"Cable Colour": "Red", "type": "Norwa", "颜色": "红色", "x": "y z"}
    )
    assert told == {("norwa",): "brand", ("table",): "type", ("red",): "colour", ("红", "色"): "colour"}


def test_the_longest_value_is_found_first() -> None:
    known = {("light",): "type", ("light", "cyan"): "colour", ("cyan",): "colour"}
    assert named("Light Cyan, light / cyan ink", known) == [("Light Cyan", "colour"), ("light / cyan", "colour")]
    assert named("cyan light ink", known) == [("cyan", "colour"), ("light", "type")]


def test_what_is_certain_and_what_is_open() -> None:
    labels = ("brand", "type", "colour")
    projection = Projection(labels, {("red",): "colour", ("lamp",): "type", ("cat",): "animal"})
    words = atoms("Norwa oak table red lamp cat table")
    possible = projection.classes(words, spans(words, OWN), OWN)
    begins = {label: 1 << 2 * at + 1 for at, label in enumerate(labels)}
    outside, go_on = 1, 2
    assert possible == [
        begins["brand"],
        begins["type"],
        begins["type"] * go_on,
        outside | begins["colour"] | begins["colour"] * go_on,  # its colour is not known
        outside,  # its type is known, and no lamp
        outside,
        outside | begins["type"] | begins["type"] * go_on,  # a part of its type
    ]


def test_a_lexicon_follows_most_products() -> None:
    products: list[dict[tuple[str, ...], str]]
    products = [{("apple",): "brand"}, {("apple",): "type"}, {("apple",): "brand", ("red",): "colour"}]
    assert lexicon(products) == {("apple",): "brand", ("red",): "colour"}


def test_searches_know_what_they_name() -> None:
    title = "Norwa oak table with drawers in light grey"
    goods = Corpus([title], [(title,)], ["Norwa"], categories=[("Oak table",)], attributes=[{"colour": "light grey"}])
    shown, asked = of_products(goods, PATTERNS, np.random.default_rng(0))
    assert (shown.kind, asked.kind, asked.row) == ("passage", "query", 0)
    assert [title[span.start : span.end] for span in shown.spans] == ["Norwa", "oak table", "light grey"]
    draw, seen, slips = np.random.default_rng(1), set[tuple[str, str]](), 0
    for _ in range(200):
        search = searched(shown, draw)
        assert search is not None
        assert 1 <= len(search.named) <= 2
        assert "in" not in search.text.split()
        for span in search.spans:
            words = search.text[span.start : span.end]
            seen.add((words, span.label))
            slips += words not in ("norwa", "oak table", "light grey")
    assert {("norwa", "brand"), ("oak table", "type"), ("light grey", "colour")} < seen
    assert 0 < slips < 60


def test_a_title_without_words_is_not_searched_for() -> None:
    assert searched(Example(0, "!!", "passage", (), {}), np.random.default_rng(0)) is None
    assert [
        example.text for example in of_products(Corpus(["-"], [("-",)], [""]), PATTERNS, np.random.default_rng(0))
    ] == ["-"]


def test_whole_spans_count_where_the_shop_knows() -> None:
    example = Example(0, "norwa oak table red", "query", ((0, 1, "brand"), (1, 3, "type")), OWN)
    told = [Span(0, 5, "brand", 0.9), Span(6, 9, "type"), Span(16, 19, "colour")]
    counts = counted([example], [told], ("brand", "type", "colour"))
    assert counts == {"brand": Counts(1, 1, 1), "type": Counts(0, 1, 1), "colour": Counts(0, 0, 0)}
    assert whole(counts) == Counts(1, 2, 2)
    assert whole(counts).f1 == 2 * 1 / (2 + 2)
    assert Counts(0, 0, 0).f1 == 0
