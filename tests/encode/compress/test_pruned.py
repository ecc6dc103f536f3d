"""Heads and units that matter little are cut out. Claims, on a tiny random model:

1. importance finds a head and a unit that say nothing, and one that says much.
2. cut out, they are really gone: fewer rows and columns, the same vectors where what went said nothing.
3. shares are of the whole model, and each layer keeps a head and a unit.
4. a pruned model is saved, opened, exported and pruned again like any other.
5. shares that make no sense and no texts are refused.
"""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from shopkeeper.encode.compress.pruned import importance, pruned
from shopkeeper.encode.graph import onnx_of
from shopkeeper.encode.layers import parts
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.weights import find
from shopkeeper.errors import TrainingError
from tests.encode.compress.world import QUERIES, encoder

pytestmark = pytest.mark.filterwarnings("ignore")
DUMB_UNITS = torch.arange(32, 64)


def with_dumb_halves(family: str = "bert") -> TextModel:
    """In every layer heads 0 and 2 and the upper units say nothing to what comes after."""
    model = encoder(family, 2)
    with torch.no_grad():
        for layer in map(parts, model.layers):
            for head in (0, 2):
                layer.attended.weight[:, head * 8 : head * 8 + 8] = 0
            layer.down.weight[:, DUMB_UNITS] = 0
    return model


def shapes(model: TextModel) -> list[tuple[int, int]]:
    return [(parts(layer).n_heads, parts(layer).n_units) for layer in model.layers]


def test_importance_finds_what_says_nothing_and_what_says_much() -> None:
    model = with_dumb_halves()
    with torch.no_grad():
        parts(model.layers[1]).attended.weight[:, 8:16] *= 3
    heads, units = importance(model, QUERIES)
    for by_head, by_unit in zip(heads, units, strict=True):
        assert by_head[[0, 2]].max() == 0 < by_head[[1, 3]].min()
        assert by_unit[DUMB_UNITS].max() == 0 < by_unit[:32].min()
    assert heads[1][1] > 2 * heads[1][3]
    assert [tuple(found.shape) for found in (*heads, *units)] == [(4,), (4,), (64,), (64,)]


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert"])
def test_what_says_nothing_goes_and_the_vectors_stay(family: str) -> None:
    model = with_dumb_halves(family)
    smaller = pruned(model, QUERIES, 0.5, 0.5)
    assert shapes(smaller) == [(2, 32), (2, 32)] and shapes(model) == [(4, 64), (4, 64)]
    np.testing.assert_allclose(smaller.vectors(QUERIES, "query"), model.vectors(QUERIES, "query"), atol=1e-2)
    layer = parts(smaller.layers[0])
    assert (layer.query.weight.shape, layer.attended.weight.shape) == ((16, 32), (32, 16))
    assert (layer.up.weight.shape, layer.down.weight.shape) == ((32, 32), (32, 32))


def test_shares_are_of_the_whole_model_and_every_layer_keeps_one() -> None:
    model = with_dumb_halves()
    with torch.no_grad():
        parts(model.layers[0]).attended.weight.zero_()
        parts(model.layers[0]).attended.weight[0, 8] = 1e-3
    smaller = pruned(model, QUERIES, 0.25, 0.1)
    assert [heads for heads, _ in shapes(smaller)] == [1, 2]
    assert 1 + 12 <= sum(units for _, units in shapes(smaller)) + 1 <= 15


def test_a_pruned_model_is_saved_opened_exported_and_pruned_again(tmp_path: Path) -> None:
    smaller = pruned(encoder(layers=2), QUERIES, 0.6, 0.3)
    smaller.save(tmp_path)
    opened = TextModel.load(find(str(tmp_path)))
    assert shapes(opened) == shapes(smaller) != [(4, 64), (4, 64)]
    own = smaller.vectors(QUERIES, "query")
    np.testing.assert_allclose(opened.vectors(QUERIES, "query"), own, atol=1e-6)
    session = onnxruntime.InferenceSession(onnx_of(opened).SerializeToString(), providers=["CPUExecutionProvider"])
    ids, mask = opened.padded(opened.ids(QUERIES, "query"))
    found = session.run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})[0]
    assert float((np.asarray(found) * own).sum(1).min()) > 0.999
    assert shapes(pruned(opened, QUERIES, 0.5, 0.5)) < shapes(opened)


@pytest.mark.parametrize(("heads", "units", "texts"), [(0.0, 0.5, QUERIES), (0.5, 1.2, QUERIES), (0.5, 0.5, ())])
def test_shares_that_make_no_sense_are_refused(heads: float, units: float, texts: tuple[str, ...]) -> None:
    with pytest.raises(TrainingError, match=rf"with {heads} of the heads, {units} of the units and {len(texts)} texts"):
        pruned(encoder(layers=1), texts, heads, units)
