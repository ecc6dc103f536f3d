"""Products that words find for a query and that it does not mean: what a training by choices alone lacks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.encode.corpus import Judgements
from shopkeeper.types import FloatArray

if TYPE_CHECKING:
    from shopkeeper.encode.bm25 import Bm25

FROM, TO = 10, 60
"""The ranks by words that negatives are of: what stands before is often right, what stands behind is too easy."""
Score = Callable[[Sequence[str], Sequence[str]], FloatArray]
"""Of pairs of a query and a text, the higher the better the text answers; float32 (n,)."""


@dataclass(frozen=True)
class Goods:
    """What a query may find: what a model reads of each product, and its fields as words are looked for."""

    texts: Sequence[str]
    fields: Sequence[Sequence[str]]


def with_negatives(
    judged: Judgements, goods: Goods, score: Score, margin: float, most: int, draw: np.random.Generator
) -> Judgements:
    """The judgements, and for each query of which all grades are the same at most `most` products with grade 0.

    These are drawn from ranks FROM to TO by words. One that a better judge, by `score`, does not put `margin` behind
    the best chosen product may well be right, and is left out; so is one of the same text as a judged product.
    Source: Qu et al., "RocketQA", NAACL 2021 (hard negatives without the false ones).
    """
    from shopkeeper.encode.bm25 import Bm25  # with it comes scipy, which only learning needs

    places: dict[str, list[int]] = {}
    for place, query in enumerate(judged.queries):
        places.setdefault(query, []).append(place)
    alike = {query: own for query, own in places.items() if judged.grades[own].min() == judged.grades[own].max() > 0}
    if not alike or judged.taught is not None:
        return judged
    words = Bm25(goods.fields)
    queries, rows = list(judged.queries), [judged.rows]
    for query, own in alike.items():
        found = _found(words, query)
        said = {goods.texts[row] for row in judged.rows[own].tolist()}
        others = [row for row in found if goods.texts[row] not in said]
        texts = [goods.texts[row] for row in (*judged.rows[own].tolist(), *others)]
        scores = score([query] * len(texts), texts)
        behind = scores[len(own) :] < scores[: len(own)].max() - margin
        chosen = draw.permutation(np.array(others, np.int64)[behind])[:most]
        queries.extend([query] * len(chosen))
        rows.append(chosen)
    every = np.concatenate(rows)
    return Judgements(queries, every, np.append(judged.grades, np.zeros(len(every) - len(judged), np.int64)))


def _found(words: "Bm25", query: str) -> list[int]:
    """The products that words find at ranks FROM to TO, counted from 1."""
    (scores,) = words.scores([query])
    order = np.argsort(-scores, kind="stable")[FROM - 1 : TO]
    return [row for row in order.tolist() if scores[row] > 0]
