"""Claims:

1. Where the settings say so, words offer beside a product what shares some with its title, the nearest first, never
   the product itself, inside the mask.
2. Sizes are nothing to share.
3. A title whose words nobody else says has nothing beside it, and neither has a source that never learnt.
"""

import numpy as np
import pytest

from shopkeeper.recall.sources.lexical import Lexical
from shopkeeper.testing import worlds
from shopkeeper.types import BoolArray, Request

TITLES = ["Chocolate milk 50 g", "Chocolate milk 1 l", "Chocolate bar", "Soap 1 l", "苹果手机壳 50 克", "苹果手机膜"]
SIMILAR = Lexical.Settings(similar=True)


@pytest.fixture(scope="module")
def learnt() -> Lexical:
    source = Lexical(SIMILAR)
    source.fit(worlds.snapshot(worlds.catalog(TITLES), [], 10.0))
    return source


def beside(source: Lexical, row: int, allowed: BoolArray | None = None) -> list[int]:
    seeds = np.array([row], np.int32)
    request = Request(request_id="", scene="similar", day=10.0, seeds=seeds, allowed=allowed)
    return [int(own) for own in source.recall(worlds.ask(request), 20)[0].rows]


def test_it_takes_part_beside_a_product_where_the_settings_say_so() -> None:
    assert "similar" in Lexical(SIMILAR).scenes and "similar" not in Lexical(Lexical.Settings()).scenes


def test_beside_a_product_is_what_shares_words_with_its_title(learnt: Lexical) -> None:
    assert beside(learnt, 0) == [1, 2]
    assert beside(learnt, 0, np.arange(len(TITLES)) != 1) == [2]
    assert beside(learnt, 4) == [5]


def test_what_shares_no_word_has_nothing_beside_it(learnt: Lexical) -> None:
    assert beside(learnt, 3) == []
    assert beside(Lexical(SIMILAR), 0) == []
