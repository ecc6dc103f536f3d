"""What the language model tells of a search beside its vector: kept only where held-out searches are told better."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shopkeeper.encode.card import HEADS, Gain, TaughtHead, write_heads
from shopkeeper.encode.category_head import CategoryHead
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.generated import known_items
from shopkeeper.flow.gains import LEAST, Shelved
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.recall.filter import category_name
from shopkeeper.store.disk import full_disk_as_error
from shopkeeper.types import BoolArray, IntArray
from shopkeeper.understand.structured import Structured
from shopkeeper.understand.understanding import Understanding

log = logging.getLogger(__name__)

FEWEST, MOST = 10, 2000
"""A category with fewer products is not told, and of more categories the largest are."""
TITLES, SEARCHES, ASKED = 20_000, 3000, 600
"""From so many products' vectors and searches at most the head learns; so many searches calibrate and measure it."""


def taught_heads(draft: Path, goods: Shelved, understanding: Understanding, structured: Structured, seed: int) -> None:
    """Teaches the category head, and writes it to the draft where it tells held-out searches better than names do."""
    corpus = goods.corpus
    names, classes = _classes(corpus)
    if len(names) < 2:
        return
    draw = np.random.default_rng(seed)
    end, held = corpus.left_for_the_end & (classes >= 0), corpus.held_out & (classes >= 0)
    known = np.where(corpus.held_out, -1, classes)
    head = _fitted(goods, corpus, names, known, draw)
    usual = CategoryHead.usual(known[known >= 0], names, goods.encoder.dimensions)
    queries, rows = _searches(corpus, held & ~end, ASKED, draw)
    if rows.size:
        head = head.calibrated(goods.encoder.encode(queries, "query"), classes[rows])
    queries, rows = _searches(corpus, end, ASKED, draw)
    asked = Asked(queries, [corpus.categories[row] for row in rows.tolist()])
    found = measured(head, usual, structured, understanding, asked)
    if found is None:
        return
    kept = found.low > 0 and found.texts >= LEAST
    log.info("head=category kept=%s classes=%d before=%.3f after=%.3f", kept, len(names), found.before, found.after)
    with full_disk_as_error(draft):
        if kept:
            (draft / HEADS).mkdir()
            head.save(draft / HEADS)
        write_heads(draft, [TaughtHead(found, kept)])


@dataclass(frozen=True)
class Asked:
    """Searches, each with the category of the product that it looks for."""

    queries: Sequence[str]
    paths: Sequence[tuple[str, ...]]


def measured(
    head: CategoryHead, usual: CategoryHead, structured: Structured, understanding: Understanding, asked: Asked
) -> Gain | None:
    """What telling the category by the vector, where no name says it, adds to what is `usual`; None without searches.

    The score of a search is 2 p - the sum of squared shares, where p is the share of its product's category: 0 where
    nothing is told, below it where something wrong is told for sure (Brier, 1950). A name is right for each category
    that it is part of.
    """
    n = len(asked.queries)
    if not n:
        return None
    by_name, both = np.zeros(n), np.zeros(n)
    for at, (query, path) in enumerate(zip(asked.queries, asked.paths, strict=True)):
        intent = structured.read(understanding.understand(query))
        said = [own for own in intent.stated if own.field == "category"]
        if said:
            by_name[at] = both[at] = _score([(own.confidence, own.value in path) for own in said])
        elif intent.vector is not None and intent.kind == "product":
            by_name[at], both[at] = (
                _score([(share, name == category_name(path)) for name, share in own.likely(intent.vector)])
                for own in (usual, head)
            )
    lead = paired_bootstrap(both, by_name)
    texts = len(set(asked.queries))
    return Gain("category", n, float(by_name.mean()), float(both.mean()), lead.low, lead.high, texts)


def _score(told: Sequence[tuple[float, bool]]) -> float:
    return sum(2.0 * share * right - share * share for share, right in told)


def _classes(corpus: Corpus) -> tuple[tuple[str, ...], IntArray]:
    """The categories that are told, and the place of each product's among them, int64 (n,), -1 for others."""
    taught = Counter(path for path, out in zip(corpus.categories, corpus.held_out.tolist(), strict=True) if not out)
    known = sorted(path for path, n in taught.most_common(MOST) if path and n >= FEWEST)
    place = {path: at for at, path in enumerate(known)}
    return tuple(map(category_name, known)), np.array([place.get(path, -1) for path in corpus.categories], np.int64)


def _fitted(
    goods: Shelved, corpus: Corpus, names: tuple[str, ...], classes: IntArray, draw: np.random.Generator
) -> CategoryHead:
    """From product vectors and from searches for other words of the same products."""
    rows = np.flatnonzero(classes >= 0)
    _, first = np.unique(classes[rows], return_index=True)  # each class once at least
    some = np.union1d(rows[first], draw.permutation(rows)[:TITLES])
    queries, asked = _searches(corpus, classes >= 0, SEARCHES, draw)
    vectors = [goods.vectors[goods.shelf.rows[some]], goods.encoder.encode(queries, "query")]
    return CategoryHead.fitted(np.concatenate(vectors), np.concatenate([classes[some], classes[asked]]), names)


def _searches(corpus: Corpus, which: BoolArray, most: int, draw: np.random.Generator) -> tuple[list[str], IntArray]:
    """Searches for different products among these, and the products' places, int64 (m,)."""
    rows = draw.permutation(np.flatnonzero(which))[:most].tolist()
    known = known_items([fields[:1] for fields in corpus.fields], rows, draw)
    return [query for _, query in known], np.array([row for row, _ in known], np.int64)
