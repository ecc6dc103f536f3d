"""A smaller model learns what the original says of the shop's queries and goods."""

import numpy as np
import torch
from torch import Tensor

from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.generated import generated
from shopkeeper.encode.model import TextModel
from shopkeeper.errors import TrainingError
from shopkeeper.types import FloatArray

LEAST = 100
HELD_OUT = 10
"""One query in so many is measured with, not learnt from."""


class Imitation:
    """The vectors of a pupil come to lie where its teacher's are: queries mostly, one batch in four product texts.

    A task for `training.train`. Held out: the mean cosine between the two on queries that were not learnt from.
    Source: Sanh et al., "DistilBERT", 2019; Reimers, Gurevych, EMNLP 2020 (a pupil learns its teacher's vectors).
    """

    def __init__(self, teacher: TextModel, queries: int = 8_000, texts: int = 400, batch: int = 64) -> None:
        self._teacher, self._most = teacher, (queries, texts)
        self._batch = batch

    def prepare(self, model: TextModel, corpus: Corpus, seed: int) -> None:
        draw = np.random.default_rng(seed)
        some = corpus.some(20_000, draw)
        queries = [query.typed for query in generated(some.fields, some.brands, self._most[0], draw)]
        if len(queries) < LEAST:
            raise TrainingError(
                f"imitating the language model: {len(corpus)} products give {len(queries)} different queries, at least "
                f"{LEAST} are needed. Import more products, or longer titles and descriptions"
            )
        texts = list(corpus.some(self._most[1], draw).texts)
        held = len(queries) // HELD_OUT
        self._asked, self._answers = queries[:held], self._teacher.vectors(queries[:held], "query")
        self._queries = model.ids(queries[held:], "query"), self._teacher.vectors(queries[held:], "query")
        self._texts = model.ids(texts, "passage"), self._teacher.vectors(texts, "passage")

    def loss(self, model: TextModel, draw: np.random.Generator) -> Tensor:
        """1 less the mean cosine; a text is some eight times as long as a query, so eight times fewer are read."""
        long = draw.random() < 0.25
        ids, vectors = self._texts if long else self._queries
        chosen = draw.integers(0, len(ids), max(self._batch // 8, 1) if long else self._batch)
        said = model(*model.padded([ids[place] for place in chosen]))
        near: Tensor = (said * torch.from_numpy(vectors[chosen])).sum(1).mean()
        return 1 - near

    def score(self, model: TextModel) -> float:
        """The mean cosine with the teacher."""
        return agreement(self._answers, model.vectors(self._asked, "query"))


def agreement(one: FloatArray, other: FloatArray) -> float:
    """The mean cosine of unit vectors (n, d), row by row."""
    return float((one * other).sum(axis=1).mean())
