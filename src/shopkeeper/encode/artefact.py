"""The export of a pretrained encoder: a folder, made once, kept by its weights' sha256, opened by every server.

It holds the int8 ONNX file, the tokenizer and a manifest with the sha256 of both and the agreement with the original.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

from shopkeeper.encode.weights import NONE, Weights, sha256_of
from shopkeeper.errors import WeightsError

RECIPE = 3
"""Raised whenever the same weights would give another file."""
NEEDS = ("torch", "transformers", "onnx", "onnxscript")
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_WAIT_POLICY": "PASSIVE",  # threads that spin beside a busy neighbour take ten times the processor
}
"""The environment of a process that runs the model libraries."""
OWN = "encoder"
"""The folder of a version's own export, where its language model was adapted."""
MODEL, TOKENIZER, MANIFEST, FAILURE = "model.onnx", "tokenizer.json", "manifest.json", "failure.txt"


def key_of(model: str, sha256: str, siblings: str = "") -> str:
    """The name of the folder that holds the export of these weights under this recipe."""
    beside = f"-{siblings[:8]}" if siblings else ""
    return f"{model}-{sha256[:16]}{beside}-r{RECIPE}"


def is_whole(folder: Path) -> bool:
    """Whether the folder holds an export of which every file has the sha256 its manifest says."""
    try:
        files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        return all(sha256_of(folder / name) == sha256 for name, sha256 in files.items())
    except (OSError, ValueError, KeyError):
        return False


def lacking() -> list[str]:
    """What making an export needs and this environment has not."""
    return [name for name in NEEDS if find_spec(name) is None]


def ensure(weights: Weights, folder: Path) -> None:
    """Makes the export at `folder` unless a whole one is there; it appears at once or not at all.

    Raises WeightsError where the model extra is absent or the export fails or disagrees with the original.
    """
    if is_whole(folder):
        return
    if missing := lacking():
        raise WeightsError(
            f"exporting {weights.model} needs {', '.join(missing)}, once: pip install 'shopkeeper[model]' "
            f"(torch as a CPU build first). Or {NONE}"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
    try:
        _run_apart(weights, making)
        shutil.rmtree(folder, ignore_errors=True)
        making.rename(folder)
    except OSError:
        if not is_whole(folder):  # else another process was first with the same export
            raise
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _run_apart(weights: Weights, making: Path) -> None:
    spec = json.dumps(asdict(weights) | {"file": str(weights.file)})
    command = [sys.executable, "-m", "shopkeeper.encode.export", spec, str(making)]
    ended = subprocess.run(  # noqa: S603 our own module, paths as arguments, no shell
        command, capture_output=True, text=True, env=os.environ | QUIET, check=False
    )
    failure = making / FAILURE
    if failure.is_file():
        raise WeightsError(failure.read_text(encoding="utf-8"))
    if ended.returncode:
        last = ended.stderr.strip().splitlines()[-1:] or ["no message"]
        raise WeightsError(
            f"{weights.file}: the export of {weights.model} ended with code {ended.returncode}: {last[0]}"
        )
