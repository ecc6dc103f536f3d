"""How the transformer over sequences learns: the next product of every place, against products drawn by chance."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from shopkeeper.memory import give_back
from shopkeeper.recall.transformer import drawn, taste, unit
from shopkeeper.types import FloatArray, IntArray, RowArray

NOBODY = -1
_WARM_UP_STEPS, _WARM_UP_PART = 200, 0.1
_LEAST_RATE = 0.05
_TIDY = 50
"""After so many steps what was freed goes back to the system."""
_LATELY = 50


@dataclass(frozen=True)
class Course:
    """How much is learnt, and how. Whichever of `epochs` and `seconds` of processor time is over first ends it."""

    dimensions: int = 64
    layers: int = 1
    heads: int = 2
    longest: int = 50
    epochs: int = 40
    seconds: float = 300.0
    negatives: int = 1024
    dropout: float = 0.3
    id_dropout: float = 0.3
    rate: float = 2e-3
    sharpness: float = 12.0
    batch_lines: int = 2048
    seed: int = 0


@dataclass(frozen=True)
class Learnt:
    """weights of the transformer; ids float32 (n, d) and words float32 (t, d) or None: a product's vector is the unit
    vector of text @ words + its id; `sharpness` is what a cosine is multiplied with before the softmax. `loss` is the
    mean of the last steps.
    """

    weights: dict[str, FloatArray]
    ids: FloatArray
    words: FloatArray | None
    sharpness: float
    epochs: float
    loss: float


def learnt(sequences: Sequence[RowArray], n_rows: int, texts: FloatArray | None, course: Course) -> Learnt:
    """What the sequences teach: rows int32 (h,) each, oldest first; texts float32 (n_rows, t), centred, or None.

    Loss: softmax of cosine x sharpness over the next product and `negatives` others of the sequences, shared by a batch
    and drawn evenly. A product's id is dropped now and then, so that its text alone must find it.
    Source: Klenitskiy, Vasilev, "Turning dross into gold loss", RecSys 2023; id dropout: Volkovs et al., NeurIPS 2017.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # small matrices: a second thread costs more than it gives
    try:
        return _learnt(
            [piece for own in sequences for piece in _pieces(own, course.longest + 1)], n_rows, texts, course
        )
    finally:
        torch.set_num_threads(threads)


def _learnt(pieces: Sequence[RowArray], n_rows: int, texts: FloatArray | None, course: Course) -> Learnt:
    school = _School(pieces, n_rows, texts, course)
    started, step = time.process_time(), 0
    n_batches = len(_batches(pieces, course.batch_lines, school.draw))
    n_steps = n_batches * course.epochs
    warm_up = max(1.0, min(_WARM_UP_STEPS, _WARM_UP_PART * n_steps))
    for batch in (own for _ in range(course.epochs) for own in _batches(pieces, course.batch_lines, school.draw)):
        part = max(step / n_steps, (time.process_time() - started) / course.seconds)
        if part >= 1:
            break
        step += 1
        school.learn(batch, min(1.0, step / warm_up) * _rate_at(part))
        if step % _TIDY == 0:
            give_back()  # batches are of many sizes: 90,000 products would take 20 GB in five minutes
    return school.graduate(step / max(1, n_batches))


def _rate_at(part: float) -> float:
    """A half cosine from one down to `_LEAST_RATE`."""
    return _LEAST_RATE + (1 - _LEAST_RATE) * 0.5 * (1 + float(np.cos(np.pi * part)))


def _pieces(rows: RowArray, most: int) -> Iterator[RowArray]:
    """The sequence in pieces of at most `most`, each beginning with the last of the one before; none of one alone."""
    for end in range(len(rows), 1, -(most - 1)):
        yield rows[max(0, end - most) : end]


def _batches(pieces: Sequence[RowArray], lines: int, draw: np.random.Generator) -> list[IntArray]:
    """Places of pieces of like length, at most so many lines a batch, in a drawn order."""
    lengths = np.array([len(piece) - 1 for piece in pieces], np.int64)
    order = np.argsort(lengths + draw.random(len(pieces)))
    starts, widest = [0], 0
    for at, length in enumerate(lengths[order].tolist()):
        widest = length
        if at > starts[-1] and (at - starts[-1] + 1) * widest > lines:
            starts.append(at)
    batches = [order[start:end] for start, end in pairwise((*starts, len(order))) if end > start]
    draw.shuffle(batches)
    return batches


class _School:
    """What is being learnt, and the optimiser that changes it."""

    def __init__(self, pieces: Sequence[RowArray], n_rows: int, texts: FloatArray | None, course: Course) -> None:
        self.draw = np.random.default_rng(course.seed)
        torch.manual_seed(course.seed)
        self._pieces, self._course = pieces, course
        self._warm = np.unique(np.concatenate(pieces)) if pieces else np.empty(0, np.int32)
        self._texts = None if texts is None else torch.from_numpy(np.asarray(texts, np.float32))
        d = course.dimensions
        own: dict[str, FloatArray] = drawn(d, course.layers, course.heads, course.longest, self.draw)
        own["ids"] = np.zeros((n_rows, d), np.float32)
        scale = 0.02 if texts is not None else d**-0.5
        own["ids"][self._warm] = scale * self.draw.standard_normal((len(self._warm), d))
        if texts is not None:
            own["words"] = _directions(texts[self._warm], d)
        own["sharpness"] = np.array(np.log(course.sharpness), np.float32)
        self._own = {name: torch.from_numpy(values).requires_grad_() for name, values in own.items()}
        self._losses: list[Any] = []
        self._optimiser = torch.optim.AdamW(self._own.values(), lr=course.rate, betas=(0.9, 0.98), fused=True)

    def learn(self, chosen: IntArray, rate: float) -> None:
        """One step on the pieces at these places, at this part of the full rate."""
        for group in self._optimiser.param_groups:
            group["lr"] = rate * self._course.rate
        self._optimiser.zero_grad()
        loss = self._loss([self._pieces[at] for at in chosen])
        loss.backward()
        self._optimiser.step()
        self._losses.append(loss.detach())

    def graduate(self, epochs: float) -> Learnt:
        own = {name: values.detach().numpy() for name, values in self._own.items()}
        ids, words, sharpness = own.pop("ids"), own.pop("words", None), float(np.exp(own.pop("sharpness")))
        lately = [float(loss) for loss in self._losses[-_LATELY:]]
        return Learnt(own, ids, words, sharpness, epochs, float(np.mean(lately)) if lately else np.nan)

    def _loss(self, pieces: Sequence[RowArray]) -> Any:
        here, after = _table(pieces)
        others = self.draw.choice(self._warm, self._course.negatives).astype(np.int64)
        known = np.maximum(after, 0)
        rows, place = np.unique(np.concatenate((here.ravel(), known.ravel(), others)), return_inverse=True)
        items = self._items(rows)
        at_here, at_others = torch.from_numpy(place[: here.size]), torch.from_numpy(place[2 * here.size :])
        asked = taste(self._own, items[at_here].reshape(*here.shape, -1), torch, self._dropped).reshape(here.size, -1)
        told = np.flatnonzero(after.ravel() >= 0)
        asked, wanted = asked[torch.from_numpy(told)], place[here.size :][told]
        right = (asked * items[torch.from_numpy(wanted)]).sum(-1)[:, None]
        wrong = asked @ items[at_others].T
        same, column = np.nonzero(wanted[:, None] == place[2 * here.size :])
        wrong[torch.from_numpy(same), torch.from_numpy(column)] = -2.0  # the wanted one was drawn: below any cosine
        scores = torch.cat((right, wrong), 1) * self._own["sharpness"].exp()
        return torch.nn.functional.cross_entropy(scores, torch.zeros(len(told), dtype=torch.long))

    def _items(self, rows: IntArray) -> Any:
        at = torch.from_numpy(rows)
        items = self._own["ids"][at]
        if self._texts is not None:
            items = items * (torch.rand(len(rows), 1) >= self._course.id_dropout)
            items = items + self._texts[at] @ self._own["words"]
        return unit(items)

    def _dropped(self, values: Any) -> Any:
        return torch.nn.functional.dropout(values, self._course.dropout)


def _directions(texts: FloatArray, d: int) -> FloatArray:
    """float32 (t, d): the strongest directions of the texts, scaled so that products begin about length one."""
    _, axes = np.linalg.eigh(texts.T @ texts)
    found = np.zeros((texts.shape[1], d), np.float32)
    strongest = axes[:, ::-1][:, :d]
    found[:, : strongest.shape[1]] = strongest * 0.3
    return found


def _table(pieces: Sequence[RowArray]) -> tuple[IntArray, IntArray]:
    """int64 (b, t) each: the products of the pieces, and after each the next one, NOBODY beyond a piece's end."""
    t = max(map(len, pieces)) - 1
    here, after = np.zeros((len(pieces), t), np.int64), np.full((len(pieces), t), NOBODY, np.int64)
    for line, piece in enumerate(pieces):
        here[line, : len(piece) - 1], after[line, : len(piece) - 1] = piece[:-1], piece[1:]
    return here, after
