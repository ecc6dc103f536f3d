"""Which words of a title or a search name a brand, a type, a colour: learnt from the catalogue's own attributes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.encode.corpus import Corpus
from shopkeeper.errors import TrainingError
from shopkeeper.settings import PluginSettings
from shopkeeper.types import IntArray

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter

    from shopkeeper.encode.entity_examples import Example
    from shopkeeper.encode.model import TextModel

LEAST = 200
"""Fewer examples than this, with something named, teach nothing."""
PRIOR, ROUNDS, AT_ONCE = 1e-4, 60, 64
GROUPS = 4
"""A batch is read in so many groups of like length; in one, half of what is computed would be padding."""
LABELS = {
    "brand": ("brand", "品牌"),
    "type": ("type", "product_type", "category", "类型"),
    "colour": ("*colour", "*colours", "*color", "*colors", "颜色"),
    "size": ("size", "*_size", "尺寸", "尺码", "规格"),
    "material": ("material", "*_material", "材质"),
}


class Entities:
    """Words learn what they name: a linear layer on the state of each word's first token, cross-entropy.

    Nobody labels anything: what a product's attributes say is looked for in its title (`encode.projection`), and a word
    with several possible labels is taught to have one of them. Half of the examples are titles, half searches made of
    what a title names and of its other words, in small letters, in another order now and then, and with slips of the
    pen. The head starts as the linear layer that fits the untouched model best. Held out: products. The score is F1 of
    whole spans on titles and searches: a span is right if begin, end and label are, and one whose label the shop does
    not know for the product counts neither way.
    Source: Ramshaw, Marcus, "Text chunking using transformation-based learning", WVLC 1995 (begin, inside, outside).
    """

    learns_from: ClassVar[tuple[str, ...]] = ()
    moves_products: ClassVar[bool | None] = None

    class Settings(PluginSettings):
        labels: Mapping[str, tuple[str, ...]] = Field(
            LABELS,
            description="What is told apart, and the attributes that say it: their names in small letters, `_` for "
            "spaces, `*` for anything; `brand` and `category` are the product's own.",
        )
        batch: int = Field(32, ge=2, description="Texts of one step.")
        least: int = Field(30, ge=1, description="A label found in fewer titles to learn from is left out.")
        first: int = Field(2000, ge=1, description="From so many titles and searches at most the head starts.")
        products: int = Field(20_000, ge=2, description="Of a larger catalogue so many products are drawn.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def prepare(self, model: "TextModel", corpus: Corpus, seed: int) -> None:
        import torch

        from shopkeeper.encode.entity_examples import of_products
        from shopkeeper.encode.projection import Projection, atoms, lexicon
        from shopkeeper.encode.tagger import Tagger

        draw = np.random.default_rng(seed)
        some = corpus.some(self.settings.products, draw)
        examples, aside = of_products(some, self.settings.labels, draw), some.held_out
        taught = [example for example in examples if not aside[example.row]]
        self.held_out = [example for example in examples if aside[example.row]]
        self.tagger = Tagger(model, self._labels(taught, len(corpus)))
        self.known = lexicon(example.own for example in taught if example.kind == "passage")
        projection = Projection(self.tagger.labels, self.known)
        read = self.tagger.read([(example.text, example.kind) for example in taught])
        kept = [at for at, own in enumerate(read) if own.tokens]
        self._reads = [read[at] for at in kept]
        classes = np.arange(self.tagger.head.out_features)
        self._possible = []
        for own, example in zip(self._reads, (taught[at] for at in kept), strict=True):
            possible = np.array(projection.classes(atoms(example.text), example.named, example.own), np.int64)
            self._possible.append(torch.from_numpy((possible[own.firsts, None] >> classes & 1).astype(bool)))
        self._begin(draw)

    def parameters(self) -> "list[Parameter]":
        return list(self.tagger.head.parameters())

    def loss(self, model: "TextModel", draw: np.random.Generator) -> "Tensor":
        return self.loss_of(model, self.drawn(draw))

    def drawn(self, draw: np.random.Generator) -> IntArray:
        return draw.integers(0, len(self._reads), self.settings.batch)

    def loss_of(self, model: "TextModel", examples: IntArray) -> "Tensor":
        import torch

        groups = [part for part in np.array_split(self._by_length(examples), GROUPS) if len(part)]
        logits = torch.cat([self.tagger([self._reads[place] for place in part]) for part in groups])
        return _loss(logits, torch.cat([self._possible[place] for part in groups for place in part]))

    def score(self, model: "TextModel") -> float:
        """F1 of whole spans over all held-out titles and searches."""
        from shopkeeper.encode.entity_examples import counted, whole

        told = self.tagger.spans_of([(example.text, example.kind) for example in self.held_out])
        return whole(counted(self.held_out, told, self.tagger.labels)).f1

    def _labels(self, taught: "Sequence[Example]", n_products: int) -> list[str]:
        """Those that titles to learn from name often enough."""
        found = Counter(
            label for example in taught if example.kind == "passage" for label in {label for *_, label in example.named}
        )
        named = sum(bool(example.named) for example in taught)
        labels = [label for label in self.settings.labels if found[label] >= self.settings.least]
        if not labels or named < LEAST or not any(example.named for example in self.held_out):
            told = ", ".join(f"{label} in {found[label]}" for label in self.settings.labels)
            raise TrainingError(
                f"encode.entities: of {n_products} products, titles to learn from name {told}; {named} titles and "
                f"searches name something. At least one label in {self.settings.least} titles, {LEAST} titles and "
                f"searches, and some to measure with are needed. Import attributes whose values titles say, name them "
                f"in encode.entities.labels, or take 'entities' out of encode.tasks"
            )
        return labels

    def _begin(self, draw: np.random.Generator) -> None:
        """The head that fits the untouched model's states of some examples best, nearly."""
        import torch

        some = self._by_length(draw.permutation(len(self._reads))[: self.settings.first])
        states, possible = self._states(some), torch.cat([self._possible[place] for place in some])
        mean, scale = states.mean(0), float(states.std(0).square().mean().sqrt())
        units = (states - mean) / scale
        weights = torch.zeros(possible.shape[1], units.shape[1], requires_grad=True)
        biases = torch.zeros(possible.shape[1], requires_grad=True)
        fit = torch.optim.LBFGS([weights, biases], max_iter=ROUNDS, line_search_fn="strong_wolfe")

        def closure() -> "Tensor":
            fit.zero_grad()
            loss = _loss(units @ weights.T + biases, possible) + PRIOR * weights.square().sum()
            loss.backward()  # type: ignore[no-untyped-call]  # torch's own lack of types
            return loss

        fit.step(closure)  # type: ignore[no-untyped-call]  # torch's own lack of types
        with torch.no_grad():
            self.tagger.head.weight.copy_(weights / scale)
            self.tagger.head.bias.copy_(biases - weights @ mean / scale)

    def _by_length(self, examples: IntArray) -> IntArray:
        """The same, the shortest first."""
        return examples[np.argsort([len(self._reads[place].ids) for place in examples], kind="stable")]

    def _states(self, places: IntArray) -> "Tensor":
        """float32 (words, dimensions) of the words of some examples, in their order."""
        import torch

        from shopkeeper.encode.model import bf16_is_fast

        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16_is_fast()):
            parts = [places[at : at + AT_ONCE] for at in range(0, len(places), AT_ONCE)]
            return torch.cat([self.tagger.states([self._reads[place] for place in part]) for part in parts])


def _loss(logits: "Tensor", possible: "Tensor") -> "Tensor":
    """The mean over words of minus the log of how likely one of the possible classes is."""
    import torch

    whole = torch.logsumexp(logits, 1)
    return (whole - torch.logsumexp(logits.masked_fill(~possible, -torch.inf), 1)).mean()
