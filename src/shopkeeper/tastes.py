"""What was learnt of tastes: groups of shoppers who want alike, what each wants, and what each would answer.

A card stands for a few products; a question shows two cards. The answer is one of CHOICES; who skips says nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

Choice = Literal["first", "second", "both", "neither"]
CHOICES: tuple[Choice, ...] = get_args(Choice)
SKIPPED = -1
"""In the place of a choice where a question was skipped: that says nothing."""
NOISE = 0.1
"""One answer in ten is taken to be another than the true one."""
_EVEN = 1e-9

Floats = NDArray[np.float32]
Rows = NDArray[np.int32]


Shown = tuple[tuple[int, ...], tuple[int, ...]]
"""A question as it was asked: the rows that each of its two cards showed."""


class Answer(NamedTuple):
    """What was said of two cards: the rows that each showed, and the place of what was chosen in CHOICES."""

    first: tuple[int, ...]
    second: tuple[int, ...]
    choice: int


@dataclass(frozen=True)
class Tastes:
    """t tastes, g cards, q questions.

    prior float32 (t,) adds up to 1; likelihood float32 (q, t, 4): each choice's probability by taste, noise in it;
    pairs int32 (q, 2) into the cards; card i is of rows cards[i], int32 (g, c), -1 where there are fewer, and is called
    names[i]; wanted row rows[j], int32 (m,), has the probability shares[i, j], float32 (t, m), in taste i.
    """

    prior: Floats
    likelihood: Floats
    pairs: Rows
    cards: Rows
    names: tuple[str, ...]
    rows: Rows
    shares: Floats

    @classmethod
    def none(cls) -> "Tastes":
        """Nothing was learnt: nothing is asked, nothing is known."""
        no_rows, no_shares = np.empty(0, np.int32), np.empty((0, 0), np.float32)
        nothing = np.empty(0, np.float32), np.empty((0, 0, len(CHOICES)), np.float32), np.empty((0, 2), np.int32)
        return cls(*nothing, np.empty((0, 0), np.int32), (), no_rows, no_shares)

    @cached_property
    def _question(self) -> Mapping[Shown, int]:
        return {(self.shown(one), self.shown(other)): at for at, (one, other) in enumerate(self.pairs.tolist())}

    @cached_property
    def _place(self) -> Mapping[int, int]:
        return {row: at for at, row in enumerate(self.rows.tolist())}

    @cached_property
    def usual(self) -> Floats:
        """float32 (m,): the probability of each wanted row while nothing is known."""
        usual: Floats = self.prior @ self.shares
        return usual

    def shown(self, card: int) -> tuple[int, ...]:
        """The rows that a card shows."""
        return tuple(row for row in self.cards[card].tolist() if row >= 0)

    def asked(self, shown: Sequence[Shown]) -> list[int]:
        """The places of those of these questions that are among these."""
        found = (self._asked(each) for each in shown)
        return [at for at in found if at is not None]

    def _asked(self, shown: Shown) -> int | None:
        """The place of a question, also where cards showed what was left of them; None where it is none of these."""
        if (at := self._question.get(shown)) is not None or not all(shown):
            return at
        first, second = map(set, shown)
        return next(
            (at for (one, other), at in self._question.items() if first.issubset(one) and second.issubset(other)), None
        )

    @cached_property
    def _by_taste(self) -> tuple[Floats, Floats]:
        """The likelihood as float32 (t, q * 4), and the entropy of each answer where the taste is known, (q, t)."""
        q, t, c = self.likelihood.shape
        return np.ascontiguousarray(self.likelihood.transpose(1, 0, 2).reshape(t, q * c)), _entropy(self.likelihood)

    def gains(self, beliefs: Floats) -> Floats:
        """float32 (b, q), nats: H(answer) - sum over tastes of p(taste) H(answer | taste), for beliefs float32 (b, t).

        That is the mutual information of the answer and the taste. Source: Lindley, "On a measure of the information
        provided by an experiment", 1956.
        """
        by_taste, known = self._by_taste
        expected = (beliefs @ by_taste).reshape(len(beliefs), len(self.pairs), len(CHOICES))
        told: Floats = _entropy(expected) - beliefs @ known.T
        return told

    def posterior(self, answers: Sequence[Answer]) -> Floats:
        """float32 (t,): the probability of each taste after these answers, by Bayes' rule in closed form."""
        belief: Floats = self.prior
        for answer in answers:
            belief = belief * self.chances(answer)
            belief = belief / max(float(belief.sum()), 1e-30)
        return belief

    def chances(self, answer: Answer) -> Floats:
        """float32 (t,): how probable the answer is in each taste.

        A question that an earlier version asked counts by what its products are wanted: a card is liked with the
        probability w / (w + mean w), w the share of its products.
        """
        if answer.choice == SKIPPED:
            return np.ones(len(self.prior), np.float32)
        question = self._asked((answer.first, answer.second))
        if question is not None:
            found: Floats = self.likelihood[question, :, answer.choice]
            return found
        liked, other = self._liked(answer.first), self._liked(answer.second)
        true = (liked * (1 - other), (1 - liked) * other, liked * other, (1 - liked) * (1 - other))[answer.choice]
        return noisy(true)

    def _liked(self, rows: Sequence[int]) -> Floats:
        places = [self._place[row] for row in rows if row in self._place]
        wanted = self.shares[:, places].sum(axis=1) + _EVEN
        liked: Floats = wanted / (wanted + self.prior @ wanted)
        return liked

    def save(self, folder: Path) -> None:
        """Writes one file, without pickle; probabilities as float16."""
        np.savez(
            folder / "tastes.npz",
            allow_pickle=False,
            prior=self.prior,
            likelihood=self.likelihood.astype(np.float16),
            pairs=self.pairs,
            cards=self.cards,
            names=np.array(self.names, np.str_),
            rows=self.rows,
            shares=(self.shares * SCALE).astype(np.float16),
        )

    @classmethod
    def load(cls, folder: Path) -> "Tastes":
        """Reads it back from where `save` wrote it."""
        with np.load(folder / "tastes.npz", allow_pickle=False) as saved:
            return cls(
                saved["prior"],
                saved["likelihood"].astype(np.float32),
                saved["pairs"],
                saved["cards"],
                tuple(saved["names"].tolist()),
                saved["rows"],
                saved["shares"].astype(np.float32) / np.float32(SCALE),
            )


def _entropy(chances: Floats) -> Floats:
    entropy: Floats = -(chances * np.log(chances + np.float32(1e-12))).sum(axis=-1)
    return entropy


SCALE = 1024.0
"""Small shares would lose their digits as float16."""


def noisy(true: Floats) -> Floats:
    """The probability of an answer of which NOISE are another than the true one, any of the others alike."""
    return np.asarray((1 - NOISE) * true + NOISE * (1 - true) / (len(CHOICES) - 1), np.float32)
