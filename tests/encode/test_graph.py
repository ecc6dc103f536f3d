"""A text model written down as ONNX. Claims, on tiny random models:

1. BERT, RoBERTa and DistilBERT answer as they do in PyTorch, with mean and first-token pooling, whatever the padding.
2. the activation is the model's; one that cannot be written is refused with those that can.
3. as int8 it still points where it pointed, in a fraction of the bytes, and no text moves another.
"""

from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from shopkeeper.encode.export import write_int8
from shopkeeper.encode.graph import onnx_of
from shopkeeper.encode.model import TextModel
from shopkeeper.errors import WeightsError
from shopkeeper.types import FloatArray
from tests.encode.compress.world import encoder

pytestmark = pytest.mark.filterwarnings("ignore")
TEXTS = ("rain jacket", "tent", "norwa winter boots 100", "climbing gloves by havelin, and a kettle")


def run(model: TextModel, content: bytes | str) -> FloatArray:
    ids, mask = model.padded(model.ids(TEXTS, "query"))
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})[0], np.float32)


def plain(model: TextModel) -> FloatArray:
    with torch.no_grad():
        return np.concatenate([model(*model.padded(model.ids([text], "query"))).numpy() for text in TEXTS])


@pytest.mark.parametrize(
    ("family", "pooling", "activation"),
    [
        ("bert", "mean", "gelu"),
        ("bert", "cls", "gelu_new"),
        ("roberta", "mean", "relu"),
        ("distilbert", "cls", "gelu"),
        ("distilbert", "mean", "gelu"),
    ],
)
def test_the_graph_answers_as_the_model(family: str, pooling: Literal["mean", "cls"], activation: str) -> None:
    model = encoder(family, 2, activation, pooling)
    np.testing.assert_allclose(run(model, onnx_of(model).SerializeToString()), plain(model), atol=2e-5)


def test_another_activation_gives_other_vectors() -> None:
    one, other = encoder(activation="gelu"), encoder(activation="relu")
    assert not np.allclose(plain(one), plain(other), atol=1e-2)


def test_an_activation_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(
        WeightsError, match=r"layers of tiny have the activation 'silu'. Allowed: gelu, gelu_new, .*relu. Name other"
    ):
        onnx_of(encoder(activation="silu"))


def test_as_int8_it_points_where_it_pointed(tmp_path: Path) -> None:
    model = encoder(layers=2)
    write_int8(model, tmp_path / "int8.onnx")
    assert (run(model, str(tmp_path / "int8.onnx")) * plain(model)).sum(1).mean() > 0.99
    kinds = {node.op_type for node in onnx.load(tmp_path / "int8.onnx").graph.node}
    assert "MatMulIntegerToFloat" in kinds
    assert not kinds & {"DynamicQuantizeLinear", "MatMulInteger"}
    assert (tmp_path / "int8.onnx").stat().st_size < 0.6 * len(onnx_of(model).SerializeToString())


def test_as_int8_a_text_is_read_as_it_is_alone(tmp_path: Path) -> None:
    model = encoder(layers=2)
    write_int8(model, tmp_path / "int8.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "int8.onnx", providers=["CPUExecutionProvider"])
    for text, among in zip(TEXTS, run(model, str(tmp_path / "int8.onnx")), strict=True):
        ids, mask = model.padded(model.ids([text], "query"))
        alone = session.run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})[0][0]
        np.testing.assert_allclose(alone, among, atol=1e-5)
