"""Whole layers are left out."""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
from torch.nn import ModuleList

from shopkeeper.encode.model import Kind, TextModel, stack
from shopkeeper.errors import TrainingError


def shallow(model: TextModel, keep: Sequence[int]) -> TextModel:
    """A copy with only these layers, counted from 0 at the words, in this order.

    It is saved, opened and exported like any other. Teach it what the original says afterwards (`imitation.py`).
    Raises TrainingError where there is no such layer, or none is kept.
    Source: Sanh et al., "DistilBERT", 2019 (every second layer, then distillation).
    """
    n = len(model.layers)
    if not keep or not all(0 <= place < n for place in keep):
        raise TrainingError(f"keeping layers {list(keep)} of {n}: allowed are 0 to {n - 1}, one at least. Name others")
    smaller = deepcopy(model)
    config = smaller.body.config
    stack(smaller.body).layer = ModuleList(smaller.layers[place] for place in keep)
    config.num_hidden_layers = len(keep)  # DistilBERT's configuration calls it n_layers and answers to this name too
    left = getattr(config, "layers_left", None)
    if left is not None:
        config.layers_left = [left[place] for place in keep]
    return smaller


def every_second(n: int) -> list[int]:
    """The places of every second of `n` layers, the last among them."""
    return list(range(n))[::-2][::-1]


def least_missed(model: TextModel, texts: Sequence[str], n: int, kind: Kind = "query") -> list[int]:
    """The places of `n` layers: one after another goes the one without which the texts' vectors stay nearest.

    Raises TrainingError where the model has not as many layers.
    """
    kept = list(range(len(model.layers)))
    if not 0 < n <= len(kept):
        raise TrainingError(f"{n} layers of a model that has {len(kept)}: allowed are 1 to {len(kept)}. Keep fewer")
    whole = model.vectors(texts, kind)
    while len(kept) > n:
        tried = [[place for place in kept if place != gone] for gone in kept]
        near = [float((shallow(model, some).vectors(texts, kind) * whole).sum(1).mean()) for some in tried]
        kept = tried[int(np.argmax(near))]
    return kept
