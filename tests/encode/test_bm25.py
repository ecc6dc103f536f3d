"""Words against fielded texts. Claims:

1. a rare word counts more than a common one, a short field more than a long one, plurals as singulars.
2. scores are BM25 by hand: frequency, length, rareness.
3. nothing shared, nothing asked and no texts give zeros.
"""

import numpy as np

from shopkeeper.encode.bm25 import K1, B, Bm25

FIELDS = [("red tea", "tea"), ("red coffee", "drink"), ("red mug with a handle of oak", "mugs")]


def test_rare_short_and_plural() -> None:
    scores = Bm25(FIELDS).scores(["red", "mug", "teas", "drinks"])
    assert scores.dtype == np.float32
    assert scores[0].argmax() in (0, 1)
    assert scores[0, 2] < scores[0, 0]
    assert (scores[1] > 0).tolist() == [False, False, True]
    assert (scores[2] > 0).tolist() == [True, False, False]
    assert (scores[3] > 0).tolist() == [False, True, False]
    assert scores[1, 2] > scores[0, 2]


def test_scores_are_those_of_the_formula() -> None:
    one = Bm25([("tea tea cup",), ("cup",)]).scores(["tea cup"])[0, 0]
    norm = 1 - B + B * 3 / 2
    tea, cup = 2 / norm, 1 / norm
    rare, common = np.log(1 + (2 - 1 + 0.5) / 1.5), np.log(1 + (2 - 2 + 0.5) / 2.5)
    np.testing.assert_allclose(
        one, tea * (K1 + 1) / (tea + K1) * rare + cup * (K1 + 1) / (cup + K1) * common, rtol=1e-5
    )


def test_nothing_gives_zeros() -> None:
    assert not Bm25(FIELDS).scores(["water", ""]).any()
    assert Bm25(FIELDS).scores([]).shape == (0, 3)
    assert Bm25([]).scores(["tea"]).shape == (1, 0)
