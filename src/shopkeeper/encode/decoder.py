"""A text from one vector: what a denoising encoder learns through, and what is thrown away afterwards.

Needs the model extra.
"""

import copy
import math

import torch
from torch import Tensor
from torch.nn import Linear, ModuleList
from torch.nn.functional import gelu, scaled_dot_product_attention

from shopkeeper.encode.layers import Layer, parts
from shopkeeper.encode.model import TextModel


class Decoder(torch.nn.Module):
    """Layers that read the tokens up to each place, and one vector of the whole text.

    Each begins as the model's last layer. Attention to a single vector gives that vector whatever is asked, so it is a
    linear map of it, added and normalised; it begins as the values and the output of the last layer's attention.
    """

    def __init__(self, model: TextModel, n_layers: int) -> None:
        super().__init__()
        self.layers = ModuleList(copy.deepcopy(model.layers[-1]) for _ in range(n_layers))
        self.maps = ModuleList(self._map(parts(layer)) for layer in self.layers)
        self.norms = ModuleList(copy.deepcopy(parts(layer).attention_norm) for layer in self.layers)
        self._gain = math.sqrt(model.dimensions)

    @staticmethod
    def _map(layer: Layer) -> Linear:
        made = Linear(layer.value.in_features, layer.attended.out_features)
        with torch.no_grad():
            made.weight.copy_(layer.attended.weight @ layer.value.weight)
            made.bias.copy_(layer.attended.weight @ layer.value.bias + layer.attended.bias)
        return made

    def forward(self, model: TextModel, vectors: Tensor, tokens: Tensor) -> Tensor:
        """(b, t, d) of token ids int64 (b, t), of which place i knows those up to i, and of unit vectors (b, d)."""
        # a prompt stands in front of the words
        hidden: Tensor = model.body.embeddings(tokens)[:, -tokens.shape[1] :]
        for layer, mapped, norm in zip(self.layers, self.maps, self.norms, strict=True):
            own = parts(layer)
            hidden = own.attention_norm(hidden + _looking_back(own, hidden))
            hidden = norm(hidden + mapped(vectors * self._gain)[:, None])
            hidden = own.feed_norm(hidden + own.down(gelu(own.up(hidden))))
        return hidden


def _looking_back(layer: Layer, hidden: Tensor) -> Tensor:
    """What each place gets by attention from itself and the places before it."""
    n, t, _ = hidden.shape
    heads = [
        part(hidden).view(n, t, -1, layer.head_size).transpose(1, 2) for part in (layer.query, layer.key, layer.value)
    ]
    seen = scaled_dot_product_attention(heads[0], heads[1], heads[2], is_causal=True)
    looked: Tensor = layer.attended(seen.transpose(1, 2).reshape(n, t, -1))
    return looked
