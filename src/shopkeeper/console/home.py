"""The home feed: for you, buy again, trending now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import numpy as np
from markupsafe import Markup

from shopkeeper.console import static, tiles
from shopkeeper.console.guest import Guest
from shopkeeper.console.interview import invited, told
from shopkeeper.console.sections import Section, Strip, section, strip
from shopkeeper.explain.sentence import bought as said_of
from shopkeeper.explain.sentence import facts
from shopkeeper.flow.shop import today
from shopkeeper.portrait import Portrait
from shopkeeper.types import PURCHASE, Catalog, IntArray

FIRST, FEED, TRENDING, DEPARTMENTS = 12, 24, 6, 10
FEWEST = 3
"""A section of fewer cards is not worth a heading; its cards join the first section."""


@dataclass(frozen=True, slots=True)
class Department:
    """A way into the shop that needs no words."""

    name: str
    count: int
    picture: Markup
    href: str


@dataclass(frozen=True, slots=True)
class Home:
    """What the home page shows. `visits` and `last` are 0 for a shopper without history; `told`: answers."""

    first: Section
    again: Section
    fresh: Section
    trending: Section
    departments: tuple[Department, ...]
    strip: Strip | None
    visits: int
    last: float
    invites: bool = False
    told: int = 0


def home(guest: Guest) -> Home:
    """The feed for this visitor. All that is asked for is shown, so that the log of exposures is true."""
    feed = section(guest, "home", k=FEED if guest.user_id else FIRST)
    portrait = guest.shop.profiles.portrait(guest.row, guest.session)
    bought = portrait.actions == PURCHASE
    mine = set(portrait.rows[bought].tolist()) if guest.user_id else set()
    items = feed.page.items if feed.page else ()
    trending = section(guest, "trending", without=[item.row for item in items], k=TRENDING)
    later = range(min(FIRST, len(items)), len(items))
    again = _worth_a_heading([at for at in later if items[at].row in mine])
    fresh = _worth_a_heading([at for at in later if items[at].row not in mine])
    first = [at for at in range(len(items)) if at not in {*again, *fresh}]
    feed = _of_purchases(guest, feed, again, portrait)
    known = bool(guest.user_id) and bool(bought.any())
    return Home(
        first=feed.part([feed.cards[at] for at in first]),
        again=feed.part([feed.cards[at] for at in again]),
        fresh=feed.part([feed.cards[at] for at in fresh]),
        trending=trending,
        departments=departments(guest, DEPARTMENTS),
        strip=strip(guest, feed, trending),
        visits=len(np.unique(portrait.baskets[bought])) if known else 0,
        last=float(portrait.days[bought].max()) if known else 0.0,
        invites=invited(guest),
        told=told(guest),
    )


def _worth_a_heading(places: list[int]) -> list[int]:
    return places if len(places) >= FEWEST else []


def _of_purchases(guest: Guest, feed: Section, places: Sequence[int], portrait: Portrait) -> Section:
    """The feed whose cards at these places say how often they were bought: that is what their heading promises."""
    if feed.page is None or not places:
        return feed
    items, cards = list(feed.page.items), list(feed.cards)
    rows = np.array([items[at].row for at in places], np.int32)
    created = guest.shop.catalog.created[rows]
    for at, known in zip(places, facts(portrait, rows, today(), "", created), strict=True):
        said = said_of(known, guest.words.language)
        items[at], cards[at] = replace(items[at], sentence=said), replace(cards[at], sentence=said)
    page = replace(feed.page, items=tuple(items))
    guest.visits.keep(guest.session, page, guest.shop.name, guest.user_id)  # the dialog says what the card says
    return replace(feed, cards=tuple(cards), page=page)


def departments(guest: Guest, most: int) -> tuple[Department, ...]:
    """The largest departments with what is on their shelves."""
    catalog = guest.shop.catalog
    counts = counted(catalog)
    largest = np.argsort(-counts, kind="stable")[:most]
    found = []
    for at in largest.tolist():
        name = catalog.department_names[at]
        if counts[at] and name:
            drawn = tiles.svg(tiles.tile(name, name, (name,)), static.url("glyphs.svg"))
            href = guest.url("search?" + urlencode({"department": name}))
            found.append(Department(name, int(counts[at]), drawn, href))
    return tuple(found)


def counted(catalog: Catalog) -> IntArray:
    """int64 (n_departments,): products on the shelf of each department."""
    on_shelf = ~catalog.deleted & catalog.available & (catalog.departments >= 0)
    return np.bincount(catalog.departments[on_shelf], minlength=len(catalog.department_names))
