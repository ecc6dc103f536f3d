"""Category as a task of the encoder, on a tiny model. Claims:

1. titles and searches learn to tell their category; the head starts from the untouched model's vectors.
2. categories are drawn as often as one another, small ones are left out, and held-out products are never drawn.
3. a category whose titles are too short for searches is taught by its titles.
4. too few categories are refused with what is needed.
5. categories and attributes go along where a corpus is cut.
"""

from pathlib import Path

import numpy as np
import pytest

from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.tasks.category import Category
from shopkeeper.encode.training import Schedule, train
from shopkeeper.errors import TrainingError
from tests.encode.bodies import load, method, write_body

pytestmark = pytest.mark.weights
WORDS = {"ab": ("ab", "abab", "ababab", "aab", "abb"), "bb": ("bb", "bbb", "bbbb", "ba", "bbab")}


def goods(n: int = 400, short: bool = False) -> Corpus:
    """Of four products, three are of words that begin with ab."""
    draw = np.random.default_rng(5)
    titles, paths = list[str](), list[tuple[str, ...]]()
    while len(titles) < n:
        kind = "bb" if len(titles) % 4 == 0 else "ab"
        words = draw.choice(WORDS[kind], 2 if short and kind == "bb" else int(draw.integers(3, 6)), replace=False)
        titles.append(" ".join(words.tolist()))
        paths.append(("All", kind))
    paths[1], paths[3] = ("All", "rare"), ()
    return Corpus(titles, [(title,) for title in titles], [""] * n, categories=paths)


CORPUS = goods()


@pytest.fixture
def model(tmp_path: Path) -> TextModel:
    return load(write_body(tmp_path / "tiny", "bert"))


def task(**settings: object) -> Category:
    return Category(Category.Settings(**{"first": 4, "batch": 16, **settings}))


def test_titles_and_searches_learn_their_category(model: TextModel) -> None:
    asked = task()
    history = train(model, method("full"), asked, CORPUS, Schedule(steps=30, every=10, head_rate=1e-2))
    assert 0.5 < history.points[0].score < history.best.score
    assert history.best.score > 0.9
    titles, searches = asked.accuracies(model)
    assert titles is not None
    assert searches is not None
    assert asked.score(model) == history.best.score == (titles + searches) / 2


def test_categories_are_drawn_alike_and_held_out_products_never(model: TextModel) -> None:
    asked = task(batch=2000)
    asked.prepare(model, CORPUS, 0)
    assert asked.names == ("All > ab", "All > bb")
    drawn = asked.drawn(np.random.default_rng(0))
    taught = int((~CORPUS.held_out).sum()) - 2
    assert len(asked._ids) == pytest.approx(2 * taught, abs=2)
    assert float(asked._labels[drawn].float().mean()) == pytest.approx(0.5, abs=0.05)
    assert np.mean(drawn < taught) == pytest.approx(0.5, abs=0.05)
    out = {text for text, aside in zip(CORPUS.texts, CORPUS.held_out, strict=True) if aside}
    assert set(asked._held_out[0][0]) == out
    assert not out & {text for text, aside in zip(CORPUS.texts, CORPUS.held_out, strict=True) if not aside}


def test_short_titles_are_taught_without_searches(model: TextModel) -> None:
    asked, own = task(), goods(short=True)
    asked.prepare(model, own, 0)
    titles, searches = asked._places[1]
    assert titles.tolist() == searches.tolist()
    assert set(asked._held_out[1][1].tolist()) == {0}
    assert 0 <= asked.score(model) <= 1


@pytest.mark.parametrize(
    ("few", "told"),
    [
        (goods(40), "39 of 40 products have a category, and 0 categories have 20 products to learn from; at least 2"),
        (Corpus(["ab"], [("ab",)], [""]), r"0 of 1 products .* take 'category' out of encode\.tasks"),
    ],
)
def test_too_few_categories_are_refused(few: Corpus, told: str, model: TextModel) -> None:
    with pytest.raises(TrainingError, match=told):
        task().prepare(model, few, 0)


def test_categories_and_attributes_go_along() -> None:
    own = Corpus(
        ["a", "b"],
        [("a",), ("b",)],
        ["", ""],
        categories=[("x", "y"), ()],
        attributes=[{"colour": "ab"}, {}],
    )
    kept = own.some(1, np.random.default_rng(0))
    place = own.texts.index(kept.texts[0])
    assert (kept.categories, kept.attributes) == ([own.categories[place]], [own.attributes[place]])
