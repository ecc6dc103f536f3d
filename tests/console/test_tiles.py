"""Claims:

1. every tile is well-formed SVG, whatever the product is called.
2. the same product always gets the same tile; products of one category differ.
3. the finest category decides the drawing, the title where no category has one, a phrase before a word; unknown
   goods get letters.
4. every drawing that a keyword names is there, every keyword can match, every hue has its class.
"""

import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

import shopkeeper.console
from shopkeeper.console import tiles

HERE = Path(shopkeeper.console.__file__).parent
TABLES = tomllib.loads((HERE / "glyphs.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "title", ["Whole milk", "<script>alert(1)</script>", '" onload="x', "牛奶", "", "&amp;", "\x00"]
)
def test_every_tile_is_well_formed(title: str) -> None:
    for product_id in map(str, range(40)):
        drawn = tiles.svg(tiles.tile(product_id, title, (title,)), '/_static/glyphs.svg?v=1&x="')
        assert ElementTree.fromstring(drawn).tag == "svg"
        assert "<script" not in drawn


def test_a_product_keeps_its_tile_and_a_shelf_is_not_monotonous() -> None:
    category = ("Grocery", "Cheese")
    shelf = [tiles.tile(f"p{n}", "Cheese", category) for n in range(30)]
    assert shelf == [tiles.tile(f"p{n}", "Cheese", category) for n in range(30)]
    assert len({(each.pattern, each.shift, each.turn) for each in shelf}) > 15
    assert {each.glyph for each in shelf} == {"cheese"}


@pytest.mark.parametrize(
    ("category", "title", "glyph"),
    [
        (("Grocery", "Frozen pizza"), "Pizza, 12 in", "pizza"),
        (("Grocery", "Hot dogs"), "Beef franks", "sausage"),
        (("Grocery", "Dog foods"), "Kibble", "paw"),
        (("Grocery", "Cold cereal"), "Flakes", "cereal"),
        (("Grocery", "Peanut butter"), "Peanut butter, 18 oz", "jar"),
        (("Grocery", "Milk", "Chocolate milk"), "Chocolate milk, 1 pt", "milk"),
        (("Grocery", "Butter"), "Butter", "butter"),
        (("食品",), "巧克力牛奶 250 毫升", "milk"),
        (("Drug & general merchandise", "Cold and flu"), "Syrup", "pills"),
        (("Paper", "Bath tissues"), "Soft, 12 rolls", "roll"),
        (("食品", "牛奶"), "纯牛奶 1L", "milk"),
        (("Coupons",), "Regular gasoline", "fuel"),
        ((), "WHITE HANGING HEART T-LIGHT HOLDER", "candle"),
        (("Gizmos",), "Flux capacitor", None),
    ],
)
def test_the_finest_category_decides_the_drawing(category: tuple[str, ...], title: str, glyph: str | None) -> None:
    assert tiles.tile("1", title, category).glyph == glyph


def test_unknown_goods_get_the_letters_of_their_category() -> None:
    assert tiles.tile("1", "Flux capacitor", ("Odd Gizmos",)).letters == "OG"
    assert ">OG</text>" in tiles.svg(tiles.tile("1", "Flux capacitor", ("Odd Gizmos",)), "/g.svg")
    assert tiles.tile("1", "量子器", ("奇物",)).letters == "奇"


def test_drawings_keywords_and_hues_fit_together() -> None:
    sprite = ElementTree.parse(HERE / "static" / "glyphs.svg").getroot()
    drawings = {symbol.get("id") for symbol in sprite}
    assert set(TABLES["glyphs"]) | set(TABLES["own_hues"]) <= drawings
    for glyph, keywords in TABLES["glyphs"].items():
        for keyword in keywords:
            matched = tiles.tile("1", keyword, ()).glyph
            assert matched is not None, f"{glyph}: {keyword!r} can never match"
    classes = set(re.findall(r"\.hue-(\d+) ?\{", (HERE / "static" / "base.css").read_text(encoding="utf-8")))
    assert classes == {str(hue) for hue in range(0, 360, tiles.HUE_STEP)}
