"""A few labelled texts teach the upper layers of a model: the same label near, another one far.

Needs the model extra.
"""

import copy
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import Parameter

from shopkeeper.encode.model import TextModel, bf16_is_fast

LAYERS, STEPS, RATE, MOST = 4, 12, 5e-5, 32


def contrasted(model: TextModel, texts: Sequence[str], labels: Sequence[str], seed: int) -> TextModel:
    """A copy of the model in which texts of one label lie nearer to one another; it shares the layers that stay.

    All pairs of a batch of at most MOST texts at once. Cosines are taken from the mean of the vectors as they were: an
    encoder's crowd in one corner, where same and other are hardly two numbers.
    Source: Tunstall et al., "Efficient Few-Shot Learning Without Prompts" (SetFit), arXiv 2209.11055: pairs of the same
    and of another label, squared error of their cosine against 1 and 0, then a head on the vectors.
    """
    upper = model.layers[-LAYERS:]
    own = {id(number) for layer in upper for number in layer.parameters()}
    taught = copy.deepcopy(model, {id(number): number for number in model.parameters() if id(number) not in own})
    learning = [number for layer in taught.layers[-LAYERS:] for number in layer.parameters()]
    taught.requires_grad_(False)
    for number in learning:
        number.requires_grad_(True)
    try:
        _learn(taught, learning, texts, labels, seed)
    finally:
        taught.requires_grad_(True)
    return taught


def _learn(
    taught: TextModel, learning: list[Parameter], texts: Sequence[str], labels: Sequence[str], seed: int
) -> None:
    draw = np.random.default_rng(seed)
    ids, mean = taught.ids(texts, "query"), torch.from_numpy(taught.vectors(texts, "query").mean(axis=0))
    names = sorted(set(labels))
    places = torch.tensor([names.index(label) for label in labels])
    optimizer = torch.optim.AdamW(learning, lr=RATE, weight_decay=0.01)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 3) * (1 - step / STEPS)
        rows = draw.permutation(len(ids))[:MOST]
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16_is_fast()):
            vectors = taught(*taught.padded([ids[row] for row in rows]))
        torch.autograd.backward(_loss(vectors.float() - mean, places[rows]))
        optimizer.step()


def _loss(vectors: Tensor, labels: Tensor) -> Tensor:
    """The mean squared error of all pairs' cosines, those of the same label counting as much as the others."""
    near = torch.nn.functional.normalize(vectors, dim=1)
    cosines = near @ near.T
    same = labels[:, None] == labels
    other = ~same
    same = same & ~torch.eye(len(labels), dtype=torch.bool)
    return (1 - cosines[same]).square().mean() + cosines[other].square().mean()
