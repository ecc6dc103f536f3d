"""Claims:

1. of what is as near as what is meant other texts count half and the same text not at all; the nearest comes first.
2. a gain says how often what is meant stands first; searches for one text count once.
3. pairs of later days are measured where products have other vectors, and only then; few of them are left out, and
   what is asked with is not among what is searched.
4. what decides is better beyond doubt and nothing that decides is worse beyond doubt; parts of searches and what is
   about fewer than thirty texts do not decide.
5. real searches are measured from thirty on; made ones are for texts that no training looked at, each text once.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.encode.card import Gain
from shopkeeper.encode.pairs import Pairs
from shopkeeper.flow.gains import LEAST, Gate, Searches, Shelved, better, worse
from shopkeeper.flow.vectors import Shelf
from shopkeeper.store.folder import open_folder
from tests.encode.tiny import LetterEncoder


@pytest.fixture
def goods(shop_folder: Path) -> Shelved:
    with open_folder(shop_folder, writable=False) as folder:
        catalog = folder.products.catalog()
        shelf, encoder = Shelf.of(folder, len(catalog)), LetterEncoder()
        return Shelved(catalog, shelf, encoder, encoder.encode(shelf.texts, "passage"), 20_000.0)


def with_vectors(goods: Shelved, **rows: float) -> Shelved:
    """Vectors along the letter a, of the lengths given by row; all others are zero."""
    vectors = np.zeros_like(goods.vectors)
    for row, length in rows.items():
        vectors[int(row[1:]), 0] = length
    return replace(goods, vectors=vectors)


def test_what_is_as_near_counts_half_and_the_same_text_not_at_all(goods: Shelved) -> None:
    searches = Searches(["a", "a"], np.array([0, 4]), {})
    near = with_vectors(goods, r0=0.5, r3=0.5, r4=0.9)
    assert searches.ranks(near).tolist() == [2.5, 1.0]
    texts = [*goods.shelf.texts]
    texts[3] = texts[0]
    assert searches.ranks(replace(near, shelf=replace(goods.shelf, texts=texts))).tolist() == [2.0, 1.0]
    alike = replace(goods, vectors=np.ones_like(goods.vectors))
    assert searches.ranks(alike).tolist() == [1 + (len(texts) - 1) / 2] * 2


def test_a_gain_is_of_reciprocal_ranks_and_a_text_counts_once(goods: Shelved) -> None:
    searches = Searches(["a", "aa", "a"], np.array([0, 0, 1]), {"all": np.ones(3, bool)})
    before, after = with_vectors(goods, r0=0.5, r1=0.9), with_vectors(goods, r0=0.9, r1=0.5)
    (found,) = Gate(before, (searches,), None).gains(after)
    assert found.n == 3 and found.before == found.after == pytest.approx(0.75)
    (found,) = Gate(before, (replace(searches, places=np.array([0, 0, 0])),), None).gains(after)
    assert (found.before, found.after, found.low, found.texts) == (0.5, 1.0, 0.5, 1)


def test_pairs_of_later_days_are_measured_where_products_moved(goods: Shelved) -> None:
    texts = goods.shelf.texts
    pair = np.arange(LEAST, dtype=np.int32)
    later = Pairs(texts, 2 * pair, 2 * pair + np.int32(1), np.ones(LEAST, np.float32))
    near = np.zeros((len(goods.vectors), LEAST), np.float32)
    near[goods.shelf.rows[2 * pair], pair] = near[goods.shelf.rows[2 * pair + 1], pair] = 1.0
    far = replace(goods, vectors=np.eye(len(near), dtype=np.float32))
    assert Gate(goods, (), later).gains(goods) == ()
    (found,) = Gate(far, (), later).gains(replace(goods, vectors=near))
    assert found.kind == "together" and found.low > 0 and found.after == 1.0
    assert Gate(far, (), later.where(pair > 0)).gains(replace(goods, vectors=near)) == ()


def test_nothing_that_decides_may_be_worse_beyond_doubt() -> None:
    def gain(kind: str, low: float, high: float) -> Gain:
        return Gain(kind, 100, 0.5, 0.5 + (low + high) / 2, low, high, texts=LEAST)

    up, level, down = (0.01, 0.05), (-0.01, 0.05), (-0.05, -0.01)
    assert better([gain("all", *up), gain("new", *down)])
    assert better([gain("all", *level), gain("together", *up)])
    assert not better([gain("all", *level), gain("as_written", *up)])
    assert not better([gain("all", *down), gain("together", *up)])
    assert not better([])
    assert not better([replace(gain("all", *up), texts=LEAST - 1)])
    assert worse([gain("all", *down)]) and not worse([gain("all", *level), gain("new", *down)])


def test_real_searches_are_measured_from_thirty_on() -> None:
    chosen = [(f"query {at}", at) for at in range(LEAST)]
    assert not Searches.asked(chosen[1:], 0).queries
    asked = Searches.asked(chosen, 0)
    assert sorted(zip(asked.queries, asked.places.tolist(), strict=True)) == sorted(chosen)
    assert asked.kinds["asked"].all()


def test_made_searches_are_for_texts_that_no_training_looked_at(goods: Shelved) -> None:
    twice = replace(goods.shelf, rows=np.tile(goods.shelf.rows, 2), texts=goods.shelf.texts * 2)
    shelf = goods.shelf
    twice = replace(twice, fields=shelf.fields * 2, brands=shelf.brands * 2, attributes=shelf.attributes * 2)
    both = replace(goods, shelf=twice)
    searches, corpus = Searches.of(both, 0), both.corpus
    assert corpus.left_for_the_end[searches.places].all() and corpus.held_out.sum() > corpus.left_for_the_end.sum()
    assert len(set(searches.places.tolist())) == len(set(both.codes[searches.places].tolist())) > 1
