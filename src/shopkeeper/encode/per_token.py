"""The int8 matrix products of an ONNX graph, scaled token by token.

ONNX Runtime's dynamic quantisation scales what a matrix is multiplied with by the largest number of the whole batch:
a text's vector then depends on the texts beside it, and one loud token makes all others coarse. Here each token has a
scale of its own, as a matrix's columns have.
Source: Dettmers et al., "LLM.int8()", NeurIPS 2022, section 2.1 (vector-wise quantisation).
"""

from collections import defaultdict
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, helper, numpy_helper

STEP, ZERO, LAST = "per_token_step", "per_token_zero", "per_token_last"
"""127 steps from zero to a token's largest number; zero is the byte 128; the last axis."""
_FUSED = ("com.microsoft", 1)


def per_token(model: onnx.ModelProto) -> onnx.ModelProto:
    """The graph that `quantize_dynamic` wrote, changed in place: every token with its own scale."""
    graph = model.graph
    made = {node.output[0]: node for node in graph.node}
    users = defaultdict[str, list[NodeProto]](list)
    for node in graph.node:
        for name in node.input:
            users[name].append(node)
    dropped, nodes = set[str](), list[NodeProto]()
    for node in graph.node:
        if node.op_type == "DynamicQuantizeLinear":
            nodes += _quantised(node)
        elif node.op_type == "MatMulInteger":
            (cast,) = users[node.output[0]]
            (scaled,) = users[cast.output[0]]
            scales = made[next(name for name in scaled.input if name != cast.output[0])]
            dropped |= {own.output[0] for own in (cast, scaled, scales)}
            nodes += _multiplied(node, scales, scaled.output[0])
        else:
            nodes.append(node)
    kept = [node for node in nodes if node.output[0] not in dropped or node.name.startswith("per_token")]
    del graph.node[:]
    graph.node.extend(kept)
    for name, number in ((STEP, np.float32(1 / 127)), (ZERO, np.uint8(128)), (LAST, np.array([-1], np.int64))):
        graph.initializer.append(numpy_helper.from_array(np.asarray(number), name))
    if _FUSED[0] not in {own.domain for own in model.opset_import}:
        model.opset_import.append(helper.make_opsetid(*_FUSED))
    return model


def _quantised(node: NodeProto) -> list[NodeProto]:
    """The same bytes' name and scales' name, but a scale a token: its largest number."""
    told, (own, largest, _) = node.input[0], node.output
    size, unit = f"{own}_size", f"{own}_unit"
    return [
        _node("Abs", [told], size),
        _node("ReduceMax", [size, LAST], largest, keepdims=1),
        _node("Div", [told, largest], unit),
        _node("QuantizeLinear", [unit, STEP, ZERO], own),
    ]


def _multiplied(node: NodeProto, scales: NodeProto, out: str) -> list[NodeProto]:
    """The product in float32: the columns' scales inside, the tokens' behind."""
    (own, matrix, _, zero), (largest, columns), by_column = node.input, scales.input, f"{out}_by_column"
    return [
        _node("MatMulIntegerToFloat", [own, matrix, STEP, columns, ZERO, zero], by_column, domain=_FUSED[0]),
        _node("Mul", [by_column, largest], out),
    ]


def _node(kind: str, inputs: list[str], out: str, domain: str = "", **how: Any) -> NodeProto:
    return helper.make_node(kind, inputs, [out], name=f"per_token_{out}", domain=domain, **how)
