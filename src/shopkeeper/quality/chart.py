"""The timeline as stacked bars: plain numbers for an inline SVG, so that the page needs no script."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from shopkeeper.quality.inspect import Timeline
from shopkeeper.types import ACTION_CODES

WIDTH, HEIGHT = 960, 180
GAP_SHARE = 0.15
N_DATES = 6


@dataclass(frozen=True, slots=True)
class Piece:
    """One action's part of one bar, in pixels from the top left; `hue` is the action's place among all actions."""

    x: float
    y: float
    width: float
    height: float
    hue: int
    action: str
    date: str
    n: int


@dataclass(frozen=True, slots=True)
class Chart:
    """All that the page draws: pieces, the highest bar's count, dates along the axis, and each action's total."""

    pieces: tuple[Piece, ...]
    highest: int
    dates: tuple[tuple[float, str], ...]
    totals: Mapping[str, int]

    @property
    def hues(self) -> Mapping[str, int]:
        """The colour of each action, the same in every report."""
        return {action: ACTION_CODES[action] for action in self.totals}


def chart(timeline: Timeline) -> Chart:
    """The timeline as pieces in WIDTH x HEIGHT, the actions stacked in the order of `types.ACTIONS` from below."""
    n_bars = max((len(counts) for counts in timeline.counts.values()), default=0)
    highest = max((sum(column) for column in zip(*timeline.counts.values(), strict=True)), default=0)
    step = WIDTH / max(n_bars, 1)
    floors = [float(HEIGHT)] * n_bars
    pieces = []
    for action, counts in timeline.counts.items():
        for bar, n in enumerate(counts):
            if not n:
                continue
            height = HEIGHT * n / highest
            floors[bar] -= height
            at = (bar + GAP_SHARE / 2) * step
            size = (round(at, 2), round(floors[bar], 2), round(step * (1 - GAP_SHARE), 2), round(height, 2))
            pieces.append(Piece(*size, ACTION_CODES[action], action, _date(timeline, bar), n))
    every = max(1, -(-n_bars // N_DATES))
    dates = tuple((round(bar * step, 2), _date(timeline, bar)) for bar in range(0, n_bars, every))
    return Chart(tuple(pieces), highest, dates, {action: sum(n) for action, n in timeline.counts.items()})


def _date(timeline: Timeline, bar: int) -> str:
    day = timeline.first_day + bar * timeline.bar_days
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d")
