"""Which numbers of a text model learn. Claims, on tiny models of three architectures:

1. every method learns, and changes nothing but its own numbers.
2. what it taught is in the model that was saved and loaded, and in its adapter on the weights that others use too.
3. where nothing was learnt, the model is as it came; what stands beside a body starts as next to nothing.
4. a model holds one part; more layers or ranks than there are cannot be asked for.
5. AdaLoRA takes ranks away until as many are left as were asked for, and keeps the outer factors near orthogonal.
6. what cannot be folded in is in the export.
"""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from pydantic import ValidationError

from shopkeeper import plugins
from shopkeeper.encode import export
from shopkeeper.encode.adapters import load_adapter, save_adapter
from shopkeeper.encode.methods.adalora import _orthogonal
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.weights import find
from shopkeeper.errors import TrainingError
from tests.encode.bodies import KINDS, TEXTS, Leaning, exact, load, method, taught, write_body

pytestmark = [pytest.mark.weights, pytest.mark.filterwarnings("ignore")]
METHODS = plugins.names("method")
BESIDE = ("adapter", "linear", "prefix", "prompt")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: write_body(tmp_path_factory.mktemp(kind) / "tiny", kind) for kind in KINDS}


@pytest.fixture
def model(folders: dict[str, Path]) -> TextModel:
    return load(folders["bert"])


def may_change(name: str, method_name: str) -> bool:
    """Whether a tensor of the body is one that the method teaches."""
    inside = ".layer." in name
    if method_name in ("lora", "adalora"):
        return inside and name.endswith(".weight") and "norm" not in name.lower()
    return {"full": inside, "frozen": ".layer.1." in name}.get(method_name, False)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", METHODS)
def test_every_method_learns_its_own_numbers_and_they_are_kept(
    name: str, kind: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    model, by = load(folders[kind]), method(name)
    before = {key: value.clone() for key, value in model.body.state_dict().items()}
    history = taught(model, by)
    assert history.best.score > history.points[0].score + 0.05
    assert history.points[-1].loss < history.points[1].loss
    after = model.body.state_dict()
    changed = [key for key, value in before.items() if not value.equal(after[key])]
    assert before.keys() == after.keys() and all(may_change(key, name) for key in changed), changed
    assert bool(changed) != (name in BESIDE) and model.adapted == (name,)
    model.save(tmp_path / "saved")
    np.testing.assert_allclose(exact(load(tmp_path / "saved")), exact(model), atol=1e-6)
    n_bytes = save_adapter(model, by, tmp_path / "adapter")
    assert n_bytes == sum(file.stat().st_size for file in (tmp_path / "adapter").iterdir())
    base = load(folders[kind])
    untouched = exact(base)
    assert not np.allclose(untouched, exact(model), atol=1e-2)
    np.testing.assert_allclose(exact(load_adapter(base, tmp_path / "adapter")), exact(model), atol=1e-5)
    np.testing.assert_array_equal(exact(base), untouched)


@pytest.mark.parametrize("name", METHODS)
def test_where_nothing_was_learnt_the_model_is_as_it_came(name: str, model: TextModel) -> None:
    before = exact(model)
    with pytest.raises(TrainingError, match="the loss is nan at step 1"):
        taught(model, method(name), Leaning(bad_at=1))
    np.testing.assert_array_equal(exact(model), before)
    assert model.part is None and not any("lora" in key for key, _ in model.body.named_parameters())


@pytest.mark.parametrize("name", ["adapter", "linear", "prefix"])
def test_a_new_part_is_nothing(name: str, model: TextModel) -> None:
    before = exact(model)
    method(name).prepare(model)
    np.testing.assert_allclose(exact(model), before, atol=1e-6)
    assert model.part is not None and not any(each.requires_grad for each in model.body.parameters())


def test_a_new_prompt_is_hardly_heard(model: TextModel) -> None:
    before = exact(model)
    torch.manual_seed(1)
    _, heard = method("prompt").prepare(model)
    near = (exact(model) * before).sum(1).mean()
    torch.nn.init.zeros_(heard)  # as loud as the words
    assert 1 - near < 0.4 * (1 - (exact(model) * before).sum(1).mean())


@pytest.mark.parametrize("name", BESIDE)
def test_texts_answer_alone_as_they_do_together(name: str, model: TextModel) -> None:
    taught(model, method(name))
    with torch.no_grad():
        alone = torch.cat([model(*model.padded(model.ids([text], "query"))) for text in TEXTS])
    np.testing.assert_allclose(alone.numpy(), exact(model), atol=1e-5)


@pytest.mark.parametrize("name", ["prompt", "lora"])
def test_a_model_holds_one_part(name: str, model: TextModel) -> None:
    taught(model, method("prefix"))
    leaning = exact(model)
    with pytest.raises(
        TrainingError, match=rf"encode.{name}: tiny already answers with a part of 'prefix' and can hold one. Load the"
    ):
        taught(model, method(name))
    np.testing.assert_array_equal(exact(model), leaning)
    taught(model, method("full", learning_rate=1e-3))
    assert model.adapted == ("prefix", "full") and not np.allclose(exact(model), leaning, atol=1e-3)


def test_more_layers_or_ranks_than_there_are_cannot_learn(model: TextModel) -> None:
    with pytest.raises(
        TrainingError, match=r"encode.frozen.layers: 9 layers from the top, and tiny has 2. Allowed: 1 to 2"
    ):
        taught(model, method("frozen", layers=9))
    with pytest.raises(ValidationError, match="rank 8 is above start 4: ranks are taken away, never added"):
        method("adalora", rank=8)


def test_adalora_takes_ranks_away(model: TextModel) -> None:
    by = method("adalora")
    history = taught(model, by)
    ranks = [len(value) for key, value in by.taught(model).items() if key.startswith("down.")]
    assert history.best.step == 40 and len(ranks) == 12  # six linear layers in each of two
    assert sum(ranks) == 2 * 12 and max(ranks) > min(ranks)


def test_the_pull_of_adalora_makes_factors_orthogonal() -> None:
    factor = torch.randn(3, 8, generator=torch.Generator().manual_seed(0))
    off = [float((factor @ factor.T - torch.eye(3)).norm())]
    for _ in range(200):
        factor = factor - 0.02 * _orthogonal(factor, True, 1.0, torch.zeros(3, 8))
        off.append(float((factor @ factor.T - torch.eye(3)).norm()))
    assert off[-1] < 0.05 * off[0]
    torch.testing.assert_close(
        _orthogonal(factor.T, False, 1.0, torch.zeros(8, 3)).T, _orthogonal(factor, True, 1.0, torch.zeros(3, 8))
    )


@pytest.mark.parametrize("name", ["prefix", "prompt"])
def test_what_stands_beside_the_body_is_in_the_export(name: str, model: TextModel, tmp_path: Path) -> None:
    frozen = exact(model)
    taught(model, method(name))
    model.save(tmp_path / "saved")
    (tmp_path / "export").mkdir()
    assert export.export(find(str(tmp_path / "saved")), tmp_path / "export") > 0.98
    session = onnxruntime.InferenceSession(str(tmp_path / "export" / "model.onnx"), providers=["CPUExecutionProvider"])
    ids, mask = model.padded(model.ids(TEXTS, "query"))
    (answered,) = session.run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})
    assert (answered * exact(model)).sum(1).min() > 0.97
    assert (answered * frozen).sum(1).mean() < 0.9
