"""A pretrained encoder as a torch model: what learns, and what an export is made of.

Needs the model extra. Servers never import it: they run the export (`encoder.py`).
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from transformers import AutoConfig, AutoModel, BertConfig, BertModel

from shopkeeper.encode import adapters, e5
from shopkeeper.encode.layers import narrow, parts
from shopkeeper.encode.parts import Part
from shopkeeper.encode.weights import ADAPTER, Weights, sha256_of
from shopkeeper.types import FloatArray

Kind = Literal["query", "passage"]
BATCH_TOKENS = 2048
"""Texts run together without gradients until their padded tokens fill this."""


class TextModel(torch.nn.Module):
    """Texts to unit vectors: a transformer's last layer, pooled as its weights ask for."""

    def __init__(self, body: Any, tokenizer: Tokenizer, weights: Weights, max_tokens: int = 64) -> None:
        super().__init__()
        self.body = body
        self.tokenizer = tokenizer
        self.weights = weights
        self.max_tokens = min(max_tokens, positions(body.config))
        self.part: Part | None = None
        """What a method put beside the body."""
        self.adapted: tuple[str, ...] = ()
        """The methods it learnt by since its weights were loaded, in this order."""

    @classmethod
    def load(cls, weights: Weights, max_tokens: int = 64) -> "TextModel":
        """The model of these weights, float32, set to answer (`eval`). Raises WeightsError where a file is corrupt."""
        if weights.form == "e5":
            held = e5.read(weights.file)
            config = BertConfig(**held.config)
            config._attn_implementation = "eager"
            body: Any = BertModel(config, add_pooling_layer=False)
            state = {name: torch.from_numpy(array) for name, array in held.tensors.items()}
            body.load_state_dict(state, strict=True, assign=True)
            tokenizer = e5.tokenizer(held)
        else:
            folder = weights.file.parent
            body = _body(folder)
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        model = cls(body, tokenizer, weights, max_tokens)
        if weights.form == "folder" and (folder / ADAPTER).is_dir():
            adapters.put_in(model, folder / ADAPTER)
        return model.eval()

    @property
    def layers(self) -> Sequence[torch.nn.Module]:
        """The transformer's layers, from the words up."""
        return list(stack(self.body).layer)

    @property
    def dimensions(self) -> int:
        return int(self.body.config.hidden_size)

    @property
    def pad(self) -> int:
        """The id of what fills up short texts."""
        return int(self.body.config.pad_token_id or 0)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Unit vectors (b, dimensions) of token ids int64 (b, t); the mask int64 (b, t) is 1 where there is a token."""
        hidden = self.states(input_ids, attention_mask)
        keep = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = hidden[:, 0] if self.weights.pooling == "cls" else (hidden * keep).sum(1) / keep.sum(1)
        return torch.nn.functional.normalize(pooled if self.part is None else self.part.after(pooled), dim=1)

    def states(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """float32 (b, t, dimensions): the last layer's state of each token, those of the padding too."""
        hidden: Tensor = self.body(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return hidden.float()

    def ids(self, texts: Sequence[str], kind: Kind) -> list[list[int]]:
        """The token ids of each text, with the prefix that its kind asks for, at most `max_tokens`."""
        prefix = self.weights.query_prefix if kind == "query" else self.weights.passage_prefix
        encodings = self.tokenizer.encode_batch([prefix + text for text in texts])
        return [_cut(encoding.ids, self.max_tokens) for encoding in encodings]

    def padded(self, rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        """Token ids side by side, int64 (b, t), and their mask."""
        width = max(map(len, rows))
        ids = torch.tensor([[*row, *[self.pad] * (width - len(row))] for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
        return ids, mask

    def vectors(self, texts: Sequence[str], kind: Kind) -> FloatArray:
        """float32 (len(texts), dimensions) without gradients; texts of like length run together.

        In 16 bits where the processor has them: the same vectors to a cosine of .9999 at twice the speed.
        """
        rows = self.ids(texts, kind)
        found = np.empty((len(rows), self.dimensions), np.float32)
        order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
        start = 0
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16_is_fast()):
            while start < len(order):
                end = start + 1
                while end < len(order) and len(rows[order[end]]) * (end + 1 - start) <= BATCH_TOKENS:
                    end += 1
                members = order[start:end]
                found[members] = self(*self.padded([rows[row] for row in members])).float().numpy()
                start = end
        return found

    def save(self, folder: Path) -> None:
        """Writes a sentence-transformers folder that `weights.find` reads back.

        What stands beside the body goes into a folder of its own in it, which other libraries do not read.
        """
        self.body.save_pretrained(str(folder))
        self.tokenizer.save(str(folder / "tokenizer.json"))
        mode = {"mean": "pooling_mode_mean_tokens", "cls": "pooling_mode_cls_token"}[self.weights.pooling]
        pooling = {"word_embedding_dimension": self.dimensions, mode: True}
        prompts = {"query": self.weights.query_prefix, "passage": self.weights.passage_prefix}
        (folder / "1_Pooling").mkdir(exist_ok=True)
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling), encoding="utf-8")
        (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}), encoding="utf-8")
        if self.part is not None:
            own = replace(self.weights, sha256=sha256_of(folder / "model.safetensors"))
            adapters.write(folder / ADAPTER, self.part.method, self.part.settings, self.part.state_dict(), own)


@cache
def bf16_is_fast() -> bool:
    """Whether this processor multiplies 16-bit numbers itself; elsewhere they are slower than 32-bit ones."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def stack(body: Any) -> Any:
    """What holds the layers of a body, under `layer`."""
    return getattr(body, "transformer", None) or body.encoder  # DistilBERT's own name, and everybody's


def positions(config: Any) -> int:
    """How many tokens a model of this configuration reads."""
    # roberta's position numbers start behind the padding token's
    taken = config.pad_token_id + 1 if config.model_type in ("roberta", "xlm-roberta") else 0
    return int(config.max_position_embeddings) - taken


def _body(folder: Path) -> Any:
    """The transformer in a folder; layers whose heads and units were counted when it was saved have as many."""
    config = AutoConfig.from_pretrained(str(folder))
    left = getattr(config, "layers_left", None)
    if left is None:
        return AutoModel.from_pretrained(
            str(folder), attn_implementation="eager", dtype=torch.float32, use_safetensors=True
        )
    make: Any = AutoModel.from_config  # it has no types
    body = make(config, attn_implementation="eager")
    for layer, (heads, units) in zip(stack(body).layer, left, strict=True):
        narrow(parts(layer), torch.arange(heads), torch.arange(units))
    body.load_state_dict(load_file(folder / "model.safetensors"), strict=False)  # a pooler may be left out, unused
    return body


def _cut(ids: list[int], most: int) -> list[int]:
    """At most so many ids, the last of them the closing token that a text ends with."""
    return ids if len(ids) <= most else [*ids[: most - 1], ids[-1]]
