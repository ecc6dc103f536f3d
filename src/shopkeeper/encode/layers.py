"""One name for the parts of a transformer's layer, whichever architecture calls them what."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import LayerNorm, Linear, Parameter


@dataclass(frozen=True, slots=True)
class Layer:
    """Attention over the words, then a feed-forward network; each is added to what went in and normalised."""

    query: Linear
    key: Linear
    value: Linear
    attended: Linear
    attention_norm: LayerNorm
    up: Linear
    down: Linear
    feed_norm: LayerNorm
    head_size: int

    @property
    def n_heads(self) -> int:
        return self.query.out_features // self.head_size

    @property
    def n_units(self) -> int:
        """Of the feed-forward network."""
        return self.up.out_features


def parts(layer: Any) -> Layer:
    """The parts of a layer of BERT, RoBERTa or DistilBERT: the modules themselves, so that changing one is seen."""
    own = layer.attention
    if hasattr(layer, "ffn"):
        names = own.q_lin, own.k_lin, own.v_lin, own.out_lin, layer.sa_layer_norm
        return Layer(*names, layer.ffn.lin1, layer.ffn.lin2, layer.output_layer_norm, own.attention_head_size)
    reads, writes = own.self, own.output
    return Layer(
        reads.query,
        reads.key,
        reads.value,
        writes.dense,
        writes.LayerNorm,
        layer.intermediate.dense,
        layer.output.dense,
        layer.output.LayerNorm,
        reads.attention_head_size,
    )


def narrow(layer: Layer, heads: Tensor, units: Tensor) -> None:
    """Leaves the layer these heads and these units, int64, in this order; the rows and columns of others are gone."""
    places = (heads[:, None] * layer.head_size + torch.arange(layer.head_size)).flatten()
    for linear in (layer.query, layer.key, layer.value):
        _keep_rows(linear, places)
    _keep_rows(layer.up, units)
    _keep_columns(layer.attended, places)
    _keep_columns(layer.down, units)


def _keep_rows(linear: Linear, rows: Tensor) -> None:
    linear.weight = Parameter(linear.weight.detach()[rows].contiguous())
    linear.bias = Parameter(linear.bias.detach()[rows].contiguous())
    linear.out_features = len(rows)


def _keep_columns(linear: Linear, columns: Tensor) -> None:
    linear.weight = Parameter(linear.weight.detach()[:, columns].contiguous())
    linear.in_features = len(columns)
