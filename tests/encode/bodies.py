"""Tiny encoders of each architecture, with two layers and random numbers, and something to teach them."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from shopkeeper import plugins
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.training import History, Schedule, train
from shopkeeper.encode.weights import find
from shopkeeper.types import FloatArray
from tests.encode.tiny import write_e5

TEXTS = ("ab", "b a ab", "a", "ab ab ab b")
KINDS = ("bert", "xlm-roberta", "distilbert")
SETTINGS: dict[str, dict[str, object]] = {
    "adalora": {"start": 4, "rank": 2, "dropout": 0.0, "learning_rate": 0.1},
    "adapter": {"width": 4},
    "frozen": {"layers": 1},
    "full": {},
    "linear": {},
    "lora": {"rank": 2, "dropout": 0.0},
    "prefix": {"tokens": 3, "learning_rate": 0.1},
    "prompt": {"tokens": 2, "learning_rate": 0.3},
}


def write_body(folder: Path, kind: str = "bert", seed: int = 0) -> Path:
    """A folder with a tiny encoder of this architecture."""
    torch.manual_seed(seed)
    sizes: dict[str, Any] = {
        "vocab_size": 8,
        "max_position_embeddings": 40,
        "pad_token_id": 1,
        "initializer_range": 0.3,
    }
    if kind == "distilbert":
        body: Any = transformers.DistilBertModel(
            transformers.DistilBertConfig(dim=32, hidden_dim=64, n_layers=2, n_heads=4, **sizes)
        )
    else:
        own: dict[str, Any] = {
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
        }
        config, model = {
            "bert": (transformers.BertConfig, transformers.BertModel),
            "xlm-roberta": (transformers.XLMRobertaConfig, transformers.XLMRobertaModel),
        }[kind]
        body = model(config(**sizes, **own))
    folder.mkdir(parents=True)
    tokenizer = TextModel.load(find(str(write_e5(folder.parent / "pieces.bin"))))
    TextModel(body, tokenizer.tokenizer, tokenizer.weights).save(folder)
    return folder


def load(folder: Path) -> TextModel:
    return TextModel.load(find(str(folder)))


class Leaning:
    """Teaches every text one direction, drawn at random; the score is how near the texts are to it."""

    def __init__(self, bad_at: int = -1) -> None:
        self.steps, self.bad_at = 0, bad_at

    def prepare(self, model: TextModel, corpus: Corpus, seed: int) -> None:
        drawn = torch.randn(model.dimensions, generator=torch.Generator().manual_seed(3))
        self.goal = torch.nn.functional.normalize(drawn, dim=0)

    def loss(self, model: TextModel, draw: np.random.Generator) -> torch.Tensor:
        self.steps += 1
        near = (model(*model.padded(model.ids(TEXTS, "query"))) @ self.goal).mean()
        loss: torch.Tensor = near * float("nan") if self.steps == self.bad_at else 1 - near
        return loss

    def score(self, model: TextModel) -> float:
        return float((exact(model) @ self.goal.numpy()).mean())


def exact(model: TextModel) -> FloatArray:
    """The vectors of TEXTS in 32 bits, whatever the processor is fast at."""
    with torch.no_grad():
        return np.asarray(model(*model.padded(model.ids(TEXTS, "query"))).numpy(), np.float32)


def method(name: str, **settings: object) -> Any:
    kind = plugins.load("method", name)
    return kind(kind.Settings(**{"learning_rate": 1e-2} | SETTINGS[name] | settings))


def taught(model: TextModel, by: Any, task: Leaning | None = None) -> History:
    """Forty steps of leaning."""
    return train(model, by, task or Leaning(), Corpus([], [], []), Schedule(steps=40, every=10))
