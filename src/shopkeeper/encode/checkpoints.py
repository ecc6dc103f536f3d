"""A training under way, on the disk: killed at any moment, it goes on as if it had not been.

A folder with `checkpoint.json` (facts, and the name and sha256 of the other file) and `<step>-<sha256>.safetensors`
(numbers). The numbers are written first, the facts appear by one rename: the folder holds the old checkpoint or the new
one, never a mixture. Nothing in it is code.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel
from torch import Tensor

from shopkeeper.errors import TrainingError
from shopkeeper.store.disk import full_disk_as_error, replace, sync

FACTS = "checkpoint.json"
FORM = 1


@dataclass(frozen=True, slots=True)
class Held:
    """What a checkpoint holds: numbers by name, and facts that JSON can say."""

    numbers: Mapping[str, Tensor]
    facts: dict[str, Any]


class Checkpoints:
    """The checkpoints of one training, of which the last is kept. `training` says what is trained, for people too."""

    def __init__(self, folder: Path, training: Mapping[str, str]) -> None:
        self.folder, self._training = folder, dict(training)

    def write(self, step: int, held: Held) -> None:
        """Keeps this in place of what was kept before. Raises StorageFull where there is no room."""
        with full_disk_as_error(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            draft = self.folder / ".numbers.tmp"
            _save({name: number.detach().contiguous() for name, number in held.numbers.items()}, draft)
            sync(draft)
            digest = _sha256(draft)
            file = f"{step:08d}-{digest}.safetensors"
            draft.replace(self.folder / file)
            facts = {"form": FORM, "training": self._training, "file": file, "sha256": digest} | held.facts
            replace(self.folder / FACTS, json.dumps(facts, indent=1).encode())
            for old in self.folder.glob("*.safetensors"):
                if old.name != file:
                    old.unlink()

    def read(self) -> Held | None:
        """The last checkpoint, None where there is none. Raises TrainingError where it is not one of this training."""
        from safetensors.torch import load_file

        path = self.folder / FACTS
        if not path.exists():
            return None
        advice = f"Name another folder, or delete {self.folder} to begin anew"
        try:
            facts = json.loads(path.read_bytes())
            kept = dict(facts["training"])
            file = self.folder / str(facts["file"])
            if facts["form"] != FORM:
                raise TrainingError(
                    f"{path}: a checkpoint of form {facts['form']}, and this release reads {FORM}. {advice}"
                )
            self._compare(kept, advice)
            if _sha256(file) != facts["sha256"]:
                raise ValueError(f"{file.name} is not what was written")
            return Held(load_file(file), facts)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TrainingError(f"{path}: this checkpoint is damaged ({error}). {advice}") from error

    def _compare(self, kept: Mapping[str, str], advice: str) -> None:
        other = [name for name in self._training if kept.get(name) != self._training[name]]
        if other:
            differs = "; ".join(f"{name} {kept.get(name)}, not {self._training[name]}" for name in other)
            raise TrainingError(
                f"{self.folder}: the checkpoint is of another training and is not resumed: {differs}. {advice}"
            )


def _save(numbers: dict[str, Tensor], path: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file(numbers, path)
    except SafetensorError as error:  # what the system said stands in its text alone
        said = re.search(r"\(os error (\d+)\)", str(error))
        raise OSError(int(said[1]), str(error)) if said else error from error


def digest(*things: object) -> str:
    """32 letters that are the same for the same content: texts, numbers, arrays, and what is made of them.

    Of other objects only the class counts.
    """
    content = hashlib.blake2b(digest_size=16)
    for thing in things:
        _add(content, thing)
    return content.hexdigest()


def _add(content: "hashlib.blake2b", thing: object) -> None:
    if isinstance(thing, str | bytes):
        told = thing.encode() if isinstance(thing, str) else thing
        content.update(b"%d:" % len(told) + told)
    elif isinstance(thing, Tensor):
        _add(content, thing.detach().cpu().view(torch.uint8).numpy() if thing.ndim else thing.item())
    elif isinstance(thing, np.ndarray) and thing.dtype != object:
        _add(content, f"{thing.dtype}{thing.shape}")
        _add(content, thing.tobytes())
    elif isinstance(thing, BaseModel):
        _add(content, thing.model_dump_json())
    elif is_dataclass(thing) and not isinstance(thing, type):
        _add(content, {field.name: getattr(thing, field.name) for field in fields(thing)})
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            _add(content, key)
            _add(content, value)
        content.update(b"}")
    elif isinstance(thing, Sequence | set | frozenset):
        for value in sorted(thing, key=repr) if isinstance(thing, set | frozenset) else thing:
            _add(content, value)
        content.update(b"]")
    else:
        plain = thing is None or isinstance(thing, bool | int | float | complex | np.generic | Path)
        _add(content, repr(thing) if plain else getattr(thing, "__qualname__", type(thing).__qualname__))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
