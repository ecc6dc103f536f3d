"""Shorter vectors: the first d numbers of a turned vector, which say alone what the whole one says."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shopkeeper.errors import TrainingError, WeightsError
from shopkeeper.types import FloatArray

SIZES = 64, 128, 256
FILE = "dimensions.safetensors"
LEAST = 32


@dataclass(frozen=True, slots=True)
class Dimensions:
    """Turns vectors by `turn`, float32 (d, d), the most telling numbers first."""

    turn: FloatArray

    def first(self, vectors: FloatArray, d: int) -> FloatArray:
        """float32 (len(vectors), d), unit length."""
        short = vectors @ self.turn[:, :d]
        lengths = np.sqrt(np.square(short).sum(axis=1, keepdims=True))
        return np.asarray(short / np.maximum(lengths, 1e-12), np.float32)

    def save(self, folder: Path) -> None:
        """Writes dimensions.safetensors."""
        from safetensors.numpy import save_file

        save_file({"turn": np.ascontiguousarray(self.turn)}, folder / FILE)

    @classmethod
    def open(cls, folder: Path) -> "Dimensions":
        """What was saved there. Raises WeightsError where the file is missing or another one."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            return cls(load_file(folder / FILE)["turn"])
        except (OSError, KeyError, SafetensorError) as error:
            raise WeightsError(
                f"{folder / FILE}: no turned dimensions ({type(error).__name__}). Make them again from the vectors"
            ) from None


def cut(d: int) -> Dimensions:
    """The vectors as they are: the first numbers of most models say no more than others."""
    return Dimensions(np.eye(d, dtype=np.float32))


def principal(vectors: FloatArray) -> Dimensions:
    """The directions in which these vectors are long, the longest first; nothing is subtracted, so cosines stay.

    Source: Eckart, Young, Psychometrika 1936: no other d numbers keep more of the scalar products.
    """
    _, ways = np.linalg.eigh((vectors.T @ vectors).astype(np.float64))
    return Dimensions(np.ascontiguousarray(ways[:, ::-1]).astype(np.float32))


@dataclass(frozen=True, slots=True)
class Lesson:
    """How `nested` learns: the temperature of both distributions, the steps and what one of them sees."""

    temperature: float = 0.05
    steps: int = 150
    queries: int = 128
    passages: int = 2048
    learning_rate: float = 1e-3
    seed: int = 0


def nested(
    queries: FloatArray, passages: FloatArray, sizes: Sequence[int] = SIZES, lesson: Lesson | None = None
) -> Dimensions:
    """Learns, from the principal directions on, that the first numbers rank passages as the whole vectors do.

    The loss is the sum over sizes of the cross-entropy between both distributions over passages; the vectors stay, one
    matrix learns. Raises TrainingError where there are under LEAST queries or passages.
    Source: Kusupati et al., "Matryoshka Representation Learning", NeurIPS 2022 (nested losses; here of a linear map).
    """
    import torch

    lesson = lesson or Lesson()
    if min(len(queries), len(passages)) < LEAST:
        raise TrainingError(
            f"teaching short vectors from {len(queries)} queries and {len(passages)} passages: at least {LEAST} of "
            f"each are needed. Use the principal directions, which need fewer"
        )
    turn = torch.nn.Parameter(torch.from_numpy(principal(np.concatenate([queries, passages])).turn))
    optimizer = torch.optim.Adam([turn], lr=lesson.learning_rate)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, lesson.steps)
    draw = np.random.default_rng(lesson.seed)
    for _ in range(lesson.steps):
        asked = torch.from_numpy(queries[draw.integers(0, len(queries), lesson.queries)])
        goods = torch.from_numpy(passages[draw.integers(0, len(passages), lesson.passages)])
        whole = torch.softmax(asked @ goods.T / lesson.temperature, 1)
        loss = torch.zeros(())
        for size in sizes:
            short = [torch.nn.functional.normalize(some @ turn[:, :size], dim=1) for some in (asked, goods)]
            said = torch.log_softmax(short[0] @ short[1].T / lesson.temperature, 1)
            loss = loss - (whole * said).sum(1).mean()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        falling.step()
    return Dimensions(turn.detach().numpy())
