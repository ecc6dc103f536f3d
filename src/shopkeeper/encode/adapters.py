"""What a method taught a model, saved alone: a shop's adapter, on weights that many shops share.

A folder holds `adapter.safetensors` and `adapter.json`, which says the method, its settings, and the weights that the
adapter was taught on by their sha256: on any others it would be noise.
"""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import ValidationError

from shopkeeper import plugins
from shopkeeper.encode.weights import Weights, sha256_of
from shopkeeper.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor

    from shopkeeper.encode.model import TextModel

FORMAT = 1
TENSORS, ABOUT = "adapter.safetensors", "adapter.json"


class Adapting(Protocol):
    """What a method does beside learning: give what it taught, and take it up again."""

    settings: Any

    def taught(self, model: "TextModel") -> "dict[str, Tensor]":
        """What the model learnt, of a model that the method has finished."""

    def give(self, model: "TextModel", tensors: "Mapping[str, Tensor]") -> None:
        """Makes the model answer as the one that `taught` was asked of; no tensor it shares with others is changed."""


def save_adapter(model: "TextModel", method: Adapting, folder: Path) -> int:
    """Writes what this method taught this model into a folder; gives the bytes it takes.

    Raises WeightsError where the model did not learn by this method alone from the weights it was loaded from.
    """
    name = type(method).__name__.lower()
    if model.adapted != (name,):
        learnt = ", then ".join(model.adapted) or "nothing"
        raise WeightsError(
            f"{folder}: an adapter of '{name}' holds what that method alone taught {model.weights.model}, which was "
            f"adapted by {learnt}. Save the whole model (TextModel.save), or load the weights anew and adapt those"
        )
    write(folder, name, method.settings.model_dump(mode="json"), method.taught(model), model.weights)
    return sum((folder / file).stat().st_size for file in (TENSORS, ABOUT))


def load_adapter(model: "TextModel", folder: Path) -> "TextModel":
    """A model that answers as the one whose adapter is in the folder; `model` stays as it is.

    Both share the tensors of the weights, so the adapters of many shops take the memory of one model. Raises
    WeightsError where the adapter was taught on other weights, or its files are missing or altered.
    """
    if model.adapted:
        raise WeightsError(
            f"{folder}: an adapter needs {model.weights.model} as it was loaded, and this one was adapted by "
            f"{', then '.join(model.adapted)}. Load the weights anew (TextModel.load)"
        )
    held = {id(tensor): tensor for tensor in (*model.body.parameters(), *model.body.buffers())}
    twin = type(model)(copy.deepcopy(model.body, held), model.tokenizer, model.weights, model.max_tokens)
    put_in(twin, folder)
    return twin.eval()


def write(
    folder: Path, method: str, settings: Mapping[str, Any], tensors: "Mapping[str, Tensor]", base: Weights
) -> None:
    """The two files of an adapter, in a folder that is made where there is none."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, str(folder / TENSORS))
    about = {
        "format": FORMAT,
        "method": method,
        "settings": dict(settings),
        "base": {"model": base.model, "sha256": base.sha256},
        "sha256": sha256_of(folder / TENSORS),
    }
    (folder / ABOUT).write_text(json.dumps(about, indent=1), encoding="utf-8")


def put_in(model: "TextModel", folder: Path) -> None:
    """Gives this very model what the adapter in the folder was taught. Raises WeightsError as `load_adapter` does."""
    from safetensors.torch import load_file

    about = _about(folder)
    base = about["base"]
    if base["sha256"] != model.weights.sha256:
        raise WeightsError(
            f"{folder}: this adapter was taught on {base['model']} (sha256 {base['sha256'][:16]}), not on "
            f"{model.weights.model} (sha256 {model.weights.sha256[:16]}). Load those weights, or adapt these anew"
        )
    if sha256_of(folder / TENSORS) != about["sha256"]:
        raise WeightsError(f"{folder / TENSORS}: sha256 differs from the one in {ABOUT}. Copy the adapter again")
    kind = plugins.load("method", about["method"])
    try:
        kind(kind.Settings(**about["settings"])).give(model, load_file(str(folder / TENSORS)))
    except (ValidationError, RuntimeError, AttributeError, KeyError) as error:
        raise WeightsError(
            f"{folder / ABOUT}: what it says of the method '{about['method']}' does not fit its tensors: "
            f"{str(error).strip().splitlines()[-1].strip()}. Copy the adapter again"
        ) from None
    model.adapted = (*model.adapted, about["method"])


def _about(folder: Path) -> dict[str, Any]:
    missing = [name for name in (ABOUT, TENSORS) if not (folder / name).is_file()]
    if missing:
        raise WeightsError(f"{folder}: no adapter here, {missing[0]} is missing. save_adapter writes one")
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        known = about["format"], about["method"], about["settings"], about["base"]["sha256"], about["base"]["model"]
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{folder / ABOUT}: not what save_adapter writes ({error!r}). Copy it again") from None
    if known[0] != FORMAT:
        raise WeightsError(f"{folder / ABOUT}: format {known[0]}, this release reads {FORMAT}. Adapt the model anew")
    return dict(about)
