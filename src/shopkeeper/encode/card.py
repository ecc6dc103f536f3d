"""The model card: what the language model was taught, what it gained, what it is made of; JSON and one HTML page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from shopkeeper import reports
from shopkeeper.measure.click_card import ClickCard, clicks_of
from shopkeeper.types import Language

HERE = Path(__file__).parent
CARD_FILE, PAGE, WORDS = "card.json", "card.html", "card_words.json"
HEADS, HEADS_FILE = "heads", "heads.json"
"""The folder of a version with what its vectors tell beside themselves, and the file that says what that gains."""
WIDTH, HEIGHT = 640, 160


@dataclass(frozen=True, slots=True)
class Gain:
    """The mean reciprocal rank of the product that is meant, before and after, over `n` held-out searches of a kind.

    `kind` is a name in card_words.json; `low` and `high` bound the gain, 95 %; the searches are about so many different
    `texts`.
    """

    kind: str
    n: int
    before: float
    after: float
    low: float
    high: float
    texts: int = 0


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The titles nearest to a search, before and after."""

    query: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """A form of the model: `size` in bytes, and what was measured of it, None where nothing was.

    `agreement` is the mean cosine of its vectors to the original's; `speed` how many searches it reads in the time of
    one of the original's, one at a time, by processor time; `found` the share of held-out searches for a known product
    that find it in the first ten.
    """

    name: str
    size: int
    agreement: float | None = None
    speed: float | None = None
    found: float | None = None


@dataclass(frozen=True, slots=True)
class TaughtHead:
    """What a head on the model's vectors tells of held-out searches, as the names of the catalogue alone do (`before`)
    and with it (`after`); one that was not better beyond doubt was not `kept`."""

    gain: Gain
    kept: bool


@dataclass(frozen=True, slots=True)
class Card:
    """`reason` says why the model stays as it came, empty where it was adapted; `key` is a hash of all that decides.

    `points` are the measurements of the training: step, processor seconds, loss (null at the start), score.
    """

    key: str
    shop: str
    made: str
    reason: str
    model: str
    weights_sha256: str
    licence: str
    method: str
    tasks: tuple[str, ...]
    settings: dict[str, dict[str, Any]]
    minutes: float
    seed: int
    n_products: int
    n_held_out: int
    n_parameters: int = 0
    seconds: float = 0.0
    points: tuple[tuple[int, float, float | None, float], ...] = ()
    gains: tuple[Gain, ...] = ()
    neighbours: tuple[Neighbours, ...] = ()
    forms: tuple[Form, ...] = ()
    heads: tuple[TaughtHead, ...] = ()
    clicks: ClickCard | None = None

    @property
    def adapted(self) -> bool:
        """Whether queries are read by the adapted model."""
        return not self.reason


_ADAPTER = TypeAdapter(Card)
_HEADS = TypeAdapter(tuple[TaughtHead, ...])


def as_json(card: Card) -> str:
    """The card as indented JSON; `from_json` gives the same card back."""
    return _ADAPTER.dump_json(card, indent=2).decode()


def from_json(text: str) -> Card:
    """The card that `as_json` wrote."""
    return _ADAPTER.validate_json(text)


def as_html(card: Card, language: Language = "en") -> str:
    """One self-contained page: no script, nothing from the network; everything is escaped."""
    scores = [(step, score) for step, _, _, score in card.points]
    losses = [(step, loss) for step, _, loss, _ in card.points if loss is not None]
    return str(
        _page().render(
            card=card,
            language=language,
            label=words(language),
            curves={"score": _line(scores), "loss": _line(losses)},
            diagram=_diagram(card.clicks),
            best=max(scores, key=lambda point: point[1], default=None),  # of equal ones the first: it is what is kept
            width=WIDTH,
            height=HEIGHT,
        )
    )


def write(card: Card, folder: Path) -> Path:
    """Writes `card.json`, `card.html` and `card.zh.html` into an existing folder; returns the English page."""
    return reports.write(folder, "card", as_json(card), partial(as_html, card))


def card_of(version: Path) -> Card | None:
    """The card of a version, with what its heads gained and how good its model of clicks is; None where its language
    model was not to learn."""
    path = version / CARD_FILE
    if not path.is_file():
        return None
    return replace(from_json(path.read_text(encoding="utf-8")), heads=heads_of(version), clicks=clicks_of(version))


def heads_of(version: Path) -> tuple[TaughtHead, ...]:
    """What the heads of a version gained, kept or not; none where none was taught."""
    path = version / HEADS_FILE
    return _HEADS.validate_json(path.read_bytes()) if path.is_file() else ()


def write_heads(version: Path, heads: Sequence[TaughtHead]) -> None:
    """Writes what `heads_of` reads."""
    (version / HEADS_FILE).write_bytes(_HEADS.dump_json(tuple(heads), indent=2))


def words(language: Language) -> dict[str, Any]:
    """The card's own words in this language."""
    return reports.words(HERE / WORDS, language)


def _line(points: Sequence[tuple[int, float]]) -> dict[str, Any]:
    """A curve as points of an SVG line in WIDTH x HEIGHT, with its first and last value and its last step."""
    if not points:
        return {"points": "", "begins": 0.0, "ends": 0.0, "steps": 0}
    values = [value for _, value in points]
    low, high, last = min(values), max(values), max(points[-1][0], 1)
    span = (high - low) or 1.0
    drawn = (f"{WIDTH * step / last:.1f},{HEIGHT * (1 - (value - low) / span):.1f}" for step, value in points)
    return {"points": " ".join(drawn), "begins": values[0], "ends": values[-1], "steps": last}


def _diagram(clicks: ClickCard | None) -> list[tuple[float, float, float]]:
    """The bins of a reliability diagram as points of an HEIGHT square, each with its size from 0 to 1."""
    bins = clicks.bins if clicks else ()
    whole = max((max(chance, share) for chance, share, _ in bins), default=1.0) or 1.0
    most = max((n for *_, n in bins), default=1)
    return [(HEIGHT * chance / whole, HEIGHT * (1 - share / whole), n / most) for chance, share, n in bins]


@cache
def _page() -> Any:
    return reports.template(HERE, PAGE, megabytes=lambda n: f"{n / 1e6:.1f} MB")
