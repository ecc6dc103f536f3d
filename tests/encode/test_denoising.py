"""Texts rebuilt from their vectors as a task, on a tiny model. Claims:

1. it learns to rebuild held-out texts, by all layers and by differences of low rank; what a vector says helps.
2. the decoder knows no token that comes later, and begins as the encoder's last layer, in every architecture.
3. words are deleted whole and one stays at least; an example is deleted from alike every time and counts by itself.
4. it is learnt together with another task, and too little text is refused.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.decoder import Decoder
from shopkeeper.encode.layers import parts
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.tasks.denoising import Denoising
from shopkeeper.encode.training import train
from shopkeeper.errors import TrainingError
from tests.encode.bodies import KINDS, load, method, write_body
from tests.encode.test_masked import CORPUS, QUICK
from tests.encode.turning import Sided

pytestmark = [pytest.mark.weights, pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing")]


@pytest.fixture
def model(tmp_path: Path) -> TextModel:
    return load(write_body(tmp_path / "tiny", "bert"))


def task(**settings: object) -> Denoising:
    return Denoising(Denoising.Settings(**{"batch": 16, "first": 60, **settings}))


@pytest.mark.parametrize("by", ["full", "lora", "prompt"])
def test_texts_are_rebuilt_from_their_vectors(by: str, model: TextModel) -> None:
    asked = task()
    history = train(model, method(by), asked, CORPUS, QUICK)
    assert history.best.score > history.points[0].score + 0.05
    assert asked.score(model) == pytest.approx(history.best.score, abs=0.01)  # folding rounds
    part = asked._own.measured()[0]
    with torch.no_grad():
        own = asked._decoder(model, *_seen(model, part, list(range(len(part)))))
        other = asked._decoder(model, *_seen(model, part, [*range(1, len(part)), 0]))
    assert not torch.allclose(own, other, atol=1e-3)


def _seen(model: TextModel, part: object, order: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """The vectors of the texts in this order, and their tokens in their own."""
    ids, mask = model.padded([text.ids.tolist() for text, _ in part])  # type: ignore[attr-defined]  # a list of pairs
    return model(ids, mask)[order], ids


@pytest.mark.parametrize("kind", KINDS)
def test_the_decoder_begins_as_the_last_layer_and_looks_back_alone(kind: str, tmp_path: Path) -> None:
    model = load(write_body(tmp_path / "tiny", kind))
    decoder = Decoder(model, 2).eval()
    last = parts(model.layers[-1])
    for layer, mapped in zip(decoder.layers, decoder.maps, strict=True):
        torch.testing.assert_close(parts(layer).up.weight, last.up.weight)
        vector = torch.ones(model.dimensions)
        torch.testing.assert_close(mapped(vector), last.attended(last.value(vector)))
    ids = torch.tensor([[0, 4, 5, 6, 2], [0, 4, 5, 7, 3]])
    vectors = torch.nn.functional.normalize(torch.ones(2, model.dimensions), dim=1)
    with torch.no_grad():
        one, other = decoder(model, vectors, ids)
    torch.testing.assert_close(one[:3], other[:3])
    assert not torch.allclose(one[3:], other[3:], atol=1e-3)


def test_words_are_deleted_and_an_example_counts_by_itself(model: TextModel) -> None:
    asked = task(deleted=0.9)
    asked.prepare(model, CORPUS, 0)
    examples, left = asked.drawn(np.random.default_rng(1)), []
    for text, draw in asked._own.read(examples):
        kept = asked._noisy(text, draw)
        bare = text.ids[text.words < 0].tolist()
        left.append(len(kept) - len(bare))
        assert 1 <= left[-1] < len(text.ids) - len(bare) and set(kept) <= set(text.ids.tolist())
    assert np.mean(left) < 4  # of ten words of one or two tokens
    with torch.no_grad():
        alone = [float(asked.loss_of(model, examples[at : at + 1])) for at in range(len(examples))]
        assert float(asked.loss_of(model, examples)) == pytest.approx(np.mean(alone), rel=1e-4)


def test_it_is_learnt_together_and_too_little_text_is_refused(model: TextModel) -> None:
    history = train(model, method("full"), [task(), Sided()], CORPUS, QUICK)
    first, best = history.points[0].scores, history.best.scores
    assert best["denoising"] > first["denoising"] and best["sided"] >= first["sided"]
    with pytest.raises(TrainingError, match=r"encode\.denoising: 0 texts, .* leave denoising out of encode\.tasks"):
        task().prepare(model, Corpus([], [], []), 0)
