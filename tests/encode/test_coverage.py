"""How much of a query a text holds. Claims:

1. a text with all words has 1, one with none 0, a rare word counts more than a common one, by hand.
2. repeating a word, in the query or in the text, changes nothing; nor does the text's length; plurals are singulars.
3. words that no text knows do not count; nothing known and nothing asked give zeros.
"""

import numpy as np
import pytest

from shopkeeper.encode.coverage import Coverage

FIELDS = [("red tea", "tea"), ("red coffee", ""), ("red mug with a handle of oak", "mugs")]


def test_words_count_by_their_rarity() -> None:
    scores = Coverage(FIELDS).scores(["red tea", "coffee"])
    assert scores.dtype == np.float32
    rare, common = np.log(1 + 2.5 / 1.5), np.log(1 + 0.5 / 3.5)
    assert scores[0].tolist() == pytest.approx([1, common / (rare + common), common / (rare + common)])
    assert scores[1].tolist() == pytest.approx([0, 1, 0])


def test_repeating_and_length_change_nothing() -> None:
    scores = Coverage(FIELDS).scores(["mug red", "mugs red red", "reds mugs mug"])
    np.testing.assert_allclose(scores[1:], scores[[0, 0]], rtol=1e-6)
    assert scores[0, 2] == pytest.approx(1)
    assert scores[0, 0] == pytest.approx(scores[0, 1])


def test_unknown_words_do_not_count() -> None:
    words = Coverage(FIELDS)
    np.testing.assert_allclose(words.scores(["tea zzz"]), words.scores(["tea"]))
    assert not words.scores(["zzz", ""]).any()
    assert words.scores([]).shape == (0, 3)
    assert Coverage([]).scores(["tea"]).shape == (1, 0)
