"""What rules name that the catalogue does not hold today: the rules hold all the same, and the merchant is told."""

from collections.abc import Iterable, Iterator
from functools import cached_property

from shopkeeper.errors import did_you_mean
from shopkeeper.merchandise.conflicts import Remark, together
from shopkeeper.merchandise.rules import Rule, RuleBook
from shopkeeper.merchandise.said import Selection
from shopkeeper.types import Catalog

MOST_COMPARED, MOST_NEAR = 5000, 20
"""A near miss is looked for among so many names, and for so many that nothing answers to."""


def against(book: RuleBook, catalog: Catalog) -> list[Remark]:
    """A warning for each name that nothing answers to, with the nearest, and for each product that cannot show."""
    known = _Known(catalog)
    found = [remark for rule in book.every for remark in _unknown(rule, known)]
    found += [remark for rule in book.rules for remark in _not_shown(rule, book, catalog)]
    return list(dict.fromkeys(found))


class _Known:
    """The names that a catalogue holds, looked up where they are asked for."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._left = MOST_NEAR

    def near(self, given: str, names: Iterable[str]) -> str:
        """The nearest of the names of about its length; nothing where many were looked for already."""
        self._left -= 1
        like = [name for name in names if abs(len(name) - len(given)) <= 2] if self._left >= 0 else []
        if len(like) > MOST_COMPARED:
            like = [name for name in like if name[:2] == given[:2]][:MOST_COMPARED]
        return did_you_mean(given, like)

    @cached_property
    def brands(self) -> frozenset[str]:
        return frozenset(self.catalog.brand_codes[1])

    @cached_property
    def categories(self) -> frozenset[str]:
        paths = self.catalog.category_paths
        above = {" > ".join(path[:depth]) for path in paths for depth in range(1, len(path) + 1)}
        return frozenset(above | {name for path in paths for name in path})

    def product(self, product_id: str) -> str:
        """What to say of a product's id, empty where there is such a product."""
        if product_id in self.catalog.row_of:
            return ""
        return f"no product {product_id!r}.{self.near(product_id, self.catalog.row_of)}"

    def brand(self, brand: str) -> str:
        return "" if brand in self.brands else f"no brand {brand!r}.{self.near(brand, self.brands)}"

    def category(self, name: str) -> str:
        return "" if name in self.categories else f"no category {name!r}.{self.near(name, self.categories)}"

    def attribute(self, name: str, values: Iterable[str]) -> str:
        """What to say of an attribute and its values, empty where products have them."""
        own = self.catalog.attributes
        at = own.place(name)
        if at is None:
            return f"no attribute {name!r}.{self.near(name, own.names)}"
        gone = next((value for value in values if own.code(at, value) < 0), None)
        return "" if gone is None else f"no product has {name} {gone!r}.{self.near(gone, own.texts[at])}"


def _unknown(rule: Rule, known: _Known) -> Iterator[Remark]:
    said, told = rule.said, []
    told += [("pin", known.product(pin.product)) for pin in said.pin]
    tables = (("boost", said.boost), ("bury", said.bury), ("hide", said.hide), ("only", (said.only,)))
    for name, selections in tables:
        told += [(name, text) for each in selections if each is not None for text in _of_selection(each, known)]
    told += [("when.categories", known.category(name)) for name in said.when.categories]
    told += [("audience.categories", known.category(name)) for name in said.audience.categories]
    told += [("audience.brands", known.brand(name)) for name in said.audience.brands]
    yield from (Remark("warning", rule.name, f"{table}: {text}") for table, text in told if text)


def _of_selection(selection: Selection, known: _Known) -> Iterator[str]:
    yield from map(known.product, selection.products)
    yield from map(known.brand, selection.brands)
    yield from map(known.category, selection.categories)
    yield from (known.attribute(name, values) for name, values in selection.attributes.items())


def _not_shown(rule: Rule, book: RuleBook, catalog: Catalog) -> Iterator[Remark]:
    """Pinned products that are sold out, or that another rule hides by what they are; filters that leave nothing."""
    rows = {pin.product: catalog.row_of[pin.product] for pin in rule.said.pin if pin.product in catalog.row_of}
    for product_id, row in rows.items():
        if not catalog.available[row]:
            yield Remark("warning", rule.name, f"pin: {product_id} is not in stock, so it does not show")
    hiding = [other for other in book.rules if other.said.hide] if rows else []
    for other in hiding:
        if not together(rule, other):
            continue
        for selection in other.said.hide:
            hidden = book.selected(selection, catalog)
            for product_id in (each for each, row in rows.items() if hidden[row]):
                yield Remark("warning", rule.name, f"pin: {product_id} is hidden by rule '{other.name}'")
    if rule.said.only is not None and not (book.selected(rule.said.only, catalog) & ~catalog.deleted).any():
        yield Remark("warning", rule.name, "only: no product is all of this, so it is left aside")
