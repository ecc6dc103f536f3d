"""Tasks that learn from texts as others would have written them, on a tiny model. Claims:

1. without a share an example is the place of its text, and nothing else is drawn.
2. an example's text depends on its number alone, so that a batch is the same in parts; its place is that of its text.
3. the tasks read varied texts where they learn, and never where they measure.
4. a share of synonyms without any, and a share of everything, are refused by the settings.
5. a shop's file of synonyms is read from the shop's folder, and its terms go to the process that learns.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shopkeeper.encode.corpus import Corpus, Reviews
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.tasks.sentiment import Sentiment
from shopkeeper.encode.varied import LearnsTexts, Varied
from shopkeeper.encode.weights import Weights
from shopkeeper.errors import SettingError, TrainingError
from shopkeeper.flow.adapt import _job
from shopkeeper.settings import Settings
from shopkeeper.store.folder import create, open_folder
from tests.encode.bodies import load, write_body
from tests.encode.test_relevance import prepared

pytestmark = pytest.mark.weights
TEXTS = ["ab b a", "a b", "b b ab a"]


@pytest.fixture
def model(tmp_path: Path) -> TextModel:
    return load(write_body(tmp_path / "body"))


def draw(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_without_a_share_an_example_is_a_place(model: TextModel) -> None:
    plain, one, other = Varied.of(model, TEXTS, LearnsTexts()), draw(), draw()
    places = np.array([2, 0, 1, 1])
    np.testing.assert_array_equal(plain.numbered(places, one), places)
    assert one.random() == other.random()
    assert list(plain.read(model, places)) == [plain.ids[place] for place in places]
    assert plain.text(1 + 3 * 77) == "a b"


def test_an_examples_text_depends_on_its_number_alone(model: TextModel) -> None:
    noisy = Varied.of(model, TEXTS, LearnsTexts(deletion=0.4, swap=0.3))
    places = np.repeat([2, 0, 1], 40)
    examples = noisy.numbered(places, draw())
    np.testing.assert_array_equal(noisy.places(examples), places)
    texts = [noisy.text(example) for example in examples.tolist()]
    assert len(set(texts[:40])) > 4 and len(set(texts[40:80])) > 4
    assert set(texts[80:]) == {"a b", "b a", "a", "b"}
    whole = noisy.read(model, examples)
    assert [*noisy.read(model, examples[:50]), *noisy.read(model, examples[50:])] == list(whole)
    assert list(whole) == model.ids(texts, "query")


def read_by(task: Any, model: TextModel, monkeypatch: pytest.MonkeyPatch, measure: bool) -> set[str]:
    """The texts that a task has the model read in twenty batches, or to measure."""
    read, ids = set[str](), TextModel.ids

    def heard(self: TextModel, texts: list[str], kind: Any) -> list[list[int]]:
        read.update(texts)
        return ids(self, texts, kind)

    monkeypatch.setattr(TextModel, "ids", heard)
    if measure:
        task.score(model)
    else:
        for seed in range(20):
            task.loss(model, draw(seed))
    monkeypatch.setattr(TextModel, "ids", ids)
    return read


def test_tasks_vary_what_they_learn_and_never_what_they_measure(
    model: TextModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"{'ab' if at % 2 else 'b'} {'a ' * (at // 2 + 1)}x{at}" for at in range(240)]
    reviews = Reviews(texts, ["good" if at % 2 else "bad" for at in range(240)])
    sentiment = Sentiment(Sentiment.Settings(deletion=0.3, batch=8, first=20))
    sentiment.prepare(model, Corpus([], [], [], reviews=reviews), 0)
    assert not read_by(sentiment, model, monkeypatch, measure=False) <= set(texts)
    assert read_by(sentiment, model, monkeypatch, measure=True) <= set(texts)
    labels = sentiment._labels[sentiment._texts.places(sentiment.drawn(draw()))]
    assert len(labels) == 8

    groups = (("aaaa", "bbbb"),)
    relevance = prepared(model, synonym=0.9, synonyms=groups, reads="together", batch=8)
    for place, query in enumerate(relevance._typed.texts):
        told = {relevance._typed.text(place + len(relevance._typed.texts) * way) for way in range(1, 40)}
        assert told == {"aaaa", "bbbb"} if query in groups[0] else told == {query}
    assert {"aaaa", "bbbb"} <= read_by(relevance, model, monkeypatch, measure=False)


def test_settings_refuse_synonyms_without_any_and_a_share_of_everything() -> None:
    with pytest.raises(SettingError, match=r"encode\.sentiment: .*a share of synonyms needs synonyms: groups of terms"):
        Settings({"encode": {"sentiment": {"synonym": 0.1}}}).of("task", "sentiment")
    with pytest.raises(SettingError, match=r"encode\.matching\.typing: must be < 1"):
        Settings({"encode": {"matching": {"typing": 1.0}}}).of("task", "matching")
    given = {"synonym": 0.1, "synonyms": [["a", "b"]], "typing": 0.2}
    asked = Settings({"encode": {"relevance": given}}).of("task", "relevance")
    assert (asked.edits.synonyms, asked.edits.typing, asked.edits.deletion) == ((("a", "b"),), 0.2, 0.0)


def test_a_shops_file_of_synonyms_is_read_from_its_folder(tmp_path: Path) -> None:
    table = '[shop]\nname = "odd"\n\n[encode.matching]\nsynonym = 0.1\nsynonyms = "words.txt"\n'
    create(tmp_path / "shop", table)
    weights = Weights(model="tiny", file=tmp_path, form="folder", sha256="")
    with open_folder(tmp_path / "shop", writable=False) as folder:
        with pytest.raises(TrainingError, match=r"words\.txt: no synonyms can be read from it"):
            _job(folder, weights)
        (tmp_path / "shop" / "words.txt").write_text("tent, shelter\n", encoding="utf-8")
        job = _job(folder, weights)
    assert job.tasks["matching"]["synonyms"] == (("tent", "shelter"),)
    asked = LearnsTexts(synonym=0.5, synonyms=str(tmp_path / "shop" / "words.txt"))
    assert asked.edits.synonyms == (("tent", "shelter"),)
