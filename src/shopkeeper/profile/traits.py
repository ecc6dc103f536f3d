"""What a shopper's taste looks like, in words that the shopper can read and correct."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from shopkeeper.portrait import Portrait, Refused
from shopkeeper.tastes import CHOICES
from shopkeeper.types import ACTIONS, PURCHASE, Catalog, DayArray, FloatArray, RowArray

HALF_LIFE_DAYS = 60.0
"""What was done so many days ago counts half."""
LEANS = {"view": 0.1, "click": 0.2, "rate": 0.3, "add_to_cart": 0.5, "purchase": 1.0}
_LEAN = np.array([LEANS.get(action, 0.0) for action in ACTIONS])
ANSWERED = 0.5
"""What a product of a card that was chosen counts."""
MOST, PRICED = 8, 100
"""So many categories and brands are told; of so many of the latest lines the prices are looked at."""
Level = Literal["low", "middle", "high"]
From = Literal["purchases", "visits", "answers"]


@dataclass(frozen=True, slots=True)
class Taste:
    """A category or brand: its share of all that counts, where most of it comes from, and how many times that was."""

    name: str
    share: float
    source: From
    times: int


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often somebody buys: visits, days between two of them (the median; 0 for fewer than three), days since."""

    visits: int
    days_between: float
    days_since: float


@dataclass(frozen=True)
class Traits:
    """The long taste, the price level with its place from 0 to 1 among the same categories, the rhythm, and what this
    visit is about; `vector` float32 (d,), unit length, is where the taste lies in the encoder's space. `demographics`
    are what the shop was told of the shopper, by name."""

    categories: tuple[Taste, ...]
    brands: tuple[Taste, ...]
    level: Level | None
    price_place: float
    rhythm: Rhythm | None
    now: tuple[str, ...]
    refused: tuple[Refused, ...]
    answers: int
    vector: FloatArray | None = None
    demographics: Mapping[str, str] = field(default_factory=dict)


def traits(portrait: Portrait, catalog: Catalog, day: float, vectors: FloatArray | None = None) -> Traits:
    """The traits at `day`; what the shopper took out is not among them."""
    held = heeded(portrait, catalog)
    rows, weights, sources = _evidence(held, day)
    refused = {trait: {own.name for own in portrait.refused if own.trait == trait} for trait in ("category", "brand")}
    place = _price_place(rows, weights, catalog)
    categories = [category_of(catalog, row) for row in rows.tolist()]
    brands = [catalog.brands[row] for row in rows.tolist()]
    lately = [category_of(catalog, row) for row in held.session_rows[::-1].tolist()]
    return Traits(
        categories=_tastes(categories, weights, sources, refused["category"]),
        brands=_tastes(brands, weights, sources, refused["brand"]),
        level=None if place is None else "low" if place < 1 / 3 else "high" if place > 2 / 3 else "middle",
        price_place=0.0 if place is None else place,
        rhythm=_rhythm(portrait, day),
        now=tuple(dict.fromkeys(name for name in lately if name))[:3],
        refused=tuple(sorted(portrait.refused)),
        answers=sum(answer.choice >= 0 for answer in portrait.answers),
        vector=_vector(rows, weights, vectors),
    )


def category_of(catalog: Catalog, row: int) -> str:
    """The finest category of a product, empty where it has none."""
    at = int(catalog.categories[row])
    path = catalog.category_paths[at] if at >= 0 else ()
    return path[-1] if path else ""


def heeded(portrait: Portrait, catalog: Catalog) -> Portrait:
    """The portrait without what was done with products of traits that the shopper took out; itself where none was."""
    if not portrait.refused:
        return portrait
    kept, now = (~catalog.of_any(portrait.refused, own) for own in (portrait.rows, portrait.session_rows))
    return replace(
        portrait,
        rows=portrait.rows[kept],
        days=portrait.days[kept],
        actions=portrait.actions[kept],
        quantities=portrait.quantities[kept],
        baskets=portrait.baskets[kept],
        session_rows=portrait.session_rows[now],
        session_actions=portrait.session_actions[now],
        session_days=portrait.session_days[now],
    )


def _evidence(portrait: Portrait, day: float) -> tuple[RowArray, DayArray, list[From]]:
    """What speaks for a taste: rows, what each counts, and where it comes from; answers as rows of what was chosen."""
    counts = _LEAN[portrait.actions] * np.exp2(np.minimum(portrait.days - day, 0.0) / HALF_LIFE_DAYS)
    chosen = [row for answer in portrait.answers for row in _chosen(answer.choice, answer.first, answer.second)]
    sources: list[From] = ["purchases" if action == PURCHASE else "visits" for action in portrait.actions.tolist()]
    rows = np.concatenate((portrait.rows, np.array(chosen, np.int32)))
    sources.extend("answers" for _ in chosen)
    return rows, np.concatenate((counts, np.full(len(chosen), ANSWERED))), sources


def _chosen(choice: int, first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    said = CHOICES[choice] if choice >= 0 else "neither"
    return (first if said in ("first", "both") else ()) + (second if said in ("second", "both") else ())


def _tastes(names: list[str], weights: DayArray, sources: list[From], refused: set[str]) -> tuple[Taste, ...]:
    """The names with the largest shares, each with the source that counts most for it."""
    held: dict[str, dict[From, tuple[float, int]]] = {}
    for name, weight, source in zip(names, weights.tolist(), sources, strict=True):
        if name and weight > 0 and name not in refused:
            before, times = held.setdefault(name, {}).get(source, (0.0, 0))
            held[name][source] = before + weight, times + 1
    total = sum(weight for own in held.values() for weight, _ in own.values())
    found = [_taste(name, own, total) for name, own in held.items()]
    return tuple(sorted(found, key=lambda taste: (-taste.share, taste.name))[:MOST])


def _taste(name: str, own: Mapping[From, tuple[float, int]], total: float) -> Taste:
    source = max(own, key=lambda one: own[one])
    return Taste(name, sum(weight for weight, _ in own.values()) / total, source, own[source][1])


def _price_place(rows: RowArray, weights: DayArray, catalog: Catalog) -> float | None:
    """From 0 to 1: how dear what was chosen is among the products of its category, on the mean; None for no price."""
    places, counted = [], []
    for row, weight in zip(rows[-PRICED:].tolist(), weights[-PRICED:].tolist(), strict=True):
        price = catalog.prices[row]
        beside = catalog.prices[(catalog.categories == catalog.categories[row]) & ~catalog.deleted]
        beside = beside[beside > 0]
        if weight > 0 and price > 0 and len(beside) > 1:
            places.append(((beside < price).sum() + (beside <= price).sum() - 1) / 2 / (len(beside) - 1))
            counted.append(weight)
    return float(np.average(places, weights=counted)) if places else None


def _rhythm(portrait: Portrait, day: float) -> Rhythm | None:
    bought = portrait.days[portrait.actions == PURCHASE]
    if not len(bought):
        return None
    visits = np.unique(np.floor(bought))
    between = float(np.median(np.diff(visits))) if len(visits) > 2 else 0.0
    return Rhythm(len(visits), between, max(0.0, float(day - bought.max())) if np.isfinite(day) else 0.0)


def _vector(rows: RowArray, weights: DayArray, vectors: FloatArray | None) -> FloatArray | None:
    if vectors is None:
        return None
    inside = rows < len(vectors)
    summed = weights[inside] @ vectors[rows[inside]].astype(np.float64)
    norm = float(np.linalg.norm(summed))
    return np.asarray(summed / norm, np.float32) if norm > 0 else None
