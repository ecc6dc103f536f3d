"""The cart's page, what goes with it, and the pretend checkout."""

import math
import uuid
from dataclasses import dataclass

from shopkeeper.console.cart import Cart, total
from shopkeeper.console.guest import Guest
from shopkeeper.console.sections import Card, Section, Strip, card, section, strip
from shopkeeper.errors import RequestError

BESIDE = 6
SEEDS = 12
"""So many of the newest lines say what goes with the cart."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the cart with its sum as people read it."""

    card: Card
    quantity: int
    sum: str


@dataclass(frozen=True, slots=True)
class Basket:
    """What the cart's page shows. `unpriced`: so many lines have no price, and no part in the total."""

    lines: tuple[Line, ...]
    total: str
    unpriced: int
    beside: Section
    strip: Strip | None


def basket(guest: Guest) -> Basket:
    """The cart of this visitor, with what goes well with it."""
    seeds = tuple(list(guest.cart.lines)[-SEEDS:])
    beside = section(guest, "cart" if seeds else "trending", "basket", product_ids=seeds, k=BESIDE)
    lines = lines_of(guest, guest.cart)
    unpriced = sum(not line.sum for line in lines)
    return Basket(lines, total_of(guest, guest.cart), unpriced, beside, strip(guest, beside))


def lines_of(guest: Guest, cart: Cart) -> tuple[Line, ...]:
    """The lines of a cart as cards with quantities."""
    prices, currency = prices_of(guest, cart), guest.shop.catalog.currency
    return tuple(
        Line(
            card(guest, guest.shop.catalog.row_of[product_id]),
            quantity,
            guest.words.price(prices[product_id] * quantity, currency),
        )
        for product_id, quantity in cart.lines.items()
        if product_id in guest.shop.catalog.row_of
    )


def total_of(guest: Guest, cart: Cart) -> str:
    """What the cart comes to, as people read it."""
    return guest.words.price(total(cart, prices_of(guest, cart)), guest.shop.catalog.currency)


def prices_of(guest: Guest, cart: Cart) -> dict[str, float]:
    """The price of each product in the cart, NaN where unknown; a zero is a price nobody entered."""
    catalog = guest.shop.catalog
    found = {name: float(catalog.prices[catalog.row_of[name]]) for name in cart.lines if name in catalog.row_of}
    return {name: price if price > 0 else math.nan for name, price in found.items()}


def put_in(guest: Guest, product_id: str, quantity: int, request_id: str = "", position: int | None = None) -> None:
    """Puts a product into the cart and posts it. Raises UnknownProduct, RequestError where it has no price."""
    if not guest.shop.catalog.prices[guest.shop.row(product_id)] > 0:
        raise RequestError(guest.words("cart.no_price"))
    guest.cart.add(product_id, quantity)
    guest.tell("add_to_cart", product_id, quantity=float(quantity), request_id=request_id, position=position)


def set_quantity(guest: Guest, product_id: str, quantity: int) -> None:
    """Sets a line's quantity and posts the difference."""
    before = guest.cart.lines.get(product_id, 0)
    guest.cart.put(product_id, quantity)
    difference = guest.cart.lines.get(product_id, 0) - before
    if difference:
        guest.tell("add_to_cart" if difference > 0 else "remove_from_cart", product_id, quantity=float(abs(difference)))


def check_out(guest: Guest) -> None:
    """Posts a purchase for every line and empties the cart. Nothing is charged: this shop sells nothing."""
    order, prices = uuid.uuid4().hex, prices_of(guest, guest.cart)
    bought = tuple(guest.cart.lines.items())
    for product_id, quantity in bought:
        price = prices.get(product_id, math.nan)
        value = None if math.isnan(price) else round(price * quantity, 2)
        guest.tell("purchase", product_id, quantity=float(quantity), value=value, once=order, context={"order": order})
    guest.visit.bought = bought
    guest.cart.lines.clear()
