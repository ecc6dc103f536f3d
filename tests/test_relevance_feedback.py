"""A query moved towards what it finds. Claims, by hand:

1. what is nearer counts more, by the softmax of cosine / .05, and `weight` says how far the query goes.
2. a weight of 0 moves nothing; fewer texts than are heard are heard all; zeros stay zeros.
3. many queries at once are moved as one by one, and texts beyond the first hundred are not heard.
"""

import numpy as np

from shopkeeper import relevance_feedback as feedback
from shopkeeper.types import FloatArray


def at(*degrees: float) -> FloatArray:
    """Directions in the plane."""
    angles = np.radians(degrees)
    return np.stack((np.cos(angles), np.sin(angles)), axis=1).astype(np.float32)


def test_what_is_nearer_counts_more() -> None:
    moved = feedback.moved(at(0), at(10, 40), 1.0)
    worth = np.exp(np.cos(np.radians([10, 40])) / 0.05)
    found = worth @ at(10, 40)
    whole = at(0)[0] + found / np.linalg.norm(found)
    np.testing.assert_allclose(moved[0], whole / np.linalg.norm(whole), atol=1e-5)
    assert 4.9 < np.degrees(np.arctan2(moved[0, 1], moved[0, 0])) < 6


def test_a_weight_of_nothing_moves_nothing() -> None:
    np.testing.assert_allclose(feedback.moved(at(0, 90), at(10), 0.0), at(0, 90), atol=1e-6)
    np.testing.assert_allclose(feedback.common(np.zeros((0, 2), np.float32), np.zeros(0, np.float32)), [0, 0])
    assert np.isfinite(feedback.unit(np.zeros((1, 2), np.float32))).all()


def test_many_are_moved_as_one_by_one_by_the_first_hundred() -> None:
    draw = np.random.default_rng(0)
    asked, texts = (feedback.unit(draw.normal(size=(n, 8)).astype(np.float32)) for n in (700, 300))
    moved = feedback.moved(asked, texts, 0.5)
    for place in (0, 511, 512, 699):
        cosines = texts @ asked[place]
        first = np.argsort(-cosines)[:100]
        alone = asked[place] + 0.5 * feedback.common(texts[first], cosines[first])
        np.testing.assert_allclose(moved[place], feedback.unit(alone[None])[0], atol=1e-5)
