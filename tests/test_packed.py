"""Claims:

1. Packed texts read as the list they were made of: by place, from behind, in part, from the first to the last; of
   whatever letters, where many places say the same too. A place beyond either end is an error.
2. Which places say the same is told without reading them, also where some were amended.
3. They are equal to any sequence of the same texts, and to no other.
4. A catalogue's titles take less than half the memory that a list of strings takes.
5. A text is found where it first stands, and what is only part of texts, or of two beside one another, is not.
"""

import tracemalloc

import numpy as np
import pytest

from shopkeeper.amended import AmendedTexts, alike
from shopkeeper.packed import PART, PackedTexts
from shopkeeper.types import NO_ROWS

KINDS = {
    "none": [],
    "empty": [""],
    "letters": ["tea", "", "Löwe", "茶杯", "🍵", "two\nlines"],
    "often": ["Löwe", "", "茶"] * 5,
    "many": [f"title {place}" for place in range(2 * PART + 3)],
}


@pytest.mark.parametrize("values", KINDS.values(), ids=KINDS)
def test_packed_texts_read_as_a_list(values: list[str]) -> None:
    packed = PackedTexts.of(values)
    assert list(packed) == values and len(packed) == len(values)
    assert [packed[place] for place in range(-len(values), len(values))] == values * 2
    assert packed[1:9:3] == values[1:9:3] and packed[::-1] == values[::-1]
    for beyond in (len(values), -len(values) - 1):
        with pytest.raises(IndexError, match=f"place -?[0-9]+ of {len(values)} texts"):
            packed[beyond]


@pytest.mark.parametrize("values", KINDS.values(), ids=KINDS)
def test_they_equal_the_same_texts_alone(values: list[str]) -> None:
    packed = PackedTexts.of(values)
    assert packed == values and values == packed and packed == tuple(values) and packed == PackedTexts.of(values)
    assert packed not in ([*values, "more"], "tea")
    assert not values or packed != [*values[:-1], "other"]


def test_equal_texts_stand_once_however_they_came() -> None:
    packed = PackedTexts(b"teamug", np.array([0, 3, 6]), np.array([1, 0, 1, 1], np.int32))
    assert packed == ["mug", "tea", "mug", "mug"]


@pytest.mark.parametrize("values", KINDS.values(), ids=KINDS)
def test_which_are_alike_is_told_as_by_reading_them(values: list[str]) -> None:
    places = np.random.default_rng(0).integers(len(values), size=40).astype(np.int32) if values else NO_ROWS
    said = {0: "茶", len(values): "new"}
    amended = AmendedTexts(PackedTexts.of(values), said, len(values) + 2)
    for texts in (values, PackedTexts.of(values), AmendedTexts(PackedTexts.of(values), {}, len(values)), amended):
        for asked in (places, np.append(places, np.int32(len(texts) - 1)) if texts else places):
            codes = alike(texts, asked)
            read = np.array([texts[place] for place in asked.tolist()])
            assert codes.dtype == np.int32
            assert np.array_equal(codes[:, None] == codes, read[:, None] == read)


def test_titles_take_less_than_half_the_memory() -> None:
    def taken(how: type) -> int:
        tracemalloc.start()
        held = getattr(how, "of", how)(f"Lamp {number} of oak" for number in range(50_000))
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert len(held) == 50_000
        return size

    assert taken(PackedTexts) < 0.5 * taken(list)


@pytest.mark.parametrize("values", KINDS.values(), ids=KINDS)
def test_a_text_is_found_where_it_first_stands(values: list[str]) -> None:
    packed = PackedTexts.of(values)
    for text in dict.fromkeys(values):
        assert packed.find(text) == values.index(text)
    for text in {"", "te", "ea", "teaL", "ö", "茶", "title 1title", "e", "🍵two\nlines"}.difference(values):
        assert packed.find(text) == -1
