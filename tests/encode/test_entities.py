"""Entities as a task of the encoder and the tagger that it teaches, on a tiny model. Claims:

1. words learn what they name; the head starts from the untouched model's states.
2. held-out products are never drawn; a label found in few titles is left out.
3. what is open costs nothing whichever of its classes is said; what is certain does.
4. a tagger is saved and read back with its labels, and names the same; a folder without one is refused.
5. words stand where the text has them: behind a prefix, in other scripts, and as far as tokens are read.
6. it is learnt together with another task, by methods that reach into the body too.
7. too little to learn from is refused with what is needed.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.projection import Span
from shopkeeper.encode.tagger import HEAD, Tagger
from shopkeeper.encode.tasks.entities import Entities, _loss
from shopkeeper.encode.training import Schedule, train
from shopkeeper.encode.weights import find
from shopkeeper.errors import TrainingError, WeightsError
from tests.encode.bodies import load, method, write_body
from tests.encode.turning import Sided

pytestmark = pytest.mark.weights
BRANDS, COLOURS = ("ab", "abab"), ("aa b", "aab")
LABELS = {"brand": ("brand",), "colour": ("colour",), "size": ("size",)}


def goods(n: int = 240) -> Corpus:
    """A brand, then words that name nothing, then a colour."""
    draw = np.random.default_rng(5)
    titles, brands, attributes = list[str](), list[str](), list[dict[str, str]]()
    for at in range(n):
        brands.append(BRANDS[at % 2])
        attributes.append({"colour": COLOURS[int(draw.integers(2))], "size": "bbb" if at == 0 else ""})
        words = draw.choice(["b", "bb", "bab"], int(draw.integers(1, 5))).tolist()
        titles.append(" ".join([brands[-1], *words, attributes[-1]["colour"]]))
    return Corpus(titles, [(title,) for title in titles], brands, attributes=attributes)


CORPUS = goods()
QUICK = Schedule(steps=24, every=12, head_rate=1e-2)


@pytest.fixture
def model(tmp_path: Path) -> TextModel:
    return load(write_body(tmp_path / "tiny", "bert"))


def task(**settings: object) -> Entities:
    return Entities(Entities.Settings(**{"labels": LABELS, "batch": 16, "first": 2, **settings}))


def test_words_learn_what_they_name_and_the_tagger_is_kept(model: TextModel, tmp_path: Path) -> None:
    asked = task()
    history = train(model, method("full"), asked, CORPUS, QUICK)
    assert 0.2 < history.points[0].score < history.best.score - 0.15
    assert asked.score(model) == history.best.score
    (tmp_path / "kept").mkdir()
    asked.tagger.save(tmp_path / "kept")
    read = Tagger.load(find(str(tmp_path / "kept")), max_tokens=model.max_tokens)
    texts = [*CORPUS.texts[:8], "", "ab"]
    named = read.spans(texts, "passage")
    assert named == asked.tagger.spans(texts, "passage")
    assert read.labels == ("brand", "colour")
    first = [own[0][2:] for own in named[:8]]
    assert {label for label, _ in first} == {"brand"}
    assert all(0.2 < sure <= 1 for _, sure in first)
    assert named[8] == []


def test_held_out_products_are_never_drawn(model: TextModel) -> None:
    asked = task()
    asked.prepare(model, CORPUS, 0)
    held = {CORPUS.texts[example.row] for example in asked.held_out}
    assert held == {text for text, out in zip(CORPUS.texts, CORPUS.held_out, strict=True) if out}
    taught = int((~CORPUS.held_out).sum())
    assert len(asked._reads) == 2 * taught
    assert asked.drawn(np.random.default_rng(0)).max() < 2 * taught
    assert ("bbb",) not in asked.known or asked.known["bbb",] == "size"
    assert asked.tagger.labels == ("brand", "colour")


def test_what_is_open_costs_nothing() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0], [2.0, 1.0, 0.0]])
    whole = torch.ones(2, 3, dtype=torch.bool)
    assert float(_loss(logits, whole)) == pytest.approx(0, abs=1e-6)
    certain = torch.tensor([[True, False, False], [False, True, True]])
    shares = torch.softmax(logits, 1)
    assert float(_loss(logits, certain)) == pytest.approx(
        -float(shares[0, 0].log() + (shares[1, 1] + shares[1, 2]).log()) / 2
    )


def test_words_stand_where_the_text_has_them(model: TextModel) -> None:
    tagger = Tagger(model, ("brand",))
    with torch.no_grad():
        tagger.head.weight.zero_()
        tagger.head.bias.copy_(torch.tensor([0.0, 1.0, 0.0]))  # every word begins a brand
    sure = float(torch.softmax(torch.tensor([0.0, 1.0, 0.0]), 0)[1:].sum())
    text = "  ab,b-a (红) ab"
    for kind in ("query", "passage"):
        named = tagger.spans([text], kind)[0]
        assert [text[span.start : span.end] for span in named] == ["ab", "b-a", "红", "ab"]
        assert named[0] == Span(2, 4, "brand", named[0].confidence)
        assert named[0].confidence == pytest.approx(sure)
    with torch.no_grad():
        tagger.head.bias.copy_(torch.tensor([0.0, 0.0, 1.0]))  # a brand that goes on
    assert [span[:2] for span in tagger.spans([text])[0]] == [(2, len(text))]
    model.max_tokens = 8
    assert tagger.spans(["ab " * 30])[0][-1].end < 24


def test_a_folder_without_a_tagger_is_refused(model: TextModel, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=rf"{HEAD}: no tagger here\. Give a folder that Tagger\.save wrote"):
        Tagger.load(find(str(tmp_path / "tiny")))


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("name", ["lora", "prompt"])
def test_it_is_learnt_together_with_another_task(name: str, model: TextModel) -> None:
    history = train(model, method(name), [task(), Sided()], CORPUS, QUICK)
    _, begun, ended = history.points
    assert ended.losses["entities"] < begun.losses["entities"]
    assert set(ended.scores) == {"entities", "sided"}


@pytest.mark.parametrize(
    ("few", "told"),
    [
        (
            goods(20),
            "of 20 products, titles to learn from name brand in 1., colour in 1., size in [01]; .* searches name some",
        ),
        (Corpus(["ab"], [("ab",)], [""]), r"brand in 0.*take 'entities' out of encode\.tasks"),
    ],
)
def test_too_little_to_learn_from_is_refused(few: Corpus, told: str, model: TextModel) -> None:
    with pytest.raises(TrainingError, match=told):
        task().prepare(model, few, 0)
