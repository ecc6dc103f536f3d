"""The interview of a new shopper: which question tells most of a taste, after what was answered so far."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shopkeeper.tastes import Answer, Shown, Tastes

MOST_QUESTIONS = 5


@dataclass(frozen=True, slots=True)
class Question:
    """Two cards to choose from, by their numbers, and how many nats an answer is expected to tell."""

    place: int
    first: int
    second: int
    nats: float


def next_question(
    tastes: Tastes, answers: Sequence[Answer], skipped: Sequence[Shown] = (), gone: Sequence[int] = ()
) -> Question | None:
    """The question that tells most now and was neither answered nor skipped; None where there is none.

    `gone` are the cards that can no longer be shown.
    """
    if len(answers) + len(skipped) >= MOST_QUESTIONS or not len(tastes.pairs):
        return None
    gains = tastes.gains(tastes.posterior(answers)[None, :])[0]
    gains[tastes.asked([*((one.first, one.second) for one in answers), *skipped])] = -1.0
    gains[np.isin(tastes.pairs, gone).any(axis=1)] = -1.0
    at = int(gains.argmax())
    if gains[at] <= 0:
        return None
    first, second = tastes.pairs[at].tolist()
    return Question(at, first, second, float(gains[at]))
