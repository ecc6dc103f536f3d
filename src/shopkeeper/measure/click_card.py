"""How good a version's model of clicks is, or why it has none: a file of the version."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from shopkeeper.measure.calibration import Quality

CLICKS, CLICKS_FILE = "clicks", "clicks.json"
"""The folder of a version with its model of clicks, where one was kept, and the file that says how good it is."""


@dataclass(frozen=True, slots=True)
class ClickCard:
    """How good a model of clicks is on the latest pages, which it had not seen; `reason` says why there is none.

    `gain` is the log loss of the better of `baselines` less ours: the mean over pages and its 95 % interval. `bins`
    have the mean chance, the share that was clicked, and how many, lowest first.
    """

    reason: str = ""
    pages: int = 0
    shown: int = 0
    clicks: int = 0
    tested: int = 0
    calibration: str = ""
    ours: Quality | None = None
    baselines: Mapping[str, Quality] = field(default_factory=dict)
    gain: tuple[float, float, float] = (0.0, 0.0, 0.0)
    bins: tuple[tuple[float, float, int], ...] = ()

    @property
    def line(self) -> str:
        """One line for people: what it is worth, or why there is none."""
        if self.ours is None:
            return f"No model of clicks: {self.reason}"
        best = min(self.baselines.items(), key=lambda each: each[1].log_loss)
        return (
            f"Clicks on the latest {self.tested:,} pages: AUC {self.ours.auc:.3f}, log loss {self.ours.log_loss:.4f} "
            f"({best[0].replace('_', ' ')} {best[1].log_loss:.4f}), calibration error {self.ours.error:.4f} "
            f"({self.calibration}). " + (f"Not kept: {self.reason}" if self.reason else "Kept.")
        )


_ADAPTER = TypeAdapter(ClickCard)


def clicks_of(version: Path) -> ClickCard | None:
    """The card of a version's model of clicks; None where the version is of a day before there were any."""
    path = version / CLICKS_FILE
    return _ADAPTER.validate_json(path.read_bytes()) if path.is_file() else None


def write_clicks(version: Path, card: ClickCard) -> None:
    """Writes what `clicks_of` reads."""
    (version / CLICKS_FILE).write_bytes(_ADAPTER.dump_json(card, indent=2))


def as_plain(card: ClickCard) -> dict[str, object]:
    """The card as JSON has it."""
    found: dict[str, object] = _ADAPTER.dump_python(card, mode="json")
    return found
