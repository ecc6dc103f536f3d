"""What a method taught, saved alone. Claims, on a tiny model:

1. the shops' models share the tensors of one model, which stays as it was.
2. the file says its method, settings and base; another base, and whatever else does not fit, is refused in words.
3. an adapter is of one method, taught on the weights as they were loaded.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shopkeeper.encode.adapters import load_adapter, save_adapter
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.weights import find
from shopkeeper.errors import WeightsError
from tests.encode.bodies import exact, load, method, taught, write_body

pytestmark = [pytest.mark.weights, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_body(tmp_path_factory.mktemp("base") / "tiny")


def adapter(tiny: Path, folder: Path, name: str = "linear") -> Path:
    model, by = load(tiny), method(name)
    taught(model, by)
    save_adapter(model, by, folder)
    return folder


def pointers(model: TextModel) -> set[int]:
    return {each.data_ptr() for each in model.body.parameters()}


def test_shops_share_the_tensors_of_one_model(tiny: Path, tmp_path: Path) -> None:
    base = load(tiny)
    before = exact(base)
    shops = [load_adapter(base, adapter(tiny, tmp_path / name, name)) for name in ("lora", "prefix", "linear")]
    assert all(pointers(shop) == pointers(base) for shop in shops)
    np.testing.assert_array_equal(exact(base), before)
    answers = [before, *map(exact, shops)]
    assert all(not np.allclose(one, other, atol=1e-2) for n, one in enumerate(answers) for other in answers[:n])
    upper = load_adapter(base, adapter(tiny, tmp_path / "frozen", "frozen"))
    assert pointers(base) & pointers(upper) and pointers(base) - pointers(upper)


def test_the_file_says_method_settings_and_base(tiny: Path, tmp_path: Path) -> None:
    about = json.loads((adapter(tiny, tmp_path / "one") / "adapter.json").read_text())
    assert (about["format"], about["method"], about["settings"]["learning_rate"]) == (1, "linear", 0.01)
    assert about["base"] == {"model": "tiny", "sha256": find(str(tiny)).sha256}


def test_another_base_is_refused(tiny: Path, tmp_path: Path) -> None:
    other = load(write_body(tmp_path / "other", seed=1))
    before = exact(other)
    with pytest.raises(
        WeightsError,
        match=r"one: this adapter was taught on tiny \(sha256 \w{16}\), not on other \(sha256 .* adapt these",
    ):
        load_adapter(other, adapter(tiny, tmp_path / "one"))
    np.testing.assert_array_equal(exact(other), before)


def test_missing_and_altered_files_are_refused(tiny: Path, tmp_path: Path) -> None:
    base, folder = load(tiny), adapter(tiny, tmp_path / "one")
    with pytest.raises(
        WeightsError, match=r"absent: no adapter here, adapter.json is missing. save_adapter writes one"
    ):
        load_adapter(base, tmp_path / "absent")
    tensors = folder / "adapter.safetensors"
    whole = tensors.read_bytes()
    tensors.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(WeightsError, match=r"adapter.safetensors: sha256 differs from the one in adapter.json. Copy"):
        load_adapter(base, folder)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"format": 2}, r"adapter.json: format 2, this release reads 1. Adapt the model anew"),
        ({"base": {}}, r"adapter.json: not what save_adapter writes \(KeyError\('sha256'\)\). Copy it again"),
        ({"method": "prefix"}, r"of the method 'prefix' does not fit its tensors: .*Unexpected key.*learnt"),
        ({"settings": {"widht": 3}}, r"of the method 'linear' does not fit its tensors: .*extra_forbidden"),
        ({"method": "full"}, r"of the method 'full' does not fit its tensors: .*learnt"),
    ],
)
def test_what_the_file_says_must_fit(changed: dict[str, Any], says: str, tiny: Path, tmp_path: Path) -> None:
    about = adapter(tiny, tmp_path / "one") / "adapter.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | changed))
    with pytest.raises(WeightsError, match=says):
        load_adapter(load(tiny), about.parent)


def test_an_adapter_is_of_one_method_on_the_weights_as_they_were_loaded(tiny: Path, tmp_path: Path) -> None:
    model, first, second = load(tiny), method("lora"), method("linear")
    with pytest.raises(WeightsError, match=r"alone taught tiny, which was adapted by nothing. Save the whole model"):
        save_adapter(model, first, tmp_path / "none")
    taught(model, first)
    taught(model, second)
    with pytest.raises(
        WeightsError, match=r"adapter of 'linear' .* adapted by lora, then linear. Save the whole model"
    ):
        save_adapter(model, second, tmp_path / "both")
    with pytest.raises(
        WeightsError, match=r"needs tiny as it was loaded, and this one was adapted by lora, then linear"
    ):
        load_adapter(model, adapter(tiny, tmp_path / "one"))
    model.save(tmp_path / "saved")
    np.testing.assert_allclose(exact(load(tmp_path / "saved")), exact(model), atol=1e-6)
