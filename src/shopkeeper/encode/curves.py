"""What a training says of itself while it goes on: a line of JSON a step, and event files for TensorBoard."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

log = logging.getLogger(__name__)

FILE = "curves.jsonl"
EVENTS = "events"


class Curves:
    """Writes to `folder`/curves.jsonl, and to `folder`/events where tensorboard is there (the extra `tuning`).

    Begun again at a step, as a training is that was killed, what was written of later ones is forgotten. Without a
    folder nothing is written.
    """

    def __init__(self, folder: Path | None, step: int = -1) -> None:
        self._file = folder / FILE if folder else None
        self._events: SummaryWriter | None = None
        if folder is None or self._file is None:
            return
        folder.mkdir(parents=True, exist_ok=True)
        kept = [line for line in read(folder) if line["step"] <= step]
        self._file.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in kept))
        try:
            from torch.utils import tensorboard
        except ImportError:
            log.info("tensorboard=absent curves=%s", self._file)
            return
        self._events = tensorboard.SummaryWriter(str(folder / EVENTS), purge_step=step + 1)

    def add(self, step: int, seconds: float, rate: float, figures: Mapping[str, Mapping[str, float]]) -> None:
        """A line: `figures` are the losses, the scores or both, each by task."""
        if self._file is None:
            return
        with self._file.open("ab") as file:
            file.write(orjson.dumps({"step": step, "rate": rate, "seconds": seconds, **figures}) + b"\n")
        if self._events is not None:
            self._events.add_scalar("rate", rate, step)
            for kind, by_task in figures.items():
                for task, value in by_task.items():
                    self._events.add_scalar(f"{kind}/{task}", value, step)

    def close(self) -> None:
        """Writes out what is still on its way."""
        if self._events is not None:
            self._events.close()


def read(folder: Path) -> list[dict[str, Any]]:
    """The lines that were written, oldest first; [] where there are none. A line cut off by a crash is left out."""
    file = folder / FILE
    lines = file.read_bytes().splitlines(keepends=True) if file.exists() else []
    return [orjson.loads(line) for line in lines if line.endswith(b"\n")]
