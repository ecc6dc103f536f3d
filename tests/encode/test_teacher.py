"""Who teaches without labels. Claims, by hand:

1. by words: the cosine and BM25's share of the best match; a query that shares no word has its cosines.
2. by feedback: the query goes towards what it finds; words held count by their share; without both it is the cosine.
3. a catalogue of fewer products than give feedback works too.
"""

import numpy as np
import pytest
import torch
from torch import Tensor

from shopkeeper.encode.bm25 import Bm25
from shopkeeper.encode.teacher import ByFeedback, ByWords

pytestmark = pytest.mark.weights
FIELDS = [("red tea",), ("red tea tea",), ("oak mug",)]


def unit(*angles: float) -> Tensor:
    """Directions in the plane, in degrees."""
    return torch.tensor([[np.cos(np.radians(angle)), np.sin(np.radians(angle))] for angle in angles]).float()


def by_hand(degrees: list[float]) -> float:
    """At how many degrees the mean lies of what a query at 0 finds there, each by the softmax of cosine / .05."""
    angles = np.radians(degrees)
    worth = np.exp(np.cos(angles) / 0.05)
    return float(np.degrees(np.arctan2(worth @ np.sin(angles), worth @ np.cos(angles))))


def test_by_words() -> None:
    passages, query = unit(0, 40, 90), unit(60, 60)
    scores = ByWords(FIELDS, passages, 0.5).scores(["tea", "zzz"], query)
    bm25 = Bm25(FIELDS).scores(["tea"])[0]
    cosines = np.cos(np.radians([60, 20, 30]))
    np.testing.assert_allclose(scores[0], cosines + 0.5 * bm25 / bm25.max(), atol=1e-6)
    np.testing.assert_allclose(scores[1], cosines, atol=1e-6)


def test_by_feedback() -> None:
    passages, query = unit(20, 21, 22, -23), unit(0)
    fields = [("tea",), ("tea",), ("tea",), ("red mug",)]
    plain = ByFeedback(fields, passages, 0.0, 0.0).scores(["zzz"], query)
    np.testing.assert_allclose(plain[0], np.cos(np.radians([20, 21, 22, 23])), atol=1e-6)
    moved = ByFeedback(fields, passages, 0.0, 1.0).scores(["zzz"], query)
    found = by_hand([20, 21, 22, -23])
    np.testing.assert_allclose(moved[0], np.cos(np.radians(np.array([20, 21, 22, -23]) - found / 2)), atol=1e-5)
    words = ByFeedback(fields, passages, 0.2, 0.0).scores(["red mugs"], query)
    np.testing.assert_allclose(words[0] - plain[0], [0, 0, 0, 0.2], atol=1e-6)


def test_a_catalogue_of_fewer_products_gives_feedback_too() -> None:
    assert ByFeedback(FIELDS, unit(0, 40, 90), 0.1, 1.0).scores(["tea"], unit(60)).shape == (1, 3)
