"""A section of a page: the shop is asked, the answer becomes cards, and what changed since the last look is marked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from markupsafe import Markup

from shopkeeper.console import static, tiles
from shopkeeper.console.changes import Change, compare
from shopkeeper.console.guest import Guest
from shopkeeper.console.visits import Note
from shopkeeper.errors import NoVersion
from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.types import Item, Page, Scene

MOST_TOLD = 3
PATIENCE_MS = 1500.0
"""People wait a moment longer than a caller of the API for a page that is not empty; each source keeps its budget."""


@dataclass(frozen=True, slots=True)
class Card:
    """A product as it stands on a page. `change` is "new" (only at home), "up" or nothing, `places` how far."""

    product_id: str
    title: str
    brand: str
    category: str
    price: str
    available: bool
    picture: Markup
    href: str
    sentence: str = ""
    why: str = ""
    request_id: str = ""
    position: int | None = None
    change: str = ""
    places: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """Cards of one scene. `change` is None where the scene was not seen before or nothing was noted since."""

    cards: tuple[Card, ...] = ()
    page: Page | None = None
    change: Change | None = None
    notes: tuple[Note, ...] = ()

    def part(self, cards: Sequence[Card]) -> "Section":
        """The same page with only these cards."""
        return replace(self, cards=tuple(cards))

    def unmarked(self) -> "Section":
        """The same page without marks of what changed, for where no strip says since when."""
        return self.part([replace(each, change="") for each in self.cards])


@dataclass(frozen=True, slots=True)
class Strip:
    """What a page says of the last clicks: notes, counts, and the names of what is gone."""

    notes: tuple[Note, ...]
    more_notes: int
    compared: bool
    new: int
    up: int
    gone: tuple[str, ...]


def section(guest: Guest, scene: Scene, key: str = "", without: Sequence[int] = (), **asked: Any) -> Section:
    """The answer of a scene to this visitor; empty where the shop has not learnt yet.

    `key` tells pages of one scene apart that should not be compared: another query, another product; only the home page
    has none, and there alone a card is marked new, since elsewhere the word would speak of the product.
    Rows in `without` stand elsewhere on the same page.
    """
    try:
        request = ask(
            guest.shop,
            scene=scene,
            user_id=guest.user_id,
            session_id=guest.session,
            language=guest.words.language,
            personal=guest.personal,
            context=guest.context,
            **asked,
        )
        allowed = request.allowed
        if allowed is not None and len(without):
            allowed = allowed.copy()  # the mask is shared by all who ask with these filters
            allowed[list(without)] = False
        page = answer(
            replace(request, allowed=allowed, deadline_ms=max(PATIENCE_MS, guest.shop.plan.deadline_ms)), guest.shop
        )
    except NoVersion:
        return Section()
    visit = guest.visit
    guest.visits.keep(guest.session, page, guest.shop.name, guest.user_id)
    shown = [guest.shop.catalog.product_ids[item.row] for item in page.items]
    before = visit.look(f"{scene}:{key}", shown, page.request_id)
    notes = visit.since(before.number if before else visit.told)
    change = compare(before.product_ids, shown) if before and notes else None
    new = frozenset(change.new) if change and not key else frozenset()
    cards = tuple(_card_of(guest, page, item, change, new) for item in page.items)
    return Section(cards, page, change, tuple(notes))


def strip(guest: Guest, *sections: Section) -> Strip | None:
    """What to say above these sections; None where nothing was noted since. Afterwards all notes count as told."""
    visit = guest.visit
    untold = {note.number: note for each in sections for note in each.notes}
    untold |= {note.number: note for note in visit.since(visit.told)}
    visit.told = visit.number
    if not untold:
        return None
    notes = [untold[number] for number in sorted(untold, reverse=True)]
    changes = [each.change for each in sections if each.change is not None]
    gone = [guest.title(product_id) for change in changes for product_id in change.gone]
    return Strip(
        notes=tuple(notes[:MOST_TOLD]),
        more_notes=max(0, len(notes) - MOST_TOLD),
        compared=bool(changes),
        new=sum(len(change.new) for change in changes),
        up=sum(len(change.up) for change in changes),
        gone=tuple(gone),
    )


def card(guest: Guest, row: int) -> Card:
    """The card of a catalogue row, on no page in particular."""
    catalog = guest.shop.catalog
    product_id, title = catalog.product_ids[row], catalog.titles[row]
    path = catalog.category_paths[catalog.categories[row]] if catalog.categories[row] >= 0 else ()
    price = float(catalog.prices[row])
    return Card(
        product_id=product_id,
        title=title,
        brand=catalog.brands[row],
        category=path[-1] if path else "",
        price=guest.words.price(price, catalog.currency) if price > 0 else "",  # a zero is a price nobody entered
        available=bool(catalog.available[row]),
        picture=picture(guest, row),
        href=guest.url(f"product/{quote(product_id, safe='')}"),
    )


def picture(guest: Guest, row: int) -> Markup:
    """The product's photograph where the shop has one, over its tile, which stays where the photograph fails."""
    catalog = guest.shop.catalog
    path = catalog.category_paths[catalog.categories[row]] if catalog.categories[row] >= 0 else ()
    drawn = tiles.svg(tiles.tile(catalog.product_ids[row], catalog.titles[row], path), static.url("glyphs.svg"))
    image = guest.shelf.image(row)
    if not image:
        return drawn
    return drawn + Markup('<img class="photo" src="{}" alt="" loading="lazy" decoding="async">').format(image)


def _card_of(guest: Guest, page: Page, item: Item, change: Change | None, new: frozenset[str]) -> Card:
    plain = card(guest, item.row)
    came_from = urlencode({"r": page.request_id, "p": item.position})
    change_of, places = "", 0
    if plain.product_id in new:
        change_of = "new"
    elif change and plain.product_id in change.up:
        change_of, places = "up", change.up[plain.product_id]
    return replace(
        plain,
        href=f"{plain.href}?{came_from}",
        sentence=item.sentence,
        why=guest.url(f"why/{page.request_id}/{item.position}"),
        request_id=page.request_id,
        position=item.position,
        change=change_of,
        places=places,
    )
