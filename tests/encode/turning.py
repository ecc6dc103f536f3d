"""A task for a tiny model: every text learns to point in one direction, and says the scores that it was given."""

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import Parameter

from shopkeeper import plugins
from shopkeeper.encode.batches import cached
from shopkeeper.encode.contract import Method
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.model import TextModel
from shopkeeper.types import FloatArray, IntArray

TEXTS = ("ab", "b a ab", "a", "ab ab ab b")
NOBODY = Corpus([], [], [])


class Turning:
    """Teaches every text one direction; says the scores it was given, else how near the texts are to it."""

    def __init__(self, scores: Sequence[float] = (), bad_at: int = -1) -> None:
        self.scores, self.bad_at, self.steps, self.asked = list(scores), bad_at, 0, 0

    def prepare(self, model: TextModel, corpus: Corpus, seed: int) -> None:
        self.goal = torch.nn.functional.normalize(torch.ones(model.dimensions), dim=0)

    def loss(self, model: TextModel, draw: np.random.Generator) -> torch.Tensor:
        self.steps += 1
        near = self.near(model, draw.integers(len(TEXTS), size=1))
        return near * float("nan") if self.steps == self.bad_at else 1 - near

    def near(self, model: TextModel, examples: IntArray) -> torch.Tensor:
        own = model(*model.padded(model.ids([TEXTS[example] for example in examples], "query")))
        near: torch.Tensor = (own @ self.goal).mean()
        return near

    def score(self, model: TextModel) -> float:
        self.asked += 1
        return self.scores[self.asked - 1] if self.scores else float((vectors(model) @ self.goal.numpy()).mean())


class Batched(Turning):
    """The same in batches that can be divided. Asks torch for more memory than there is where a part is too large."""

    def __init__(self, batch: int = 8, room: int = 10**9, out_at: int = 1) -> None:
        super().__init__()
        self.batch, self.room, self.out_at, self.sizes = batch, room, out_at, list[int]()

    def drawn(self, draw: np.random.Generator) -> IntArray:
        self.steps += 1
        return draw.integers(len(TEXTS), size=self.batch)

    def loss_of(self, model: TextModel, examples: IntArray) -> torch.Tensor:
        if len(examples) > self.room and self.steps >= self.out_at:
            torch.empty(1 << 50)
        self.sizes.append(len(examples))
        return 1 - self.near(model, examples)


class Sided(Turning):
    """Tells long texts from short ones by a head of its own."""

    def prepare(self, model: TextModel, corpus: Corpus, seed: int) -> None:
        self.head = torch.nn.Linear(model.dimensions, 1)

    def parameters(self) -> list[Parameter]:
        return list(self.head.parameters())

    def loss(self, model: TextModel, draw: np.random.Generator) -> torch.Tensor:
        sides = self.head(model(*model.padded(model.ids(TEXTS, "query"))))[:, 0]
        wanted = torch.tensor([float(len(text) > 3) for text in TEXTS])
        loss: torch.Tensor = 100 * torch.nn.functional.binary_cross_entropy_with_logits(sides, wanted)
        return loss

    def score(self, model: TextModel) -> float:
        with torch.no_grad():
            sides = self.head(torch.from_numpy(vectors(model)))[:, 0].numpy()
        return float(np.mean((sides > 0) == [len(text) > 3 for text in TEXTS]))


class Contrasted(Turning):
    """Every text learns to be itself and none of the others of the batch, by chunks."""

    def __init__(self, chunk: int = 10**9, room: int = 10**9) -> None:
        super().__init__()
        self.chunk, self.room, self.largest = chunk, room, 0

    def loss(self, model: TextModel, draw: np.random.Generator) -> torch.Tensor:
        ids = model.ids([TEXTS[place] for place in draw.permutation(len(TEXTS))], "query")
        own = cached(lambda rows: self.through(model, rows), ids, self.chunk)
        likeness = own @ own.T / 0.5
        loss: torch.Tensor = torch.nn.functional.cross_entropy(likeness, torch.arange(len(ids)))
        return loss

    def through(self, model: TextModel, rows: Sequence[Sequence[int]]) -> torch.Tensor:
        if len(rows) > self.room:
            torch.empty(1 << 50)
        self.largest = max(self.largest, len(rows))
        through: torch.Tensor = model(*model.padded(rows))
        return through


def drops(model: TextModel, share: float) -> None:
    """The share of its numbers that the model drops out at random while it learns."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = share


def vectors(model: TextModel) -> FloatArray:
    return model.vectors(TEXTS, "query")


def method(name: str, **settings: object) -> Method:
    kind = plugins.load("method", name)
    made: Method = kind(kind.Settings(**{"learning_rate": 1e-2} | settings))
    return made
