"""A training in a process of its own: torch's memory goes when it ends. It tells how far it is, line by line."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from shopkeeper.encode.artefact import FAILURE, QUIET
from shopkeeper.errors import TrainingError

Progress = Callable[[str, int, int], None]


def run_apart(module: str, making: Path, tell: Progress) -> None:
    """Runs `python -m MODULE MAKING` to its end. Raises TrainingError, in the words of what failed."""
    command = [sys.executable, "-m", module, str(making)]
    errors = making / "stderr.txt"
    with (
        errors.open("w", encoding="utf-8") as heard,
        subprocess.Popen(  # noqa: S603 our own module, a path as argument, no shell
            command, stdout=subprocess.PIPE, stderr=heard, text=True, env=os.environ | QUIET
        ) as child,
    ):
        assert child.stdout is not None
        try:
            for line in child.stdout:
                if (said := told(line)) is not None:
                    tell(*said)
        except BaseException:
            child.kill()
            raise
    failure = making / FAILURE
    if failure.is_file():
        raise TrainingError(failure.read_text(encoding="utf-8"))
    if child.returncode:
        last = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:] or ["no message"]
        killed = child.returncode < 0 or "MemoryError" in last[0]
        raise TrainingError(
            f"adapting the language model ended with code {child.returncode}: {last[0]}. The model stays as it was"
            + (
                ". Most likely memory was too little: lower the tasks' batch, or set encode.minutes to 0"
                if killed
                else ""
            )
        )


def say(step: str, done: int, total: int) -> None:
    """The child's side: how far it is."""
    sys.stdout.write(json.dumps([step, done, total]) + "\n")
    sys.stdout.flush()


def told(line: str) -> tuple[str, int, int] | None:
    """How far it is, where this line of the child says so: libraries print what they like."""
    try:
        step, done, total = json.loads(line)
    except (ValueError, TypeError):
        return None
    return str(step), int(done), int(total)
