"""The merchant's rules as the merchant sees them: the state of each, and a page with them beside the page without."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, NamedTuple

from shopkeeper.errors import RequestError
from shopkeeper.flow.answer import answer
from shopkeeper.flow.hand import NO_RULES, Serving
from shopkeeper.flow.shop import Shop
from shopkeeper.merchandise.against import against
from shopkeeper.merchandise.conflicts import Remark
from shopkeeper.merchandise.schedule import FIRST_YEAR, LAST_YEAR, day_of
from shopkeeper.types import Catalog, Page, Request

RuleState = Literal["on", "scheduled", "over", "off"]


class Told(NamedTuple):
    """A rule as it stands: whether it holds now, what it does, and what the merchant should know of it."""

    name: str
    state: RuleState
    does: tuple[str, ...]
    remarks: tuple[str, ...]


class Moved(NamedTuple):
    """A product of the page with the rules: its place from 0, the place without them, None for none; and by what."""

    row: int
    place: int
    before: int | None
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """A page with the rules and the same page without. `gone` are rows that only the second shows."""

    ruled: Page
    plain: Page
    moved: tuple[Moved, ...]
    gone: tuple[int, ...]


def told(serving: Serving, catalog: Catalog, day: float) -> list[Told]:
    """Every rule of the file at this moment, in the order of the file."""
    remarks: dict[str, list[str]] = {}
    for remark in warnings(serving, catalog):
        remarks.setdefault(remark.rule, []).append(remark.text)
    return [
        Told(
            rule.name,
            rule.clock.state(day) if rule.said.enabled else "off",
            rule.said.does(),
            tuple(remarks.get(rule.name, ())),
        )
        for rule in serving.book.every
    ]


def warnings(serving: Serving, catalog: Catalog) -> list[Remark]:
    """What the rules name that the catalogue does not hold today."""
    return against(serving.book, catalog)


def preview(shop: Shop, request: Request, serving: Serving, day: float | None = None) -> Preview:
    """The page at `day` by these rules, and without any. Nothing is logged."""
    asked = request if day is None else replace(request, day=day)
    ruled = answer(asked, shop, serving, logged=False)
    plain = answer(asked, shop, NO_RULES, logged=False)
    before = {item.row: item.position for item in plain.items}
    moved = tuple(
        Moved(
            item.row,
            item.position,
            before.get(item.row),
            tuple(dict.fromkeys(part.note for part in item.explanation.children if part.note)),
        )
        for item in ruled.items
    )
    there = {item.row for item in ruled.items}
    return Preview(ruled, plain, moved, tuple(item.row for item in plain.items if item.row not in there))


def moment(text: str, zone: str) -> float:
    """Days since 1970 UTC of a date and time, without an offset as the zone counts them. Raises RequestError."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        found = datetime.min
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise RequestError(
            f"at: must be a date and time such as 2026-12-24T18:00, got {text[:40]!r}. "
            f"Without an offset it is in {zone}."
        )
    return day_of(found, zone)
