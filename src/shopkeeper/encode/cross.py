"""A cross-encoder: query and product are one text, so that every word of one sees every word of the other.

Far slower than vectors, which are made once a product: it orders the first few of what others found, or teaches those
others. Needs the model extra.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import Linear, Module, Sequential, Tanh

from shopkeeper.encode.model import BATCH_TOKENS, TextModel, bf16_is_fast, positions
from shopkeeper.encode.weights import Weights
from shopkeeper.errors import WeightsError
from shopkeeper.types import FloatArray

HEAD = "head.safetensors"
Pair = tuple[list[int], int]
"""Token ids, and how many of them are the query's."""


class CrossEncoder(Module):
    """One score a pair, the higher the better the product answers the query: no probability, of no fixed scale."""

    def __init__(self, model: TextModel, head: Module | None = None) -> None:
        """Without a `head` a new one, which knows nothing before it is taught."""
        super().__init__()
        self.model = model
        self.head = head or new_head(model.dimensions)

    @classmethod
    def load(cls, weights: Weights, max_tokens: int = 64) -> "CrossEncoder":
        """That of a folder which `save` wrote, or of a published one: its body, its pooler and its classifier.

        Raises WeightsError where the folder holds no head of a single score.
        """
        model = TextModel.load(weights, max_tokens)
        own, head = weights.file.parent / HEAD, new_head(model.dimensions)
        if own.is_file():
            head.load_state_dict(load_file(own))
        else:
            head.load_state_dict(_published(weights.file))
        return cls(model, head).eval()

    def save(self, folder: Path) -> None:
        """Writes a folder that `load` reads back."""
        self.model.save(folder)
        save_file(self.head.state_dict(), folder / HEAD)

    def pairs(self, queries: Sequence[str], products: Sequence[str]) -> list[Pair]:
        """The token ids of each query with its product's behind them; a product gives way where there are too many."""
        most = min(2 * self.model.max_tokens, positions(self.model.body.config))
        made = []
        for query, product in zip(self.model.ids(queries, "query"), self.model.ids(products, "passage"), strict=True):
            behind = product[1:]  # without the token that a text begins with
            room = max(most - len(query), 1)
            made.append(([*query, *(behind if len(behind) <= room else [*behind[: room - 1], behind[-1]])], len(query)))
        return made

    def forward(self, pairs: Sequence[Pair]) -> Tensor:
        """float32 (b,) scores, with gradients where they are asked for."""
        ids, mask = self.model.padded([ids for ids, _ in pairs])
        sides = {}
        if getattr(self.model.body.config, "type_vocab_size", 1) > 1:
            place, begun = torch.arange(ids.shape[1]), torch.tensor([length for _, length in pairs])
            sides["token_type_ids"] = (place >= begun.unsqueeze(1)).long() * mask
        hidden: Tensor = self.model.body(input_ids=ids, attention_mask=mask, **sides).last_hidden_state
        scores: Tensor = self.head(hidden[:, 0]).float().squeeze(1)
        return scores

    def scores(self, queries: Sequence[str], products: Sequence[str]) -> FloatArray:
        """float32 (n,) of queries[i] with products[i], without gradients; pairs of like length run together."""
        pairs = self.pairs(queries, products)
        found = np.empty(len(pairs), np.float32)
        order = sorted(range(len(pairs)), key=lambda place: len(pairs[place][0]))
        learning = self.model.training
        self.model.eval()
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16_is_fast()):
            while order:
                width = len(pairs[order[-1]][0])
                members = order[-max(BATCH_TOKENS // width, 1) :]
                del order[-len(members) :]
                found[members] = self([pairs[place] for place in members]).numpy()
        self.model.train(learning)
        return found


def new_head(dimensions: int) -> Sequential:
    """What makes a score of the first token's vector, with random numbers."""
    return Sequential(Linear(dimensions, dimensions), Tanh(), Linear(dimensions, 1))


def _published(file: Path) -> dict[str, Tensor]:
    """The head of a folder as BERT's classifiers are published."""
    held = load_file(file)
    names = {
        "0.weight": "bert.pooler.dense.weight",
        "0.bias": "bert.pooler.dense.bias",
        "2.weight": "classifier.weight",
        "2.bias": "classifier.bias",
    }
    missing = [name for name in names.values() if name not in held]
    if missing or len(held["classifier.bias"]) != 1:
        raise WeightsError(
            f"{file}: no cross-encoder of one score: {', '.join(missing) or 'its classifier has several'}. Give a "
            f"folder that CrossEncoder.save wrote or one of a BERT classifier with a single label; or put a new "
            f"head on an encoder with CrossEncoder(TextModel.load(weights)) and teach it"
        )
    return {ours: held[theirs] for ours, theirs in names.items()}
