"""Layers are left out, and a pupil learns its teacher's vectors. Claims, on a tiny random model:

1. the layers named are kept, as they were, in their order; the original stays whole; it is saved and opened.
2. the layer that is missed least goes first.
3. every second layer counts from the last.
4. imitation brings the pupil nearer to its teacher; too small a catalogue is refused with what is needed.
5. layers that are not there, and none, are refused.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from shopkeeper import plugins
from shopkeeper.encode.compress.imitation import Imitation, agreement
from shopkeeper.encode.compress.shallow import every_second, least_missed, shallow
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.layers import parts
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.training import Schedule, train
from shopkeeper.encode.weights import find
from shopkeeper.errors import TrainingError
from tests.encode.compress.world import QUERIES, encoder, goods

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("family", ["bert", "distilbert"])
def test_the_layers_named_are_kept_as_they_were(family: str, tmp_path: Path) -> None:
    model = encoder(family)
    smaller = shallow(model, [0, 3])
    assert (len(smaller.layers), len(model.layers)) == (2, 4)
    for kept, own in zip((0, 3), smaller.layers, strict=True):
        torch.testing.assert_close(parts(own).up.weight, parts(model.layers[kept]).up.weight)
    smaller.save(tmp_path)
    opened = TextModel.load(find(str(tmp_path)))
    assert len(opened.layers) == 2
    np.testing.assert_allclose(opened.vectors(QUERIES, "query"), smaller.vectors(QUERIES, "query"), atol=1e-6)


def test_the_layer_that_is_missed_least_goes_first() -> None:
    model = encoder()
    with torch.no_grad():  # what layer 1 adds is nothing, and normalising twice is normalising once
        for linear in (parts(model.layers[1]).attended, parts(model.layers[1]).down):
            linear.weight.zero_()
    assert least_missed(model, QUERIES[:8], 3) == [0, 2, 3]


def test_every_second_layer_counts_from_the_last() -> None:
    assert (every_second(6), every_second(5), every_second(1)) == ([1, 3, 5], [0, 2, 4], [0])


def test_imitation_brings_the_pupil_nearer() -> None:
    teacher = encoder()
    pupil = shallow(teacher, every_second(4))
    before = agreement(teacher.vectors(QUERIES, "query"), pupil.vectors(QUERIES, "query"))
    kind = plugins.load("method", "full")
    task = Imitation(teacher, queries=400, texts=50, batch=16)
    history = train(pupil, kind(kind.Settings(learning_rate=3e-3)), task, goods(), Schedule(steps=40, every=20))
    after = agreement(teacher.vectors(QUERIES, "query"), pupil.vectors(QUERIES, "query"))
    assert history.best.score > history.points[0].score + 0.1 and after > before + 0.1


def test_too_small_a_catalogue_is_refused_with_what_is_needed() -> None:
    few = Corpus(["tent"], [("tent",)], [""])
    with pytest.raises(TrainingError, match=r"1 products give 0 different queries, at least 100 are needed"):
        Imitation(encoder(layers=1)).prepare(encoder(layers=1), few, 0)


@pytest.mark.parametrize("keep", [[], [4], [-1, 2]])
def test_layers_that_are_not_there_are_refused(keep: list[int]) -> None:
    with pytest.raises(TrainingError, match=r"keeping layers .* of 4: allowed are 0 to 3, one at least"):
        shallow(encoder(), keep)


@pytest.mark.parametrize("n", [0, 5])
def test_more_layers_than_there_are_cannot_be_chosen(n: int) -> None:
    with pytest.raises(TrainingError, match=rf"{n} layers of a model that has 4: allowed are 1 to 4"):
        least_missed(encoder(), QUERIES[:2], n)
