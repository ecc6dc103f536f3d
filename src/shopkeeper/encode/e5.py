"""multilingual-e5-small from its 4-bit file: names, shapes and numbers of a BertModel, and its tokenizer.

The E5S1 file, little-endian: magic, sizes, the tokenizer's pieces and scores, a normaliser map, then named tensors as
float32 or Q4_0 (blocks of 32 numbers: an fp16 scale and 16 bytes; low nibbles are numbers 0 to 15, high ones 16 to 31,
each minus 8).
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shopkeeper.errors import WeightsError
from shopkeeper.types import FloatArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAGIC = b"E5S1"
BLOCK = 32
_HEAD = struct.Struct("<4si7ifi")
_PIECES = struct.Struct("<5iQ")
_TENSOR = struct.Struct("<BIQQ")
_REMOVED = r"[\u0000-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]"
_SPACES = r"[\s\u200b-\u200f\ufeff]+"

_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


@dataclass(frozen=True, slots=True)
class E5:
    """What the file holds. `config` are BertConfig's arguments, `tensors` by their names in a BertModel."""

    config: Mapping[str, Any]
    pieces: tuple[tuple[str, float], ...]
    bos: int
    eos: int
    pad: int
    unk: int
    tensors: Mapping[str, FloatArray]


def read(path: Path) -> E5:
    """The file's contents, dequantised to float32. Raises WeightsError where the file is cut or not E5S1."""
    data = path.read_bytes()
    if data[:4] != MAGIC:
        raise WeightsError(f"{path}: not an E5S1 file: starts with {data[:4]!r}, expected {MAGIC!r}")
    try:
        return _parse(data)
    except (struct.error, ValueError, IndexError) as error:
        raise WeightsError(
            f"{path}: the E5S1 file is corrupt or cut short ({error}). Install its package again"
        ) from None


def _parse(data: bytes) -> E5:
    _, _, hidden, layers, heads, ffn, vocab, positions, types, eps, _ = _HEAD.unpack_from(data, 0)
    at = _HEAD.size
    n_pieces, bos, eos, pad, unk, blob_size = _PIECES.unpack_from(data, at)
    at += _PIECES.size
    offsets = np.frombuffer(data, np.uint32, n_pieces + 1, at).tolist()
    at += 4 * (n_pieces + 1)
    scores = np.frombuffer(data, np.float32, n_pieces, at).tolist()
    at += 4 * n_pieces
    blob = data[at : at + blob_size]
    at += blob_size
    pieces = tuple((blob[offsets[i] : offsets[i + 1]].decode(), scores[i]) for i in range(n_pieces))
    _, map_size = struct.unpack_from("<iI", data, at)
    shapes = {"emb.word": (vocab, hidden), "emb.pos": (positions, hidden), "emb.type": (types, hidden)}
    shapes |= {"fi.w": (ffn, hidden), "fo.w": (hidden, ffn)}
    shapes |= dict.fromkeys(("q.w", "k.w", "v.w", "ao.w"), (hidden, hidden))
    config = {
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": ffn,
        "vocab_size": vocab,
        "max_position_embeddings": positions,
        "type_vocab_size": types,
        "layer_norm_eps": eps,
        "pad_token_id": pad,
    }
    return E5(config, pieces, bos, eos, pad, unk, _tensors(data, at + 8 + map_size, shapes))


def _tensors(data: bytes, at: int, shapes: Mapping[str, tuple[int, int]]) -> dict[str, FloatArray]:
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    found: dict[str, FloatArray] = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        at += 2 + length
        _, n, offset, n_bytes = _TENSOR.unpack_from(data, at)
        at += _TENSOR.size
        raw = np.frombuffer(data, np.uint8, n_bytes, offset)
        flat = raw.copy().view(np.float32) if n_bytes == 4 * n else dequantise(raw)
        shape = shapes.get(name, shapes.get(name.partition(".")[2]))
        found[_bert_name(name)] = flat.reshape(shape) if shape else flat
    return found


def dequantise(raw: NDArray[np.uint8]) -> FloatArray:
    """Q4_0 blocks as float32: 18 bytes give 32 numbers."""
    blocks = raw.reshape(-1, 2 + BLOCK // 2)
    scales = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    nibbles = blocks[:, 2:]
    numbers = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32) - 8
    return (numbers * scales).reshape(-1)


def _bert_name(name: str) -> str:
    if name in _EMBEDDINGS:
        return _EMBEDDINGS[name]
    layer, part, side = name.split(".")
    if part not in _LAYER:
        raise ValueError(f"no such tensor in a BertModel: {name}")
    return f"encoder.layer.{layer[1:]}.{_LAYER[part]}.{'weight' if side == 'w' else 'bias'}"


def tokenizer(e5: E5) -> "Tokenizer":
    """The Unigram tokenizer over the file's pieces: NFKC, no controls, single spaces, `<s> A </s>`."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    made = Tokenizer(models.Unigram(list(e5.pieces), unk_id=e5.unk, byte_fallback=False))
    made.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Replace(Regex(_REMOVED), ""),
            normalizers.Replace(Regex(_SPACES), " "),
            normalizers.Strip(),
        ]
    )
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    bos, eos = e5.pieces[e5.bos][0], e5.pieces[e5.eos][0]
    made.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}", special_tokens=[(bos, e5.bos), (eos, e5.eos)]
    )
    return made
