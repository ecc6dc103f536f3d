"""Labels told apart by runs of letters. Claims:

1. a text is the set of its runs of one to three letters, its beginning and end among them, in a vector of length 1.
2. a run that only two texts have says nothing; of the others the rarer one counts more.
3. what a run of two letters turns round, as 不好, is told; a text of unknown letters gets the more frequent label.
4. the numbers are those of least loss, as a dense regression on the same columns finds them.
5. one label, or texts without labels, are refused in words.
"""

import numpy as np
import pytest

from shopkeeper.encode.letters import COLUMNS, STRENGTH, _runs, _weighed, lettered
from shopkeeper.encode.logistic import least
from shopkeeper.errors import TrainingError

GOOD = ["很好", "好用", "真好", "好看", "都好", "好"] * 3
BAD = ["不好", "不好用", "真不好", "不好看", "都不好"] * 3
TEXTS, LABELS = [*GOOD, *BAD], ["good"] * len(GOOD) + ["bad"] * len(BAD)


def test_a_text_is_the_set_of_its_runs() -> None:
    runs = _runs(["ab", "ba", "abab", "", "ab"])
    # of "ab" between its marks: four letters, three runs of two and two of three
    assert runs.sum(axis=1).ravel().tolist()[0] == [9, 9, 12, 3, 9]
    assert runs.data.max() == 1
    assert (runs[0] != runs[4]).nnz == 0
    shared = runs[0].multiply(runs[1]).sum()
    assert shared == 4  # both letters and both marks
    assert runs[0].multiply(runs[2]).sum() == 9  # abab begins with ab and ends with it
    weighed = _weighed(runs, np.full(COLUMNS, 2.0))
    np.testing.assert_allclose(weighed.power(2).sum(axis=1), 1)


def test_rare_runs_count_more_and_the_rarest_not_at_all() -> None:
    taught = lettered(["aa", "ab", "ac", "ad", "ed", "ed"], ["good", "bad"] * 3)
    ends = set(_runs([""]).indices.tolist())
    (a,), (c,), (d,), (e,) = (
        set(_runs([f"x{name}y"]).indices.tolist()) & set(_runs([f"u{name}v"]).indices.tolist()) - ends
        for name in "acde"
    )
    assert 0 < taught.rareness[a] < taught.rareness[d]
    assert taught.rareness[c] == taught.rareness[e] == 0
    assert not taught.weights[:, [c, e]].any()


def test_what_turns_a_word_round_is_told() -> None:
    taught = lettered(TEXTS, LABELS, 10.0)
    told = [taught.labels[at] for at in taught.log_likelihoods(["质量好", "质量不好", "x"]).argmax(axis=1)]
    assert told == ["good", "bad", "good"]
    np.testing.assert_allclose(np.exp(taught.log_likelihoods(TEXTS)).sum(axis=1), 1)
    assert taught.log_likelihoods([]).shape == (0, 2)


def test_the_numbers_are_those_of_a_dense_regression() -> None:
    taught = lettered(TEXTS, LABELS)
    sparse = _weighed(_runs(TEXTS), taught.rareness)
    used = np.unique(sparse.indices)
    wide = np.concatenate([sparse[:, used].toarray(), np.ones((len(TEXTS), 1))], axis=1)
    places = np.array([taught.labels.index(label) for label in LABELS])
    dense = least(wide, places, STRENGTH, np.zeros((2, len(used) + 1)))
    np.testing.assert_allclose(taught.weights[:, used], dense[:, :-1], atol=1e-3)
    np.testing.assert_allclose(taught.biases, dense[:, -1], atol=1e-3)
    assert np.count_nonzero(np.delete(taught.weights, used, axis=1)) == 0


def test_what_cannot_be_learnt_is_said() -> None:
    with pytest.raises(TrainingError, match=r"letters: 2 texts and 2 labels, 1 of them different\. Give one label for"):
        lettered(["a", "b"], ["good", "good"])
    with pytest.raises(TrainingError, match=r"letters: 3 texts and 2 labels, 2 of them different"):
        lettered(["a", "b", "c"], ["good", "bad"])
