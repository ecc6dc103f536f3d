"""Claims:

1. the export's folder is named by model, weights and recipe; one whose files were altered is not whole.
2. without the model extra the message says what to install; without a whole export nothing is left behind.
3. agreement is the mean cosine over the samples; an export that disagrees is refused with the figure.
4. (weights) a failure in the child arrives as its own words, and the export appears at once or not at all.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shopkeeper.encode import artefact, export
from shopkeeper.encode.weights import find, sha256_of
from shopkeeper.errors import WeightsError
from shopkeeper.types import FloatArray
from tests.encode.tiny import write_e5, write_folder


def made_up_export(folder: Path) -> Path:
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"graph")
    manifest = {"files": {"model.onnx": sha256_of(folder / "model.onnx")}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_the_folder_is_named_by_model_weights_and_recipe() -> None:
    assert artefact.key_of("MiniLM", "0123456789abcdef0123") == "MiniLM-0123456789abcdef-r3"
    assert artefact.key_of("mine", "0123456789abcdef0123", "feedbeef99") == "mine-0123456789abcdef-feedbeef-r3"


def test_an_altered_file_makes_the_export_not_whole(tmp_path: Path) -> None:
    folder = made_up_export(tmp_path / "key")
    assert artefact.is_whole(folder)
    (folder / "model.onnx").write_bytes(b"grapf")
    assert not artefact.is_whole(folder)


def test_an_absent_export_or_a_broken_manifest_is_not_whole(tmp_path: Path) -> None:
    assert not artefact.is_whole(tmp_path / "absent")
    folder = made_up_export(tmp_path / "key")
    (folder / "manifest.json").write_text("{}")
    assert not artefact.is_whole(folder)


def test_without_the_model_extra_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artefact, "NEEDS", ("torch_is_absent",))
    weights = find(str(write_folder(tmp_path / "tiny")))
    with pytest.raises(
        WeightsError, match=r"exporting tiny needs torch_is_absent, once: pip install 'shopkeeper\[model\]'"
    ):
        artefact.ensure(weights, tmp_path / "cache" / "key")


def test_a_whole_export_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artefact, "NEEDS", ("torch_is_absent",))
    artefact.ensure(find(str(write_folder(tmp_path / "tiny"))), made_up_export(tmp_path / "key"))


def test_agreement_is_the_mean_cosine() -> None:
    def north(ids: Any, mask: Any) -> FloatArray:
        return np.array([[0, 1]], np.float32)

    def turned(ids: Any, mask: Any) -> FloatArray:
        return np.array([[0, 1]] if ids.shape[1] == 1 else [[0.8, 0.6]], np.float32)

    assert export.mean_cosine(north, turned, [[7], [7, 8]]) == pytest.approx((1 + 0.6) / 2)


@pytest.mark.weights
@pytest.mark.filterwarnings("ignore")
def test_an_export_that_disagrees_is_refused_with_the_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "AGREEMENT", {"e5": 1.01})
    weights = find(str(write_e5(tmp_path / "small.bin")))
    with pytest.raises(WeightsError, match=r"the int8 export of small.bin agrees .* mean cosine 0\.\d+, at least 1.01"):
        export.export(weights, tmp_path)


@pytest.mark.weights
def test_a_failure_in_the_child_arrives_in_its_own_words_and_leaves_nothing(tmp_path: Path) -> None:
    path = write_e5(tmp_path / "small.bin")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WeightsError, match=r"small.bin: the E5S1 file is corrupt or cut short"):
        artefact.ensure(find(str(path)), tmp_path / "cache" / "key")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.weights
def test_a_child_that_breaks_down_is_named_with_its_last_words(tmp_path: Path) -> None:
    weights = find(str(write_folder(tmp_path / "tiny")))
    with pytest.raises(WeightsError, match=r"model.safetensors: the export of tiny ended with code 1: .*Error"):
        artefact.ensure(weights, tmp_path / "cache" / "key")
    assert list((tmp_path / "cache").iterdir()) == []
