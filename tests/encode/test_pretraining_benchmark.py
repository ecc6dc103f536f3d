"""How the benchmark of pretraining makes its searches. Claims:

1. of a long query two of its words are typed, every second time with one slip; short queries are no titles.
2. a slip leaves a character out, exchanges two, or puts one of the same sound; nothing else.
3. the figure is 1 / rank of the title that was meant.
"""

import numpy as np
import pytest

from benchmarks.pretraining import Known, alike, slipped_once, words

LONG = ["客厅抽纸盒多功能高档蕾丝", "女士厚底马丁靴春秋", "老年奶粉提高免疫力高钙", "奶茶店不锈钢异形吧台"]


def test_two_words_of_a_long_query_are_typed() -> None:
    known = Known.of(["铁艺花瓶", *LONG], {}, np.random.default_rng(0))
    assert known.titles == LONG and known.slipped.tolist() == [False, True, False, True]
    for title, typed, slipped in zip(known.titles, known.typed, known.slipped, strict=True):
        own = words(title)
        pairs = {one + other for one in own for other in own if one != other}
        assert (typed in pairs) != slipped


def test_a_slip_is_one_character() -> None:
    draw, sounds = np.random.default_rng(0), alike(["他她妈马", "铁"])
    assert sounds["他"] == sorted("他她") and sounds["铁"] == ["铁"]
    found = {slipped_once("他马铁", sounds, draw) for _ in range(200)}
    assert found == {"她马铁", "他妈铁", "马铁", "他铁", "马他铁", "他铁马"}


def test_the_figure_is_the_reciprocal_rank() -> None:
    known = Known(["a", "b"], ["x", "y"], np.array([False, True]))
    typed = np.array([[1, 0], [1, 0]], np.float32)
    titles = np.array([[1, 0], [0, 1]], np.float32)
    assert known.ranks(typed, titles).tolist() == pytest.approx([1.0, 0.5])
