"""Claims:

1. a query of which only choices are known gets products that words find at ranks 10 to 60, with grade 0.
2. what a better judge puts near what was chosen is left out, and what says the same as it.
3. a query with different grades, or with a teacher's scores, stays as it is.
4. no more than asked for are drawn, the same ones from the same seed.
"""

from collections.abc import Sequence

import numpy as np

from shopkeeper.encode.corpus import Judgements
from shopkeeper.encode.negatives import FROM, TO, Goods, with_negatives
from shopkeeper.types import FloatArray

TEXTS = [f"red kettle {'very ' * at}plain {at}" for at in range(80)] + ["blue lamp"] * 20
GOODS = Goods(TEXTS, [(text,) for text in TEXTS])
CHOSEN = Judgements(["red kettle"], np.array([0]), np.array([2]))


def level(queries: Sequence[str], texts: Sequence[str]) -> FloatArray:
    """The first text is right, all others are far behind."""
    return np.array([1.0] + [0.0] * (len(texts) - 1), np.float32)


def negatives(judged: Judgements, margin: float = 0.5, most: int = 99, score=level) -> Judgements:  # type: ignore[no-untyped-def]
    return with_negatives(judged, GOODS, score, margin, most, np.random.default_rng(3))


def test_choices_get_what_words_find_behind_them() -> None:
    found = negatives(CHOSEN)
    assert set(found.queries) == {"red kettle"} and found.grades.tolist() == [2] + [0] * (TO - FROM + 1)
    assert sorted(found.rows[1:].tolist()) == list(range(FROM - 1, TO))  # longer texts match less


def test_what_may_be_right_is_no_negative() -> None:
    def near_twenty(queries: Sequence[str], texts: Sequence[str]) -> FloatArray:
        return np.array([1.0 if at == 0 or text == TEXTS[20] else 0.0 for at, text in enumerate(texts)], np.float32)

    assert set(negatives(CHOSEN).rows) - set(negatives(CHOSEN, score=near_twenty).rows) == {20}
    assert negatives(CHOSEN, margin=1.0).rows.tolist() == [0]
    same = Judgements(["lamp"], np.array([99]), np.array([1]))
    assert negatives(same).rows.tolist() == [99]


def test_queries_that_bring_their_own_stay_as_they_are() -> None:
    graded = Judgements(["red kettle"] * 2, np.array([0, 1]), np.array([2, 0]))
    assert negatives(graded) is graded
    taught = Judgements(["red kettle"], np.array([0]), np.array([2]), np.ones(1, np.float32))
    assert negatives(taught) is taught
    passed = Judgements(["red kettle"], np.array([0]), np.array([0]))
    assert negatives(passed) is passed


def test_as_many_as_asked_for_the_same_ones_from_the_same_seed() -> None:
    one, other = negatives(CHOSEN, most=5), negatives(CHOSEN, most=5)
    assert len(one) == 6 and one.rows.tolist() == other.rows.tolist()
