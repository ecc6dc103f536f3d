"""One product: what it is, what is like it, what is bought with it."""

from collections.abc import Mapping
from dataclasses import dataclass

from shopkeeper.console.guest import Guest
from shopkeeper.console.sections import Card, Section, Strip, card, section, strip
from shopkeeper.types import Product

BESIDE = 6


@dataclass(frozen=True, slots=True)
class Shown:
    """What the product page shows."""

    product: Product
    card: Card
    similar: Section
    together: Section
    attributes: Mapping[str, str]
    strip: Strip | None


def product(guest: Guest, product_id: str, request_id: str, position: int | None) -> Shown:
    """The page of a product. Coming from a card is a click, being here a view. Raises UnknownProduct."""
    held = guest.shop.product(product_id)
    row = guest.shop.row(product_id)
    if not guest.request.headers.get("sec-purpose", "").startswith("prefetch"):
        if request_id:
            came = f"{request_id}|{position}"
            guest.tell("click", product_id, request_id=request_id, position=position, once=came)
            guest.tell("view", product_id, request_id=request_id, once=came)
        else:
            guest.tell("view", product_id)
    similar = section(guest, "similar", product_id, product_ids=(product_id,), k=BESIDE)
    together = section(guest, "together", product_id, product_ids=(product_id,), k=BESIDE)
    readable = {
        guest.words.get(f"attribute.{name}", name.replace("_", " ")): value.capitalize() if value.isupper() else value
        for name, value in held.attributes.items()
        if value
    }
    return Shown(held, card(guest, row), similar, together, readable, strip(guest, similar, together))
