"""A vector for each word. Claims, on a tiny random model:

1. a text is the mean of its words, of length one; a word without a row is put together from its pieces; of nothing
   known comes 0.
2. rows are the model's vectors of words read alone, shorter the more texts hold the word.
3. fitted to texts, they come nearer to these, and what no text uses stays.
4. the fit is the least squares it says.
5. what was saved answers the same to half precision, without torch; a folder that is not whole is refused.
6. no words, and texts without as many vectors, are refused.
7. (real weights) fitted to half of the queries, it points where the encoder does on the other half.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.encode.compress.imitation import agreement
from shopkeeper.encode.compress.table import Table
from shopkeeper.encode.compress.tabulated import Size, fitted, tabulated
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.weights import choose, find
from shopkeeper.errors import TrainingError, WeightsError
from tests.encode.compress.world import QUERIES, encoder, goods, tokenizer

pytestmark = pytest.mark.filterwarnings("ignore")


def known() -> Table:
    vectors = np.array([[3, 0], [0, 4], [0, 1]], np.float32)
    pieces = tokenizer().get_vocab()
    return Table(vectors, {"rain": 0, "jacket": 1}, {pieces["t"]: 2, pieces["##x"]: 0}, tokenizer().to_str())


def test_a_text_is_the_mean_of_its_words() -> None:
    found = known().encode(["Rain, jacket!", "rain", "tx", "tq", "", "norwa"])
    wanted = [(3 / 5, 4 / 5), (1, 0), (3 / 10**0.5, 1 / 10**0.5), (0, 1), (0, 0), (0, 0)]
    np.testing.assert_allclose(found, np.array(wanted, np.float32), atol=1e-6)
    assert known().encode([]).shape == (0, 2)


def test_rows_are_words_read_alone_the_rarer_the_longer() -> None:
    model = encoder(layers=1)
    texts = [*["rain jacket"] * 9, "rain tent"]
    table = tabulated(model, texts, Size(pieces=5, words=3, seen=2, rare=0.1))
    assert table.words == {"rain": 0, "jacket": 1} and len(table.vectors) == 7
    lengths = np.linalg.norm(table.vectors[:2], axis=1)
    np.testing.assert_allclose(lengths, [0.1 / 1.1, 0.1 / 1.0], rtol=1e-5)
    alone = model.vectors(["jacket"], "query")[0]
    np.testing.assert_allclose(table.encode(["jacket"])[0], alone, atol=1e-5)
    tent = model.tokenizer.token_to_id("tent")
    assert tent in table.pieces  # pieces that the shop uses come first
    np.testing.assert_allclose(table.encode(["tent"])[0], model.vectors(["tent"], "query")[0], atol=1e-5)


def test_fitted_they_come_nearer_and_the_unused_stay() -> None:
    model, texts = encoder(), [*QUERIES, *goods().texts]
    table, wanted = tabulated(model, texts), model.vectors(QUERIES, "query")
    near = fitted(table, QUERIES[::2], wanted[::2], pull=0.3)
    assert agreement(near.encode(QUERIES[1::2]), wanted[1::2]) > agreement(table.encode(QUERIES[1::2]), wanted[1::2])
    unused = table.words["norwa"]
    np.testing.assert_array_equal(near.vectors[unused], table.vectors[unused])


def test_the_fit_is_least_squares() -> None:
    table, texts = known(), ["rain", "jacket rain", "jacket"]
    wanted = np.array([[0, 1], [1, 0], [0.6, 0.8]], np.float32)
    sums = np.array([[1 / 3, 0], [1 / 5, 1 / 5], [0, 1 / 4]])
    own = table.vectors[:2]
    moved = np.linalg.solve(sums.T @ sums + 0.5 * np.eye(2), sums.T @ (wanted - sums @ own))
    np.testing.assert_allclose(fitted(table, texts, wanted, 0.5).vectors[:2], own + moved, atol=1e-5)


def test_what_was_saved_answers_without_torch(tmp_path: Path) -> None:
    table = tabulated(encoder(layers=1), QUERIES, Size(seen=1))
    table.save(tmp_path)
    opened = Table.open(tmp_path)
    np.testing.assert_allclose(opened.encode(QUERIES), table.encode(QUERIES), atol=2e-3)
    code = (
        "import sys, pathlib; from shopkeeper.encode.compress.table import Table; "
        f"Table.open(pathlib.Path({str(tmp_path)!r})).encode(['rain']); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    (tmp_path / "words.json").write_text('{"words": [')
    with pytest.raises(
        WeightsError, match=r"no whole table of words \(JSONDecodeError.* needs table.safetensors, words"
    ):
        Table.open(tmp_path)


def test_no_words_and_unequal_numbers_are_refused() -> None:
    with pytest.raises(TrainingError, match=r"a table of words from 2 texts, none of which holds a word. Give titles"):
        tabulated(encoder(layers=1), ["", "!"])
    with pytest.raises(TrainingError, match=r"fitting a table of words to 1 texts and 2 vectors: give one each"):
        fitted(known(), ["rain"], np.zeros((2, 2), np.float32))


@pytest.mark.weights
def test_a_table_of_the_real_encoder_points_where_it_does() -> None:
    model = TextModel.load(find(choose("auto", QUERIES)))
    table, wanted = tabulated(model, QUERIES, Size(pieces=100, seen=1)), model.vectors(QUERIES, "query")
    before = agreement(table.encode(QUERIES[1::2]), wanted[1::2])
    after = agreement(fitted(table, QUERIES[::2], wanted[::2]).encode(QUERIES[1::2]), wanted[1::2])
    assert after > max(before, 0.85)
