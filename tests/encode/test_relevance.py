"""Relevance from judged pairs, on a tiny model. Claims:

1. what is likely of a score grows with it, and untouched scores give each grade the share that it has.
2. a batch is read in groups of like length, and each pair gets the score that it has when it is read alone.
3. the order counts by what it gains, the margins by the square of what they miss, a batch as the mean of its queries.
4. some queries are held out, and their nDCG is measured; a corpus without judged pairs is refused with what is needed.
5. both a model of vectors and a cross-encoder learn who is better, also for queries that are held out.
6. where it is only known what was chosen, other products that words find make up what is missing; asked for none, such
   queries are refused.
7. a corpus that is drawn from keeps the pairs of the products that are left.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from shopkeeper.encode.corpus import Corpus, Judgements
from shopkeeper.encode.grades import Grades
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.tasks.relevance import Relevance
from shopkeeper.encode.training import Schedule, train
from shopkeeper.errors import TrainingError
from tests.encode.bodies import load, method, write_body

pytestmark = [pytest.mark.weights, pytest.mark.filterwarnings("ignore")]

TEXTS = ["ab ab", "ab b", "a a a b", "b"]
GRADES = [2, 1, 0, 0]
QUERIES = ["a" * n for n in range(1, 8)] + ["b" * n for n in range(1, 8)]


def corpus(taught: bool = False) -> Corpus:
    """Fourteen queries that all want the same products."""
    rows, grades = np.tile(np.arange(4), 14), np.tile(np.array(GRADES), 14)
    pairs = Judgements(np.repeat(QUERIES, 4).tolist(), rows, grades, grades.astype(np.float32) if taught else None)
    return Corpus(TEXTS, [(text,) for text in TEXTS], [""] * 4, judged=pairs)


@pytest.fixture
def model(tmp_path: Path) -> TextModel:
    return load(write_body(tmp_path / "body"))


def prepared(model: TextModel, taught: bool = False, **settings: object) -> Relevance:
    task = Relevance(Relevance.Settings(**settings))
    task.prepare(model, corpus(taught), seed=0)
    return task


def test_untouched_scores_give_each_grade_its_share() -> None:
    scores = torch.arange(100.0)
    grades = torch.tensor([0] * 20 + [1] * 30 + [2] * 50)
    graded = Grades(scores, grades)
    likely = graded.expected(scores)
    assert bool((likely[1:] > likely[:-1]).all()) and 0 < float(likely[0]) < float(likely[-1]) < 2
    odds = graded.scale * scores.unsqueeze(1) - graded.cuts
    assert (odds < 0).sum(0).tolist() == [20, 50]
    one = torch.tensor([7.0])
    above = torch.sigmoid(graded.scale * 7.0 - graded.cuts)
    expected = -(above[0].log() + (1 - above[1]).log())
    torch.testing.assert_close(graded.loss(one, torch.tensor([1])), expected)


@pytest.mark.parametrize("reads", ["apart", "together"])
def test_each_pair_has_the_score_that_it_has_alone(reads: str, model: TextModel) -> None:
    task = prepared(model, reads=reads)
    places = np.array([0, 5, 2, 11, 3, 40])
    together = task._learning(model, places, [task._judged.queries[place] for place in places])
    assert together.requires_grad
    alone = np.concatenate([task.scores(model, places[at : at + 1]) for at in range(len(places))])
    np.testing.assert_allclose(together.detach().numpy(), alone, atol=2e-2)


def test_order_and_margins_are_what_they_say(model: TextModel) -> None:
    scores, places = torch.tensor([0.3, 0.1]), np.array([0, 1])
    order = prepared(model, grades=0.0, order=1.0)
    lead = float(order.graded.scale.detach()) * 0.2
    assert float(order._of_query(places, scores)) == pytest.approx(2 * np.log1p(np.exp(-lead)) / 2)
    margins = prepared(model, taught=True, grades=0.0, margins=1.0)
    missing = lead - 1 / float(np.std(np.tile(GRADES, 14)))
    assert float(margins._of_query(places, scores)) == pytest.approx(missing**2 / 2, rel=1e-4)


def test_a_batch_is_the_mean_of_its_queries(model: TextModel) -> None:
    task = prepared(model)
    drawn = task.drawn(np.random.default_rng(3))
    both = [float(task.loss_of(model, drawn[at : at + 1])) for at in range(len(drawn))]
    assert float(task.loss_of(model, drawn)) == pytest.approx(np.mean(both), rel=1e-3)


def test_held_out_queries_are_measured_and_never_drawn(model: TextModel) -> None:
    task = prepared(model, held_out=0.2)
    assert (len(task._held_out), len(task._queries)) == (3, 11)
    # the worst first: what is measured is the order, whoever made it
    task.scores = lambda model, places: -task._judged.grades[places].astype(np.float32)  # type: ignore[method-assign]
    discounts = 1 / np.log2(np.arange(2, 6))
    gains = np.array([3.0, 1.0, 0.0, 0.0])
    assert task.score(model) == pytest.approx(gains[::-1] @ discounts / (gains @ discounts))


def test_too_few_judged_queries_are_refused(model: TextModel) -> None:
    bare = Corpus(TEXTS, [(text,) for text in TEXTS], [""] * 4)
    with pytest.raises(TrainingError, match=r"0 judged pairs hold 0 queries .* at least 10 are needed"):
        Relevance(Relevance.Settings()).prepare(model, bare, 0)


@pytest.mark.parametrize("reads", ["apart", "together"])
def test_both_kinds_learn_who_is_better(reads: str, model: TextModel) -> None:
    task = Relevance(Relevance.Settings(reads=reads, order=1.0))
    schedule = Schedule(steps=40, every=20, head_rate=1e-2)
    history = train(model, method("full"), task, corpus(), schedule)
    assert history.best.score > 0.95 and history.best.score >= history.points[0].score


def test_a_corpus_drawn_from_keeps_the_pairs_of_what_is_left() -> None:
    some = corpus(taught=True).some(2, np.random.default_rng(0))
    assert some.judged is not None and some.judged.taught is not None
    kept = [TEXTS.index(text) for text in some.texts]
    assert len(some.judged) == 28
    assert some.judged.rows.tolist() == [0, 1] * 14
    assert some.judged.grades.tolist() == [GRADES[row] for row in kept] * 14
    assert some.judged.taught.tolist() == some.judged.grades.tolist()


def test_choices_alone_are_learnt_beside_what_words_find(model: TextModel) -> None:
    texts = [f"{'ab ' * (1 + at % 7)}{'b ' * (at // 7)}a" for at in range(70)]
    chosen = Judgements([f"{'a' * n} b ab" for n in range(1, 13)], np.arange(12), np.ones(12, np.int64))
    goods = Corpus(texts, [(text,) for text in texts], [""] * len(texts), judged=chosen)
    task = Relevance(Relevance.Settings(margin=0.0))
    task.prepare(model, goods, seed=0)
    assert len(task._judged) > 24 and set(task._judged.grades.tolist()) == {0, 1}
    assert float(task.loss(model, np.random.default_rng(0)).detach()) > 0
    with pytest.raises(TrainingError, match="12 judged pairs hold 0 queries with products of different grades"):
        Relevance(Relevance.Settings(negatives=0)).prepare(model, goods, seed=0)
