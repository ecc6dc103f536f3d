"""The catalogue's columns in one file, `cache/catalogue.arrow`: reading the rows of `shop.db` takes half a second more.

The file says which state of the products it was made from. Every change of them gives `shop.db` a new random number in
its own transaction (`tables.CATALOGUE_MARK`), so that a copy from before is noticed wherever a process was killed and
whoever made the change.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shopkeeper.store.arrays import numbers, numbers_of, packed_of, texts
from shopkeeper.store.copies import Copy
from shopkeeper.types import Catalog

FILE = "catalogue.arrow"
_WORD = pa.dictionary(pa.int32(), pa.string())
_LISTED = pa.schema(
    [
        ("product_ids", pa.string()),
        ("titles", _WORD),
        ("brands", _WORD),
        ("descriptions", _WORD),
        ("categories", pa.int32()),
        ("departments", pa.int32()),
        ("groups", pa.int32()),
        ("prices", pa.float64()),
        ("available", pa.uint8()),
        ("created", pa.float64()),
        ("deleted", pa.uint8()),
        ("checksums", pa.uint32()),
    ]
)
"""Columns of `types.Catalog` by its names, and the checksum of each row's texts."""
State = tuple[int, int]
Checksums = NDArray[np.uint32]


class Listed:
    """The copy. The checksums that were read last are held: whoever asks for the catalogue asks for them too."""

    def __init__(self, cache: Path) -> None:
        self._copy = Copy(cache / FILE)
        self._known: tuple[State, Checksums] | None = None

    def is_of(self, state: State) -> bool:
        """Whether the copy was made from this state of the products."""
        return (self._known is not None and self._known[0] == state) or self._read(state) is not None

    def catalog(self, state: State) -> Catalog | None:
        """The catalogue in this state; None where the copy is of another."""
        found = self._read(state)
        if found is None:
            return None
        table, about = found
        columns: dict[str, Any] = {}
        for field in _LISTED.remove(_LISTED.get_field_index("checksums")):
            column = table.column(field.name)
            if field.type in (pa.string(), _WORD):
                columns[field.name] = packed_of(column)
            else:  # a copy: an array that was not worth compressing is a part of the file, and would keep all of it
                columns[field.name] = numbers_of(column).copy()
        for name in ("available", "deleted"):
            columns[name] = columns[name].astype(np.bool_)
        paths = [tuple(path) for path in about["category_paths"]]
        names, currency = about["department_names"], about["currency"]
        return Catalog(**columns, category_paths=paths, department_names=names, currency=currency)

    def checksums(self, state: State) -> Checksums | None:
        """uint32 (n,): of each row's texts in this state; None where the copy is of another."""
        return self._known[1] if self.is_of(state) and self._known is not None else None

    def _read(self, state: State) -> tuple[pa.Table, dict[str, Any]] | None:
        found = self._copy.read()
        if found is None or found[0].schema != _LISTED or found[1]["state"] != list(state):
            return None
        self._known = (state, numbers_of(found[0].column("checksums")).copy())
        return found

    def write(self, catalog: Catalog, checksums: Checksums, state: State) -> None:
        """Writes the copy of the catalogue in this state."""
        arrays = []
        for field in _LISTED:
            values = checksums if field.name == "checksums" else getattr(catalog, field.name)
            if isinstance(values, np.ndarray):
                arrays.append(numbers(values, field.type))
            else:
                arrays.append(texts(values) if field.type == pa.string() else texts(values).dictionary_encode())
        about = {
            "state": state,
            "category_paths": catalog.category_paths,
            "department_names": catalog.department_names,
            "currency": catalog.currency,
        }
        self._copy.write(pa.Table.from_arrays(arrays, schema=_LISTED), about)
