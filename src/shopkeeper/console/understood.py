"""What the words of a search state, as a visitor reads it: each can be taken away, and what gave way is said."""

from dataclasses import dataclass

from shopkeeper.amounts import Between
from shopkeeper.console.guest import Guest
from shopkeeper.console.query import Query
from shopkeeper.types import Page
from shopkeeper.understood import Stated


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force, with the address without it."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Understood:
    """Chips of filters that the words made; `shown`, where some gave way, says what the page shows instead."""

    chips: tuple[Chip, ...] = ()
    shown: str = ""


def understood(guest: Guest, query: Query, page: Page | None) -> Understood:
    """What the page made of the query's words; nothing where they are words alone."""
    if page is None or not page.intent.stated:
        return Understood()
    stated = [own for own in page.intent.stated if not _chosen(query, own)]
    in_force = [own for own in stated if own.role in ("filter", "widened")]
    chips = [Chip(_label(guest, own), "?" + query.address(as_words=(*query.as_words, own.field))) for own in in_force]
    if not any(own.role in ("widened", "dropped") for own in stated):
        return Understood(tuple(chips))
    kept = [*(_label(guest, own) for own in in_force), *([" ".join(page.intent.tokens)] if page.intent.tokens else [])]
    return Understood(tuple(chips), " · ".join(kept))


def attribute_label(guest: Guest, name: str) -> str:
    """What people call an attribute."""
    return guest.words.get(f"attribute.{name}", name.replace("_", " ").capitalize())


def range_label(value: str) -> str:
    """A range as people write it: `8 – 16 GB`, `≥ 8 GB`, `≤ 16 GB`."""
    between = Between.of(value)
    if between is None or between.low == between.high:
        return value
    unit = f" {between.unit}" if between.unit else ""
    if between.low is None:
        return f"≤ {between.high:g}{unit}"
    return f"≥ {between.low:g}{unit}" if between.high is None else f"{between.low:g} – {between.high:g}{unit}"


def _chosen(query: Query, own: Stated) -> bool:
    """Whether the visitor chose something else in the same field, which goes before what words state."""
    kind, _, name = own.field.partition(".")
    held = {
        "brand": query.brands,
        "category": query.categories,
        "price": query.price,
        "attributes": [pair for pair in query.attributes if pair.startswith(f"{name}:")],
        "ranges": [pair for pair in query.ranges if pair.startswith(f"{name}:")],
    }
    return bool(held[kind])


def _label(guest: Guest, own: Stated) -> str:
    kind, _, name = own.field.partition(".")
    if kind == "price":
        return _price(guest, own.value)
    if not name:
        return own.value
    return f"{attribute_label(guest, name)}: {range_label(own.value) if kind == 'ranges' else own.value}"


def _price(guest: Guest, value: str) -> str:
    bounds = Between.of(value) or Between()
    currency = guest.shop.catalog.currency or guest.shop.settings.shop.currency
    low, high = (None if end is None else guest.words.price(end, currency) for end in (bounds.low, bounds.high))
    if low is None:
        return f"≤ {high}"
    return f"≥ {low}" if high is None else f"{low} – {high}"
