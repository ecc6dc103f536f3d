"""The catalogue's rows to the columns of `types.Catalog`."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import orjson
import sqlalchemy as sa

from shopkeeper.store.database import fetch_many
from shopkeeper.store.tables import PRODUCTS
from shopkeeper.types import Catalog, DayArray, RowArray

SECONDS_A_DAY = 86_400.0
DESCRIBED = 500
"""So many characters of a description are searched."""
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
    gone = np.array(deleted, bool)
    return Catalog(
        product_ids=list(ids),
        titles=list(titles),
        brands=list(brands),
        categories=path_codes,
        category_paths=paths,
        departments=path_departments[path_codes] if paths else path_codes,
        department_names=departments,
        groups=_groups(groups),
        prices=np.array(prices, np.float32),
        available=np.array(available, bool) & ~gone,
        created=_days(created),
        deleted=gone,
        currency=_most_common(currencies),
        descriptions=[text[:DESCRIBED] for text in said],
    )


def codes(values: Sequence[str]) -> tuple[RowArray, list[str]]:
    """int32 (n,): the number of each value in order of first appearance, and the values by number."""
    numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
    return np.fromiter(map(numbers.__getitem__, values), np.int32, len(values)), list(numbers)


def _most_common(currencies: Sequence[str]) -> str:
    named = Counter(currency for currency in currencies if currency)
    return named.most_common(1)[0][0] if named else ""


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
