"""Claims:

1. The search page counts the attributes of what was found, numbers by range, in English and Chinese.
2. A value that is chosen narrows the page, stands as a chip, and the chip's link takes it away again.
3. An attribute or range that cannot be is an empty page or nothing, never a failure.
4. What the words state stands as chips, whose links leave these words as words.
5. Where a filter of the words gave way, the page says what it shows instead, in English and Chinese.
"""

from html import unescape

import pytest
from starlette.testclient import TestClient

from shopkeeper.flow.shop import Shop
from shopkeeper.types import Product


@pytest.fixture(autouse=True)
def zithers(shop: Shop) -> None:
    kinds = [("Red", "1 l"), ("Red", "500 ml"), ("Blue", "2 l"), ("Blue", "1 l")]
    shop.put(
        [
            Product(
                product_id=f"z{at}",
                title=f"Zither no. {at}",
                brand="Pluck",
                category=("Music", "Zither"),
                price=90.0,
                attributes={"case_colour": colour, "volume": volume},
            )
            for at, (colour, volume) in enumerate(kinds)
        ]
    )


def page(client: TestClient, address: str) -> str:
    response = client.get(f"/grocer/search?{address}")
    assert response.status_code == 200
    return unescape(response.text)


def test_attributes_of_what_was_found_are_counted(client: TestClient) -> None:
    said = page(client, "q=zither")
    assert "<legend>Case colour</legend>" in said
    assert 'name="attribute" value="case_colour:Red"' in said
    assert 'name="range" value="volume:0.5 l"' in said


@pytest.mark.parametrize(
    ("narrowed", "found", "chip"),
    [
        ("attribute=case_colour:Red", [0, 1], "Case colour: Red"),
        ("range=volume:1..2 l", [0, 2, 3], "Volume: 1 – 2 l"),
        ("range=volume:2.. l", [2], "Volume: ≥ 2 l"),
        ("range=volume:..1 l&attribute=case_colour:Blue", [3], "Volume: ≤ 1 l"),
        ("attribute=case_colour:Green", [], "Case colour: Green"),
        ("attribute=shape:round", [], "Shape: round"),
        ("range=volume:big", [0, 1, 2, 3], "Volume: big"),
        ("attribute=nothing", [0, 1, 2, 3], ""),
    ],
)
def test_a_chosen_value_narrows_and_is_a_chip(client: TestClient, narrowed: str, found: list[int], chip: str) -> None:
    said = page(client, f"q=zither&{narrowed}")
    assert [at for at in range(4) if f"Zither no. {at}" in said.split('class="results"')[1]] == found
    assert f"{chip} ×" in said if chip else "×" not in said.split('class="results"')[1]


def test_a_chip_takes_its_filter_away(client: TestClient) -> None:
    said = page(client, "q=zither&attribute=case_colour:Red&range=volume:1..2 l")
    assert 'href="?q=zither&range=volume%3A1..2+l"' in said
    assert 'href="?q=zither&attribute=case_colour%3ARed"' in said


def test_the_page_speaks_chinese(client: TestClient) -> None:
    client.cookies.set("language", "zh")
    assert "去掉筛选 Volume: 1 – 2 l" in page(client, "q=zither&range=volume:1..2 l")


def test_what_words_state_stands_as_chips_that_can_be_taken_away(client: TestClient) -> None:
    said = page(client, "q=red pluck zither under 100")
    for chip in ("Case colour: Red ×", "Pluck ×", "Zither ×", "≤ €100.00 ×"):
        assert chip in said
    assert 'href="?q=red+pluck+zither+under+100&word=brand"' in said
    assert "Zither no. 0" in said
    assert "Zither no. 2" not in said.split('class="results"')[1]
    assert "Pluck ×" not in page(client, "q=red pluck zither under 100&word=brand")


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "No results for red zither under 5; showing Case colour: Red · Zither"),
        ("zh", "没有找到“red zither under 5”，为您显示：Case colour: Red · Zither"),
    ],
)
def test_what_gave_way_is_told(client: TestClient, language: str, told: str) -> None:
    client.cookies.set("language", language)
    said = page(client, "q=red zither under 5")
    assert told in said
    assert "Zither no. 1" in said


def test_what_is_chosen_goes_before_what_words_state(client: TestClient) -> None:
    said = page(client, "q=red zither under 100&attribute=case_colour:Blue")
    assert "Case colour: Blue ×" in said
    assert "Case colour: Red ×" not in said
    assert "Zither no. 2" in said
