"""What was taught on reviews of other goods tells texts apart together, after a few labelled texts of one's own.

    train(model, method, task, corpus, schedule)        # the task `sentiment`, on reviews of many goods
    experts = (Reader(model, task.head), lettered(texts, labels))
    panel = stacked(experts, held_texts, held_labels)   # reviews of goods that no expert was taught on
    heard = transferred(panel, own_texts, own_labels)   # 32 of one's own
    heard.predict(["the zip broke on day two"])

Needs the model extra.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from shopkeeper.encode.few_shot import STRENGTHS, checked, tried
from shopkeeper.encode.logistic import Head, Numbers, fitted
from shopkeeper.encode.weights import find
from shopkeeper.errors import TrainingError
from shopkeeper.types import FloatArray

if TYPE_CHECKING:
    from shopkeeper.encode.model import TextModel

HEAD = "head.safetensors"
STACKED = 1.0
"""What a held-out review counts: there are hundreds for a few numbers."""


class Expert(Protocol):
    """Tells labels apart, however it was taught: `Reader`, or `letters.Letters`."""

    @property
    def labels(self) -> tuple[str, ...]:
        """In the order of the columns."""

    def log_likelihoods(self, texts: Sequence[str]) -> Numbers:
        """float64 (n, labels): how likely each label is, its logarithm."""


@dataclass(frozen=True)
class Reader:
    """An encoder and the head that was taught with it."""

    model: "TextModel"
    head: Head

    @property
    def labels(self) -> tuple[str, ...]:
        return self.head.labels

    def log_likelihoods(self, texts: Sequence[str]) -> Numbers:
        """float64 (n, labels): how likely each label is, its logarithm."""
        return self.head.log_likelihoods(self.model.vectors(texts, "query"))

    def save(self, folder: Path) -> None:
        """Writes the model's folder, with the head in it."""
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        self.model.save(folder)
        numbers = {"weights": self.head.weights, "biases": self.head.biases, "mean": self.head.mean}
        numbers["scale"] = np.array([self.head.scale])
        told = {"labels": json.dumps(self.labels)}
        save_file({name: np.ascontiguousarray(each) for name, each in numbers.items()}, folder / HEAD, told)

    @classmethod
    def open(cls, folder: Path, max_tokens: int = 64) -> "Reader":
        """What `save` wrote. Raises TrainingError where there is no head, WeightsError where there is no model."""
        from safetensors import safe_open

        from shopkeeper.encode.model import TextModel

        if not (folder / HEAD).is_file():
            raise TrainingError(
                f"encode.panel: {folder} has no {HEAD}. Name a folder that Reader.save wrote, or teach a model with "
                f"the task 'sentiment' and save it"
            )
        with safe_open(folder / HEAD, framework="numpy") as file:
            numbers = {name: file.get_tensor(name) for name in ("weights", "biases", "mean", "scale")}
            labels = tuple(json.loads(file.metadata()["labels"]))
        head = Head(labels, numbers["weights"], numbers["biases"], numbers["mean"], float(numbers["scale"][0]))
        return cls(TextModel.load(find(str(folder)), max_tokens), head)


@dataclass(frozen=True)
class Panel:
    """Experts and a head on what they say. `way` is how the head was found, `expected` the accuracy on examples that
    were held out, NaN where there were none.
    """

    experts: tuple[Expert, ...]
    head: Head
    way: str = "stacked"
    expected: float = float("nan")

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The label of each text."""
        return self.head.predicted(said(self.experts, texts))


def stacked(experts: Sequence[Expert], texts: Sequence[str], labels: Sequence[str]) -> Panel:
    """A panel whose head says how far each expert can be trusted on goods it does not know.

    The texts are of goods that no expert was taught on: on its own texts the one that learnt them by heart would win.
    Raises TrainingError where the experts' labels are not those of the texts.
    Source: Wolpert, "Stacked generalization", Neural Networks 5, 1992.
    """
    wanted = tuple(sorted(set(labels)))
    for expert in experts:
        if expert.labels != wanted:
            raise TrainingError(
                f"encode.panel: {type(expert).__name__} tells {', '.join(expert.labels)} apart, and the texts have the "
                f"labels {', '.join(wanted) or 'none'}. Teach every expert with the labels of the texts"
            )
    if not experts:
        raise TrainingError("encode.panel: no expert was given. Give one or several, as a Reader and Letters")
    return Panel(tuple(experts), fitted(said(experts, texts), labels, STACKED))


def transferred(panel: Panel, texts: Sequence[str], labels: Sequence[str], seed: int = 0) -> Panel:
    """The panel after a few examples: its head goes on from where it stands, how strongly is told by cross-validation.

    Starting from nothing is no choice here: 32 examples cannot say whether the experts are right.
    Raises TrainingError where a label has too few examples, or the panel does not know it.
    """
    checked(texts, labels, {panel.way: panel.head})
    says = said(panel.experts, texts)
    found = min(
        ((strength, tried(panel.way, panel.head, strength, says, labels, seed)) for strength in STRENGTHS),
        key=lambda each: each[1].surprise,
    )
    strength, best = found
    return replace(panel, head=best.head, way=f"strength {strength}", expected=best.right)


def said(experts: Sequence[Expert], texts: Sequence[str]) -> FloatArray:
    """float32 (n, experts * labels): how likely each expert holds each label, logarithms."""
    return np.concatenate([expert.log_likelihoods(texts) for expert in experts], axis=1).astype(np.float32)
