"""How people mistype a word. Claims:

1. a slip is one letter left out, doubled, exchanged with its neighbour or replaced by one of those given; ends stay.
2. short words and those that are no English ones stay as they are.
3. keys are neighbours where they touch; a capital's are capitals.
4. a Chinese word is misheard in one character, for a common one of the same sound.
"""

import numpy as np
import pytest
from pypinyin import lazy_pinyin

from shopkeeper.encode.slips import LETTERS, exchanged, homophones, misheard, neighbours, slipped


def draw(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_slip_is_one_of_four() -> None:
    found = {slipped("Jacket", draw(seed), neighbours) for seed in range(600)}
    one_less = {"Jcket", "Jaket", "Jacet", "Jackt"}
    doubled = {"Jaacket", "Jaccket", "Jackket", "Jackeet"}
    turned = {"Jcaket", "Jakcet", "Jacekt", "Jackte"}
    replaced = {
        f"{'Jacket'[:at]}{other}{'Jacket'[at + 1 :]}" for at in range(1, 5) for other in neighbours("Jacket"[at])
    }
    assert found == one_less | doubled | turned | replaced
    assert {slipped("jacket", draw(seed))[1] for seed in range(3000)} >= set(LETTERS)
    assert exchanged("abcd", 1) == "acbd"


@pytest.mark.parametrize("word", ["coat", "ab12cd", "t-shirt", "雨靴雨靴雨靴", ""])
def test_short_words_and_others_stay(word: str) -> None:
    assert {slipped(word, draw(seed)) for seed in range(50)} == {word}


def test_keys_that_touch_are_neighbours() -> None:
    assert set(neighbours("g")) == set("tyfhvb")
    assert set(neighbours("q")) == set("wa")
    assert set(neighbours("M")) == set("NJK")
    assert all(letter in neighbours(other) for letter in LETTERS for other in neighbours(letter))
    assert neighbours("é") == "é"


def test_a_chinese_word_is_misheard_in_one_character() -> None:
    found = {misheard("质量", draw(seed)) for seed in range(300)}
    assert "质量" not in found
    for word in found:
        assert len(word) == 2
        assert lazy_pinyin(word) == ["zhi", "liang"]
        assert (word[0] == "质") != (word[1] == "量")
    assert {"只量", "质亮"} <= found
    assert "質" not in homophones("质")
    assert homophones("a") == homophones("龘") == ""
    assert misheard("龘龘", draw(0)) == "龘龘"
