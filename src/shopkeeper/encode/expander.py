"""Texts to weighted pieces of words: how much each own piece says of a text, and which others say the same.

Needs the model extra.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import Linear, Parameter

from shopkeeper.encode.model import TextModel, bf16_is_fast
from shopkeeper.encode.tied import Tied
from shopkeeper.text import has_han
from shopkeeper.types import FloatArray, IntArray

FIRST, TOGETHER = 1500, 64
"""From so many texts the head starts; so many are read at once."""
OWN, UNUSUAL = 2.0, 2.5
"""What a text's own pieces start with, before the logarithm; how many deviations above its mean over texts another
piece must be to be said of a text."""
IN_TEXTS = 3
"""A piece that fewer texts say is given to no other."""


class Pieces:
    """The pieces of the vocabulary that texts say: `known` int64 (k,), rising, and in how many texts each is.

    Punctuation and what opens and closes a text are none. `common` int64 (e,) are places among the known ones: whole
    words of letters that several texts say, which alone are given to texts that do not say them.
    """

    def __init__(self, model: TextModel, rows: Sequence[Sequence[int]]) -> None:
        vocabulary = model.tokenizer.get_vocab()
        said = {number: piece for piece, number in vocabulary.items() if any(map(str.isalnum, piece))}
        kept = np.zeros(len(model.words), bool)
        kept[list(said)] = True
        kept[[number for number, token in model.tokenizer.get_added_tokens_decoder().items() if token.special]] = False
        texts = np.zeros(len(kept), np.int64)
        for row in rows:
            texts[np.unique(np.array(row, np.int64))] += 1
        self.known = np.flatnonzero(kept & (texts > 0))
        self.texts = texts[self.known]
        self.place = np.full(len(kept), -1, np.int64)
        self.place[self.known] = np.arange(len(self.known))
        is_word = np.array([_is_word(said[number]) for number in self.known.tolist()], bool)
        self.common = np.flatnonzero(is_word & (self.texts >= IN_TEXTS))
        self.rarity = np.where(kept, np.log1p((len(rows) + 0.5) / 0.5), 0.0).astype(np.float32)
        self.rarity[self.known] = np.log1p((len(rows) - self.texts + 0.5) / (self.texts + 0.5))


def _is_word(piece: str) -> bool:
    bare = piece.removeprefix("▁")
    return bare.isalpha() and (len(bare) > 1 or has_han(bare))


class Expander(torch.nn.Module):
    """A text's weight for each known piece: log(1 + relu(logit)), the highest over its tokens.

    Own pieces have one logit a token, from its last layer's numbers; it starts the same for all. The others have those
    of a head tied to the model's words (`encode.tied`), each in deviations from its own mean over texts, so that
    frequent words are not said of every text. Such a head alone, taught for minutes, does not find out that a text is
    about its own words first.
    Source: Formal, Lassance, Piwowarski, Clinchant, "SPLADE v2", arXiv 2109.10086, section 3 (maximum, documents
    alone); Lin, Ma, "A Few Brief Notes on DeepImpact, COIL, and a Conceptual Framework", arXiv 2106.14807 (one weight
    a token).
    """

    def __init__(self, model: TextModel, pieces: Pieces, rows: Sequence[Sequence[int]]) -> None:
        """`rows` are token ids of texts that it starts from."""
        super().__init__()
        self.pieces, first = pieces, sorted(rows, key=len)
        self._place = torch.from_numpy(pieces.place)
        self._common = torch.from_numpy(pieces.common)
        self._words = torch.from_numpy(pieces.known[pieces.common])
        parts = [model.padded(first[at : at + TOGETHER]) for at in range(0, len(first), TOGETHER)]
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16_is_fast()):
            hidden = [model.hidden(*part) for part in parts]
        said = [self._place[ids] >= 0 for ids, _ in parts]
        numbers = torch.cat([own[which] for own, which in zip(hidden, said, strict=True)]).float()
        tokens = torch.cat([ids[which] for (ids, _), which in zip(parts, said, strict=True)])
        self.turn = Tied(model, pieces.known, pieces.texts, numbers, tokens).turn
        self.own = Linear(model.dimensions, 1)
        self.bias = Parameter(torch.zeros(len(pieces.common)))
        self.spread = torch.ones(len(pieces.common))
        with torch.no_grad():
            self.own.weight.zero_()
            self.own.bias.fill_(OWN)
            pairs = zip(hidden, (mask for _, mask in parts), strict=True)
            highest = torch.cat([self._others(model, own, mask) for own, mask in pairs])
            self.spread = 1.0 / highest.std(0).clamp(min=1e-6)
            self.bias.copy_(-highest.mean(0) * self.spread - UNUSUAL)

    def forward(self, model: TextModel, ids: Tensor, mask: Tensor) -> Tensor:
        """float32 (b, known): the weights of texts by token ids int64 (b, t)."""
        hidden = model.hidden(ids, mask)
        own, others = self.own(hidden).float().squeeze(-1), self._others(model, hidden, mask)
        n = len(self.pieces.known)
        place = self._place[ids]
        place = torch.where((place < 0) | (mask == 0), n, place)
        spare = torch.zeros(len(ids), n + 1).scatter_reduce(1, place, torch.log1p(torch.relu(own)), "amax")
        more = torch.zeros(len(ids), n).index_copy(1, self._common, torch.log1p(torch.relu(others)))
        return torch.maximum(spare[:, :n], more)

    def _others(self, model: TextModel, hidden: Tensor, mask: Tensor) -> Tensor:
        """float32 (b, common): the highest logit of each common piece over a text's tokens."""
        turned = self.turn(hidden)
        logits = (turned @ model.words[self._words].to(turned.dtype).T).float() * self.spread + self.bias
        highest: Tensor = logits.masked_fill((mask == 0).unsqueeze(-1), -1e4).amax(1)
        return highest

    def read(self, model: TextModel, rows: Sequence[Sequence[int]]) -> Iterator[tuple[IntArray, FloatArray]]:
        """(places in `rows` int64 (b,), weights float32 (b, known)) of all texts, those of like length together."""
        order = np.array(sorted(range(len(rows)), key=lambda row: len(rows[row])), np.int64)
        for part in (order[at : at + TOGETHER] for at in range(0, len(order), TOGETHER)):
            yield part, self._unlearnt(model, [rows[row] for row in part.tolist()])

    def _unlearnt(self, model: TextModel, rows: Sequence[Sequence[int]]) -> FloatArray:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16_is_fast()):
            return np.asarray(self(model, *model.padded(rows)).float().numpy(), np.float32)
