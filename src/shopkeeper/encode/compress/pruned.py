"""Heads of attention and units of the feed-forward networks that matter little are cut out."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from typing import Any

import torch
from torch import Tensor

from shopkeeper.encode.layers import narrow, parts
from shopkeeper.encode.model import Kind, TextModel
from shopkeeper.errors import TrainingError

BATCH = 32
DIRECTIONS = 4


def pruned(model: TextModel, texts: Sequence[str], heads: float, units: float, kind: Kind = "query") -> TextModel:
    """A copy that has only this share of all heads and of all units: those that the vectors of the texts hang on most.

    Each layer keeps one head and one unit at least. Rows and columns are really gone, so it is smaller and faster; it
    is saved, opened and exported like any other. Teach it what the original says afterwards (`imitation.py`).
    Raises TrainingError where a share is not in (0, 1] or there is no text.
    """
    if not (0 < heads <= 1 and 0 < units <= 1 and texts):
        raise TrainingError(
            f"pruning with {heads} of the heads, {units} of the units and {len(texts)} texts: shares must be over 0 "
            f"and at most 1, and one text at least is needed. Half of each and some 200 queries are usual"
        )
    by_head, by_unit = importance(model, texts, kind)
    smaller = deepcopy(model)
    for layer, own_heads, own_units in zip(smaller.layers, _kept(by_head, heads), _kept(by_unit, units), strict=True):
        narrow(parts(layer), own_heads, own_units)
    smaller.body.config.layers_left = [[parts(layer).n_heads, parts(layer).n_units] for layer in smaller.layers]
    return smaller


def importance(model: TextModel, texts: Sequence[str], kind: Kind = "query") -> tuple[list[Tensor], list[Tensor]]:
    """For each layer the importance of its heads, float32 (heads,), and of its units, float32 (units,).

    How far a text's vector moves, to first order, when the head or unit is scaled to nothing: the mean over texts of
    the squared derivative of the vector by that scale, estimated along random directions. No labels are needed.
    Source: Michel, Levy, Neubig, "Are sixteen heads really better than one?", NeurIPS 2019, section 4.1; Molchanov et
    al., "Importance estimation for neural network pruning", CVPR 2019, eq. 8. Theirs is the derivative of a loss; that
    of an imitation of the model itself is 0, hence the vector.
    """
    draw = torch.Generator().manual_seed(0)
    layers = [parts(layer) for layer in model.layers]
    sums = [torch.zeros(count) for layer in layers for count in (layer.n_heads, layer.n_units)]
    rows = sorted(model.ids(texts, kind), key=len)
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        scales = [torch.ones(len(batch), len(total), requires_grad=True) for total in sums]
        with _scaled(model, scales):
            vectors = model(*model.padded(batch))
        for turn in range(DIRECTIONS):
            direction = torch.randn(vectors.shape, generator=draw)
            slopes = torch.autograd.grad((vectors * direction).sum(), scales, retain_graph=turn + 1 < DIRECTIONS)
            for total, slope in zip(sums, slopes, strict=True):
                total.add_(slope.square().sum(0) / (DIRECTIONS * len(rows)))
    return sums[::2], sums[1::2]


@contextmanager
def _scaled(model: TextModel, scales: Sequence[Tensor]) -> Iterator[None]:
    """Heads and units, layer by layer, count as much as their scale (texts, heads or units) says."""
    hooks = []
    for layer, by_head, by_unit in zip(map(parts, model.layers), scales[::2], scales[1::2], strict=True):
        by_place = by_head.repeat_interleave(layer.head_size, dim=1)
        hooks.append(layer.attended.register_forward_pre_hook(_times(by_place)))
        hooks.append(layer.down.register_forward_pre_hook(_times(by_unit)))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _times(scale: Tensor) -> Callable[[Any, tuple[Tensor, ...]], tuple[Tensor]]:
    return partial(_multiplied, scale)


def _multiplied(scale: Tensor, module: Any, inputs: tuple[Tensor, ...]) -> tuple[Tensor]:
    return (inputs[0] * scale[:, None, :],)


def _kept(scores: Sequence[Tensor], share: float) -> list[Tensor]:
    """Of each layer, the places of those that are among the best of all layers, and of its own best one; in order."""
    everything = torch.cat(list(scores))
    n = max(round(share * len(everything)), 1)
    least = everything.sort(descending=True).values[n - 1]
    return [torch.nonzero((own >= least) | (own == own.max())).flatten() for own in scores]
