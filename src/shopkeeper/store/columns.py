"""The catalogue's rows to the columns of `types.Catalog`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import orjson
import sqlalchemy as sa
from numpy.typing import NDArray

from shopkeeper.amended import AmendedRows, AmendedTexts
from shopkeeper.attributes import Attributes
from shopkeeper.observed import SECONDS_A_DAY
from shopkeeper.packed import PackedTexts
from shopkeeper.store.database import fetch_many
from shopkeeper.store.schema import PRODUCTS as SCHEMA
from shopkeeper.store.tables import PRODUCTS
from shopkeeper.types import Catalog, DayArray, PriceArray, RowArray

DESCRIBED = 500
"""So many characters of a description are searched."""
_TEXTS = {"product_id": "product_ids", "title": "titles", "brand": "brands", "description": "descriptions"}
"""The columns of texts, and the fields of the catalogue that hold them."""
_ARRAYS = ("categories", "departments", "groups", "prices", "available", "created", "deleted")
_COLUMNS = (
    PRODUCTS.c.product_id,
    PRODUCTS.c.title,
    PRODUCTS.c.brand,
    PRODUCTS.c.category,
    PRODUCTS.c.group_id,
    PRODUCTS.c.price,
    PRODUCTS.c.availability,
    PRODUCTS.c.created_at,
    PRODUCTS.c.deleted,
    PRODUCTS.c.currency,
    PRODUCTS.c.description,
)


def catalog_of(connection: sa.Connection) -> Catalog:
    """All products, deleted ones too, as columns; position = row."""
    found = fetch_many(connection, sa.select(*_COLUMNS).order_by(PRODUCTS.c.row))
    columns = list(zip(*found, strict=True)) or [()] * len(_COLUMNS)
    ids, titles, brands, categories, groups, prices, available, created, deleted, currencies, said = columns
    path_codes, path_texts = codes(categories)
    paths = [tuple(orjson.loads(text)) for text in path_texts]
    path_departments, departments = codes([path[0] if path else "" for path in paths])
    gone, currency = np.array(deleted, bool), _most_common(currencies)
    return Catalog(
        product_ids=PackedTexts.of(ids),
        titles=PackedTexts.of(titles),
        brands=PackedTexts.of(brands),
        categories=path_codes,
        category_paths=paths,
        departments=path_departments[path_codes] if paths else path_codes,
        department_names=departments,
        groups=_groups(groups),
        prices=_comparable(np.array(prices, np.float64), currencies, currency),
        available=np.array(available, bool) & ~gone,
        created=_days(created),
        deleted=gone,
        currency=currency,
        descriptions=PackedTexts.of(text[:DESCRIBED] for text in said),
    )


def changed(
    catalog: Catalog, rows: RowArray, records: Sequence[tuple[Any, ...]], attributes: Attributes
) -> Catalog | None:
    """The catalogue in which these rows say this, as schema.PRODUCTS has it, and its attributes are these.

    None where a product is or was one of several variants: whose group it then is takes reading the whole again.
    """
    last = dict(zip(rows.tolist(), (dict(zip(SCHEMA.names, record, strict=True)) for record in records), strict=True))
    known = rows[rows < len(catalog)]
    if any(said["group_id"] for said in last.values()) or (catalog.groups[known] != known).any():
        return None
    if np.isin(catalog.groups, known).sum() > len(np.unique(known)):
        return None
    n = max(len(catalog), max(last, default=-1) + 1)
    arrays = {name: _longer(getattr(catalog, name), n) for name in _ARRAYS}
    paths = {path: place for place, path in enumerate(catalog.category_paths)}
    departments = {name: place for place, name in enumerate(catalog.department_names)}
    currency = catalog.currency or _most_common([said["currency"] for said in last.values()])
    for row, said in last.items():
        path, said["description"] = tuple(orjson.loads(said["category"])), said["description"][:DESCRIBED]
        own = {
            "categories": paths.setdefault(path, len(paths)),
            "departments": departments.setdefault(path[0] if path else "", len(departments)),
            "groups": row,
            "prices": said["price"] if said["price"] is not None and said["currency"] in ("", currency) else np.nan,
            "available": bool(said["availability"]),
            "created": _day(said["created_at"]),
            "deleted": False,
        }
        for name, value in own.items():
            arrays[name][row] = value
    texts = {
        field: AmendedTexts(getattr(catalog, field), {row: said[name] for row, said in last.items()}, n)
        for name, field in _TEXTS.items()
    }
    columns: dict[str, Any] = texts | arrays
    made = Catalog(
        **columns,
        category_paths=list(paths),
        department_names=list(departments),
        attributes=attributes,
        currency=currency,
    )
    known_ids = {row: str(said["product_id"]) for row, said in last.items()}
    _look_up(made, catalog, known_ids)
    return made


def _look_up(made: Catalog, before: Catalog, ids: Mapping[int, str]) -> None:
    """What was looked up in the catalogue before need not be looked up again: only these rows are others."""
    if "row_of" in before.__dict__:
        made.__dict__["row_of"] = AmendedRows(before.row_of, {product_id: row for row, product_id in ids.items()})
    if "brand_codes" in before.__dict__:
        coded, numbers = _longer(before.brand_codes[0], len(made)), dict(before.brand_codes[1])
        for row in ids:
            coded[row] = numbers.setdefault(made.brands[row], len(numbers))
        made.__dict__["brand_codes"] = (coded, numbers)


def without(catalog: Catalog, rows: RowArray) -> Catalog:
    """The catalogue in which these rows are deleted."""
    deleted, available = catalog.deleted.copy(), catalog.available.copy()
    deleted[rows], available[rows] = True, False
    made = replace(catalog, deleted=deleted, available=available)
    if "row_of" in catalog.__dict__:
        gone = {catalog.product_ids[row]: None for row in rows.tolist()}
        made.__dict__["row_of"] = AmendedRows(catalog.row_of, gone)
    if "brand_codes" in catalog.__dict__:
        made.__dict__["brand_codes"] = catalog.brand_codes
    return made


def _longer(array: NDArray[Any], n: int) -> NDArray[Any]:
    """A copy of `n` places."""
    made = np.zeros(n, array.dtype)
    made[: len(array)] = array
    return made


def codes(values: Sequence[str]) -> tuple[RowArray, list[str]]:
    """int32 (n,): the number of each value in order of first appearance, and the values by number."""
    numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
    return np.fromiter(map(numbers.__getitem__, values), np.int32, len(values)), list(numbers)


def _most_common(currencies: Sequence[str]) -> str:
    named = Counter(currency for currency in currencies if currency)
    return named.most_common(1)[0][0] if named else ""


def _comparable(prices: PriceArray, currencies: Sequence[str], currency: str) -> PriceArray:
    """float64 (n,): the prices in this currency; NaN for those in others, which cannot stand beside them."""
    named = np.fromiter((own in ("", currency) for own in currencies), bool, len(prices))
    return np.where(named, prices, np.nan)


def _groups(names: Sequence[str | None]) -> RowArray:
    """int32 (n,): the first row of the product's group, its own row where it has none."""
    groups = np.arange(len(names), dtype=np.int32)
    first: dict[str, int] = {}
    for row, name in enumerate(names):
        if name:
            groups[row] = first.setdefault(name, row)
    return groups


def _days(moments: Sequence[str | None]) -> DayArray:
    known = {moment: _day(moment) for moment in set(moments)}
    return np.array([known[moment] for moment in moments], np.float64)


def _day(moment: str | None) -> float:
    if not moment:
        return float("nan")
    try:
        parsed = datetime.fromisoformat(moment)
    except ValueError:  # intake refuses such a date; what got past it shall not stop the shop
        return float("nan")
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp() / SECONDS_A_DAY
