"""A text model as an ONNX graph, written down operator by operator.

A traced graph says everything as PyTorch does it: masks from ranges, transposes around every product. Written down,
a layer is fifteen operators of which ONNX Runtime runs each as one kernel, and writing takes a second in place of
twenty. Heads and units are counted layer by layer, so that a pruned model is written like any other.
"""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from shopkeeper.encode.layers import Layer, parts
from shopkeeper.encode.model import TextModel, positions
from shopkeeper.errors import WeightsError

ACTIVATIONS = {
    "gelu": ("Gelu", {"approximate": "none"}),
    "gelu_new": ("Gelu", {"approximate": "tanh"}),
    "gelu_pytorch_tanh": ("Gelu", {"approximate": "tanh"}),
    "relu": ("Relu", {}),
}
OPSETS = (("", 20), ("com.microsoft", 1))
IR_VERSION = 10


def onnx_of(model: TextModel) -> onnx.ModelProto:
    """The model in float32: `input_ids` and `attention_mask`, int64 (texts, tokens), to unit `vectors`.

    Raises WeightsError where the layers' activation is none of ACTIVATIONS.
    """
    graph = _Graph(model)
    hidden = graph.embedded()
    for layer in model.layers:
        hidden = graph.layer(hidden, parts(layer))
    graph.pooled(hidden)
    made = helper.make_model(
        graph.whole(), opset_imports=[helper.make_opsetid(*opset) for opset in OPSETS], ir_version=IR_VERSION
    )
    onnx.checker.check_model(made)
    return made


class _Graph:
    """The nodes so far, in order, and the numbers that they use."""

    def __init__(self, model: TextModel) -> None:
        config = model.body.config
        name = str(getattr(config, "hidden_act", None) or config.activation)
        if name not in ACTIVATIONS:
            raise WeightsError(
                f"{model.weights.file}: the layers of {model.weights.model} have the activation '{name}'. Allowed: "
                f"{', '.join(ACTIVATIONS)}. Name other weights, or set encode.weights to 'none'"
            )
        self.model = model
        self._activation, self._how = ACTIVATIONS[name]
        self._nodes: list[onnx.NodeProto] = []
        self._numbers: list[onnx.TensorProto] = []
        self._mask = self._op("Cast", "attention_mask", to=TensorProto.FLOAT)
        self._keys = self._op("Cast", "attention_mask", to=TensorProto.INT32)

    def embedded(self) -> str:
        """Words, places and the one token type, normalised."""
        table = self.model.body.embeddings
        places = _array(table.position_embeddings.weight)[-positions(self.model.body.config) :]
        if hasattr(table, "token_type_embeddings"):
            places = places + _array(table.token_type_embeddings.weight)[0]
        width = self._op("Shape", "input_ids", start=1, end=2)
        first = self._number(np.array([0]))
        own = self._op("Slice", self._number(places), first, width, first)
        words = self._op("Gather", self._number(_array(table.word_embeddings.weight)), "input_ids")
        return self._norm(self._op("Add", words, own), table.LayerNorm)

    def layer(self, hidden: str, layer: Layer) -> str:
        """Three products for attention, not one: the operator takes them apart again, which costs more."""
        heads = [self._op("MatMul", hidden, self._weight(part)) for part in (layer.query, layer.key, layer.value)]
        bias = self._number(np.concatenate([_array(part.bias) for part in (layer.query, layer.key, layer.value)]))
        seen = self._op("MultiHeadAttention", *heads, bias, self._keys, domain="com.microsoft", num_heads=layer.n_heads)
        hidden = self._norm(self._op("Add", self._linear(seen, layer.attended), hidden), layer.attention_norm)
        units = self._op(self._activation, self._linear(hidden, layer.up), **self._how)
        return self._norm(self._op("Add", self._linear(units, layer.down), hidden), layer.feed_norm)

    def pooled(self, hidden: str) -> None:
        """One unit vector a text. A mean and a sum point the same way, so the sum will do."""
        one = self._number(np.array([1]))
        if self.model.weights.pooling == "cls":
            pooled = self._op("Gather", hidden, self._number(np.array(0)), axis=1)
        else:
            pooled = self._op("Squeeze", self._op("MatMul", self._op("Unsqueeze", self._mask, one), hidden), one)
        length = self._op("ReduceL2", pooled, one, keepdims=1)
        self._op("Div", pooled, self._op("Clip", length, self._number(np.array(1e-12, np.float32))), out="vectors")

    def whole(self) -> onnx.GraphProto:
        """The graph with its inputs and its output."""
        texts = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"])
            for name in ("input_ids", "attention_mask")
        ]
        vectors = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["texts", self.model.dimensions])
        return helper.make_graph(self._nodes, "encoder", texts, [vectors], self._numbers)

    def _linear(self, name: str, linear: Any) -> str:
        return self._op("Add", self._op("MatMul", name, self._weight(linear)), self._number(_array(linear.bias)))

    def _weight(self, linear: Any) -> str:
        return self._number(np.ascontiguousarray(_array(linear.weight).T))

    def _norm(self, name: str, norm: Any) -> str:
        scale, bias = self._number(_array(norm.weight)), self._number(_array(norm.bias))
        return self._op("LayerNormalization", name, scale, bias, axis=-1, epsilon=float(norm.eps))

    def _number(self, array: NDArray[Any]) -> str:
        name = f"number_{len(self._numbers)}"
        self._numbers.append(numpy_helper.from_array(array, name))
        return name

    def _op(self, kind: str, *inputs: str, out: str = "", domain: str = "", **how: Any) -> str:
        name = out or f"{kind}_{len(self._nodes)}"
        node = helper.make_node(kind, list(inputs), [name], name=name, domain=domain, **how)
        self._nodes.append(node)
        return name


def _array(tensor: Tensor) -> NDArray[np.float32]:
    return np.asarray(tensor.detach().float().numpy(), np.float32)
