"""The cart: what is in it travels in the visitor's own cookie, checked against the shelf every time."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

MOST_LINES = 40
MOST_OF_ONE = 99


@dataclass
class Cart:
    """Quantities by product id, in the order they were put in."""

    lines: dict[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many things are in it."""
        return sum(self.lines.values())

    def add(self, product_id: str, quantity: int = 1) -> None:
        """Puts more of a product in, as far as the cart goes."""
        if product_id in self.lines or len(self.lines) < MOST_LINES:
            self.put(product_id, self.lines.get(product_id, 0) + quantity)

    def put(self, product_id: str, quantity: int) -> None:
        """Sets how many of a product are in; none takes it out."""
        if quantity > 0:
            self.lines[product_id] = min(quantity, MOST_OF_ONE)
        else:
            self.lines.pop(product_id, None)

    def cookie(self) -> str:
        """The cart as a cookie's value."""
        return "&".join(f"{quote(product_id, safe='')}*{quantity}" for product_id, quantity in self.lines.items())


def cart_of(cookie: str | None, shelf: Mapping[str, int]) -> Cart:
    """The cart a cookie holds; lines that cannot be read or are no longer on the shelf are left out."""
    cart = Cart()
    for line in (cookie or "").split("&"):
        name, _, quantity = line.partition("*")
        product_id = unquote(name)
        if product_id in shelf and quantity.isascii() and quantity.isdigit():
            cart.add(product_id, min(int(quantity[:4]), MOST_OF_ONE))
    return cart


def total(cart: Cart, prices: Mapping[str, float]) -> float:
    """What the lines with a known price come to."""
    known = {name: price for name, price in prices.items() if not math.isnan(price)}
    return sum(quantity * known.get(product_id, 0.0) for product_id, quantity in cart.lines.items())
