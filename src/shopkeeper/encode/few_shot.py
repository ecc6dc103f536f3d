"""A few labelled texts teach a classifier, in seconds: for shops with 32 labels.

    words = {"good": ["I love it", "well made"], "bad": ["poor quality", "a waste of money"]}
    heard = learnt(model, texts, labels, seed=0, starts={"described": described(model, words)})
    heard.predict(["the zip broke on day two"])

Needs the model extra.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.encode.logistic import Head, fitted, folds
from shopkeeper.errors import TrainingError
from shopkeeper.types import FloatArray

if TYPE_CHECKING:
    from shopkeeper.encode.model import TextModel

LEAST = 4
"""Examples of each label: with fewer, a fold of the cross-validation may hold none to learn from or none to try."""
PARTS, ROUNDS = 8, 2
"""Of the cross-validation: so many folds, so often cut anew."""
CONTRASTED_PARTS = 4
"""Where every fold trains a model, once."""
STRENGTHS = (0.001, 0.01, 0.1, 1.0)
"""What an example counts against where the head starts from, from hardly to nearly all."""
DESCRIBED, CONTRASTED = 0.1, 0.1


@dataclass(frozen=True)
class Classifier:
    """Tells texts apart. `way` is how it was taught, `expected` the accuracy on examples that were held out."""

    model: "TextModel"
    head: Head
    way: str
    expected: float

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The label of each text."""
        return self.head.predicted(self.model.vectors(texts, "query"))


@dataclass(frozen=True)
class Tried:
    """A head, how it was taught, and how it did where examples were held out: accuracy and mean log loss."""

    way: str
    head: Head
    right: float
    surprise: float


def described(model: "TextModel", words: Mapping[str, Sequence[str]]) -> Head:
    """A head from texts that say each label, as {"good": ["I love it"], "bad": ["poor quality"]}, before any example.

    To a model that gives vectors, what a prompt's answers are to one that fills in words.
    Source: Schick, Schuetze, "Exploiting Cloze Questions for Few Shot Text Classification" (PET), EACL 2021.
    """
    labels = [label for label, own in words.items() for _ in own]
    return fitted(model.vectors([text for own in words.values() for text in own], "query"), labels, DESCRIBED)


def learnt(
    model: "TextModel",
    texts: Sequence[str],
    labels: Sequence[str],
    seed: int = 0,
    starts: Mapping[str, Head] | None = None,
    contrastive: bool = True,
) -> Classifier:
    """The classifier that does best on examples held out from it; the model itself is not touched.

    Tried are a head on the vectors (`head`), one from each of `starts` on, by its name (heads on vectors of the same
    model: `described`, or fitted to reviews of another shop), and, unless `contrastive` is off, the upper layers taught
    by pairs, with a head on top. That takes a hundred times as long, and is taken where it tells more examples right.
    Raises TrainingError where a label has too few examples, or a start does not know it.
    """
    checked(texts, labels, starts or {})
    best = chosen(model.vectors(texts, "query"), labels, seed, starts)
    if contrastive:
        from shopkeeper.encode.contrastive import contrasted

        right = _contrasted_right(model, texts, labels, seed)
        if right > best.right:
            taught = contrasted(model, texts, labels, seed)
            head = fitted(taught.vectors(texts, "query"), labels, CONTRASTED)
            return Classifier(taught, head, "contrastive", right)
    return Classifier(model, best.head, best.way, best.right)


def chosen(vectors: FloatArray, labels: Sequence[str], seed: int, starts: Mapping[str, Head] | None = None) -> Tried:
    """Of all heads that these examples give, from each start at each strength, that of the least log loss held out."""
    ways: dict[str, Head | None] = {"head": None, **(starts or {})}
    return min(
        (tried(way, start, strength, vectors, labels, seed) for way, start in ways.items() for strength in STRENGTHS),
        key=lambda each: each.surprise,
    )


def tried(
    way: str, start: Head | None, strength: float, vectors: FloatArray, labels: Sequence[str], seed: int
) -> Tried:
    """The head at this strength, from the start if there is one, and how such heads do on examples held out."""
    own = np.array(labels)
    right: list[bool] = []
    surprise: list[float] = []
    for cut in range(ROUNDS):
        parts = folds(labels, PARTS, seed * ROUNDS + cut)
        for part in range(PARTS):
            held = parts == part
            head = fitted(vectors[~held], own[~held].tolist(), strength, start)
            likelihoods = head.log_likelihoods(vectors[held])
            wanted = [head.labels.index(label) for label in own[held]]
            right.extend(likelihoods.argmax(axis=1) == wanted)
            surprise.extend(-likelihoods[np.arange(len(wanted)), wanted])
    head = fitted(vectors, labels, strength, start)
    return Tried(way, head, float(np.mean(right)), float(np.mean(surprise)))


def _contrasted_right(model: "TextModel", texts: Sequence[str], labels: Sequence[str], seed: int) -> float:
    from shopkeeper.encode.contrastive import contrasted

    parts = folds(labels, CONTRASTED_PARTS, seed)
    right: list[bool] = []
    for part in range(CONTRASTED_PARTS):
        known, held = (np.flatnonzero(side).tolist() for side in (parts != part, parts == part))
        own = [labels[row] for row in known]
        taught = contrasted(model, [texts[row] for row in known], own, seed)
        head = fitted(taught.vectors([texts[row] for row in known], "query"), own, CONTRASTED)
        told = head.predicted(taught.vectors([texts[row] for row in held], "query"))
        right.extend(label == labels[row] for label, row in zip(told, held, strict=True))
    return float(np.mean(right))


def checked(texts: Sequence[str], labels: Sequence[str], starts: Mapping[str, Head]) -> None:
    """Raises TrainingError where there is not enough to learn from, or a start does not know a label."""
    if len(texts) != len(labels):
        raise TrainingError(f"few_shot: {len(texts)} texts and {len(labels)} labels. Give one label for each text")
    counts = Counter(labels)
    if len(counts) < 2 or min(counts.values()) < LEAST:
        told = ", ".join(f"'{label}' {count}" for label, count in sorted(counts.items())) or "none"
        raise TrainingError(
            f"few_shot: examples by label: {told}. At least 2 labels with {LEAST} examples each are needed; label more "
            f"texts, or leave rare labels out"
        )
    for name, start in starts.items():
        if unknown := sorted(set(counts) - set(start.labels)):
            raise TrainingError(
                f"few_shot: the start '{name}' does not know the label '{unknown[0]}'; it knows "
                f"{', '.join(start.labels)}. Use its labels, or leave this start out"
            )
