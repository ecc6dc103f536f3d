"""Words left out of the shop's own text are guessed from what stands around them: pretraining goes on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.encode.corpus import Corpus
from shopkeeper.settings import PluginSettings
from shopkeeper.types import IntArray

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter

    from shopkeeper.encode.model import TextModel
    from shopkeeper.encode.words import Thrown

MASKS = ("[MASK]", "<mask>", "[UNK]", "<unk>")
"""What stands for a word to be guessed: the first that the vocabulary has."""
MASKED, SWAPPED = 0.8, 0.1
"""How many of the tokens to be guessed are masked, and for how many another token stands; the rest stay."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """The tokens to be guessed: the last layer's numbers (n, d), what they are, their text and their word, int64."""

    hidden: "Tensor"
    tokens: "Tensor"
    texts: "Tensor"
    words: "Tensor"


class Masked:
    """Masked language modelling on the catalogue, the shoppers' queries and the reviews.

    Whole words are masked, Chinese ones by their segmentation, so that no word is guessed from its own other pieces.
    Of a tenth of the tokens to be guessed another one stands, and a tenth stay. A text counts by the mean over its
    tokens. The head (`encode.tied`) starts as a regression, for none comes with the weights.
    What it teaches is the words, and nothing keeps the vectors in their places: alone it disturbs a sentence encoder.
    It is meant together with `matching` (`encode.tasks = ["masked", "matching"]`), or before it.
    Held out: texts by a hash, with the same masks at every measurement; the score is the share of words that are said
    right, all their tokens.
    Source: Devlin et al., "BERT", NAACL 2019; Cui et al., "Pre-Training with Whole Word Masking for Chinese BERT",
    IEEE/ACM TASLP 2021; Gururangan et al., "Don't Stop Pretraining", ACL 2020.
    """

    learns_from: ClassVar[tuple[str, ...]] = ("queries", "reviews")
    moves_products: ClassVar[bool | None] = None

    class Settings(PluginSettings):
        batch: int = Field(32, ge=1, description="Texts of one step.")
        share: float = Field(0.15, gt=0, lt=1, description="How many of a text's words are masked; one at least.")
        texts: int = Field(50_000, ge=2, description="Of a shop's products, queries and reviews so many are drawn.")
        first: int = Field(1500, ge=1, description="From so many texts the head starts.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def prepare(self, model: "TextModel", corpus: Corpus, seed: int) -> None:
        import torch

        from shopkeeper.encode.tied import Tied
        from shopkeeper.encode.words import OwnText, in_parts

        draw = np.random.default_rng(seed)
        self._own = OwnText.of(model, corpus, self.settings.texts, "masked", draw)
        ids = [model.tokenizer.token_to_id(mask) for mask in MASKS]
        self._mask = next((found for found in ids if found is not None), model.pad)
        first = in_parts(self._own.read(self._own.drawn(self.settings.first, draw)))
        read = [(asked.hidden, asked.tokens) for asked in self._unlearnt(model, first)]
        hidden, tokens = (torch.cat(part) for part in zip(*read, strict=True))
        self._head = Tied(model, self._own.known, self._own.counts, hidden, tokens)

    def parameters(self) -> "list[Parameter]":
        return list(self._head.parameters())

    def loss(self, model: "TextModel", draw: np.random.Generator) -> "Tensor":
        return self.loss_of(model, self.drawn(draw))

    def drawn(self, draw: np.random.Generator) -> IntArray:
        return self._own.drawn(self.settings.batch, draw)

    def loss_of(self, model: "TextModel", examples: IntArray) -> "Tensor":
        asked = self._asked(model, self._own.read(examples), MASKED)
        losses = self._head.losses(model, asked.hidden, asked.tokens)
        return (losses / asked.texts.bincount()[asked.texts]).sum() / len(examples)

    def score(self, model: "TextModel") -> float:
        """The share of held-out masked words that are said right."""
        wrong, n = 0, 0
        for asked in self._unlearnt(model, self._own.measured()):
            missed = self._head(model, asked.hidden).argmax(1) != self._head.places(asked.tokens)
            words = asked.texts * model.max_tokens + asked.words
            wrong += len(np.unique(words[missed].numpy()))
            n += len(np.unique(words.numpy()))
        return 1 - wrong / n

    def _unlearnt(self, model: "TextModel", parts: "Iterable[Thrown]") -> "Iterator[_Asked]":
        """Without gradients, and with every token to be guessed masked."""
        import torch

        from shopkeeper.encode.model import bf16_is_fast

        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16_is_fast()):
            for thrown in parts:
                yield self._asked(model, thrown, 1.0)

    def _asked(self, model: "TextModel", thrown: "Thrown", masked: float) -> "_Asked":
        import torch

        ids, mask = model.padded([text.ids.tolist() for text, _ in thrown])
        seen, words = ids.clone(), torch.full_like(ids, -1)
        for row, (text, draw) in enumerate(thrown):
            chosen = np.isin(
                text.words, draw.permutation(text.n_words)[: max(1, round(self.settings.share * text.n_words))]
            )
            own, dice = text.ids.copy(), draw.random(len(text.ids))
            own[chosen & (dice < masked)] = self._mask
            swapped = chosen & (dice >= masked) & (dice < masked + SWAPPED)
            own[swapped] = draw.choice(self._own.known, int(swapped.sum()))
            seen[row, : len(own)] = torch.from_numpy(own)
            words[row, : len(own)] = torch.from_numpy(np.where(chosen, text.words, -1))
        texts, places = (words >= 0).nonzero(as_tuple=True)
        return _Asked(model.hidden(seen, mask)[texts, places], ids[texts, places], texts, words[texts, places])
