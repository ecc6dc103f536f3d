"""A text of which most words are gone is rebuilt from its vector: the vector has to say what the text says."""

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
    from shopkeeper.encode.words import Thrown, Worded


class Denoising:
    """TSDAE: the encoder reads a text without most of its words, and a small decoder rebuilds the text from the vector.

    The decoder sees the vector, the tokens so far and nothing else, so that what it needs has to be in the vector. Its
    layers begin as the encoder's last one, its words are the encoder's, and it is thrown away afterwards. A text counts
    by the mean over the tokens of its words. Words are deleted as tokens, one of a text always stays.
    Thousands of steps make much of a model that knows no sentences; one that does changes little in hundreds, and its
    vectors are free to move meanwhile: mean it together with `matching`, or look at the gain before keeping it.
    Held out: texts by a hash, with the same words gone at every measurement; the score is the share of tokens of words
    that the decoder says right, knowing the right ones before.
    Source: Wang, Reimers, Gurevych, "TSDAE", Findings of EMNLP 2021.
    """

    learns_from: ClassVar[tuple[str, ...]] = ("queries", "reviews")
    moves_products: ClassVar[bool | None] = None

    class Settings(PluginSettings):
        batch: int = Field(32, ge=1, description="Texts of one step.")
        deleted: float = Field(0.6, ge=0, lt=1, description="How likely each word is deleted; one always stays.")
        layers: int = Field(1, ge=1, description="Of the decoder.")
        texts: int = Field(50_000, ge=2, description="Of a shop's products, queries and reviews so many are drawn.")
        first: int = Field(300, ge=1, description="From so many texts the decoder's words start.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def prepare(self, model: "TextModel", corpus: Corpus, seed: int) -> None:
        import torch

        from shopkeeper.encode.decoder import Decoder
        from shopkeeper.encode.tied import Tied
        from shopkeeper.encode.words import OwnText, in_parts

        draw = np.random.default_rng(seed)
        self._own = OwnText.of(model, corpus, self.settings.texts, "denoising", draw)
        self._decoder = Decoder(model, self.settings.layers)
        first = in_parts(self._own.read(self._own.drawn(self.settings.first, draw)))
        with torch.no_grad():
            read = [self._rebuilt(model, part)[:2] for part in first]
        hidden, tokens = (torch.cat(part) for part in zip(*read, strict=True))
        self._head = Tied(model, self._own.known, self._own.counts, hidden, tokens)

    def parameters(self) -> "list[Parameter]":
        return [*self._decoder.parameters(), *self._head.parameters()]

    def loss(self, model: "TextModel", draw: np.random.Generator) -> "Tensor":
        return self.loss_of(model, self.drawn(draw))

    def drawn(self, draw: np.random.Generator) -> IntArray:
        return self._own.drawn(self.settings.batch, draw)

    def loss_of(self, model: "TextModel", examples: IntArray) -> "Tensor":
        hidden, tokens, texts = self._rebuilt(model, self._own.read(examples))
        losses = self._head.losses(model, hidden, tokens)
        return (losses / texts.bincount()[texts]).sum() / len(examples)

    def score(self, model: "TextModel") -> float:
        """The share of tokens in held-out texts that are said right."""
        import torch

        from shopkeeper.encode.model import bf16_is_fast

        right = []
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16_is_fast()):
            for part in self._own.measured():
                hidden, tokens, _ = self._rebuilt(model, part)
                right.append(self._head(model, hidden).argmax(1) == self._head.places(tokens))
        return float(torch.cat(right).float().mean())

    def _rebuilt(self, model: "TextModel", thrown: "Thrown") -> "tuple[Tensor, Tensor, Tensor]":
        """What the decoder makes of each token of a word (n, d), the token that it is, and its text."""
        import torch

        ids, _ = model.padded([text.ids.tolist() for text, _ in thrown])
        vectors = model(*model.padded([self._noisy(text, draw) for text, draw in thrown]))
        words = torch.full_like(ids, -1)
        for row, (text, _) in enumerate(thrown):
            words[row, : len(text.words)] = torch.from_numpy(text.words)
        texts, places = (words[:, 1:] >= 0).nonzero(as_tuple=True)
        hidden = self._decoder(model, vectors, ids[:, :-1])
        return hidden[texts, places], ids[:, 1:][texts, places], texts

    def _noisy(self, text: "Worded", draw: np.random.Generator) -> list[int]:
        stays = draw.random(text.n_words) >= self.settings.deleted
        stays[draw.integers(text.n_words)] |= not stays.any()
        kept: list[int] = text.ids[(text.words < 0) | stays[text.words]].tolist()
        return kept
