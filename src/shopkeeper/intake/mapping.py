"""A file's columns to canonical fields, as the settings say; what they leave out is taken by its own name."""

from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from shopkeeper.errors import IntakeError, did_you_mean
from shopkeeper.intake import cast
from shopkeeper.intake.expression import PLACES, Choice, Expression, Source, as_list, as_object
from shopkeeper.intake.rows import Chunk, Kind
from shopkeeper.settings import PluginSettings, Section
from shopkeeper.types import IntArray

Object = dict[str, Source] | Source | None
List = list[Source] | Source | None


class Lacking(NamedTuple):
    """A column that a file lacks, and who asks for it."""

    column: str
    reason: str


class Fields(Section):
    """What a mapping can do, whichever table it fills."""

    kind: ClassVar[Kind]
    required: ClassVar[tuple[str, ...]]

    def given(self) -> dict[str, Expression | list[Expression] | dict[str, Expression]]:
        """The fields that the settings map."""
        own = ((name, getattr(self, name)) for name in type(self).model_fields if name != "derived")
        return {name: value for name, value in own if value is not None}

    def completed(self, columns: list[str]) -> "Fields":
        """This mapping, with every field that it leaves out read from the column of the same name, if there is one."""
        free = set(type(self).model_fields) - set(self.given()) - {"derived"}
        own = {name: Expression(column=name) for name in columns if name in free}
        return self.model_copy(update=own)

    def require(self, columns: list[str], place: str, section: str) -> None:
        """Raises IntakeError naming the column that is missing, the columns found and the key that asks for it."""
        lacking = self.lacking(columns, section)
        if lacking:
            found, hint = ", ".join(columns), did_you_mean(lacking.column, columns)
            raise IntakeError(f"{place}: {lacking.reason}. Columns found: {found}.{hint}")

    def lacking(self, columns: list[str], section: str) -> "Lacking | None":
        """The first column that this mapping needs and a file with these columns does not have."""
        for name, value in self.given().items():
            for needed in _columns(value):
                if needed not in columns:
                    return Lacking(needed, f"column '{needed}' is missing; {section}.{self.kind}.{name} asks for it")
        for name in self.required:
            if getattr(self, name) is None and name not in columns:
                reason = f"column '{name}' is missing and {section}.{self.kind}.{name} names no other"
                return Lacking(name, reason)
        return None

    def taken(self, columns: list[str]) -> set[str]:
        """The columns that a file with these columns is read from."""
        return {name for value in self.completed(columns).given().values() for name in _columns(value)}

    def chunk(self, table: pa.Table, lines: IntArray, source: str) -> Chunk:
        """The canonical columns of the raw rows in `table`."""
        mapping = self.completed(table.column_names)
        placed = _placed(table, lines, source)
        columns, shown, formats = {}, {}, {}
        for name, value in mapping.given().items():
            columns[name] = _values(value, placed)
            if isinstance(value, Expression) and value.is_moment():
                shown[name], formats[name] = cast.text(columns[name]), value.format
                columns[name], _ = cast.moment(columns[name], value.format, value.timezone)
        return Chunk(self.kind, source, lines, columns, table, shown=shown, formats=formats)


class ProductFields(Fields):
    """`[intake.<reader>.products]`: where each field of a product comes from."""

    kind: ClassVar[Kind] = "products"
    required: ClassVar[tuple[str, ...]] = ("product_id", "title")

    derived: bool = Field(False, description="Rows are not products: rows that share a product_id make one product.")
    product_id: Source | None = None
    title: Source | None = None
    group_id: Source | None = None
    description: Source | None = None
    brand: Source | None = None
    category: List = None
    price: Source | None = None
    currency: Source | None = None
    availability: Source | None = None
    attributes: Object = None
    images: List = None
    seller: Source | None = None
    locale: Source | None = None
    created_at: Source | None = None


class EventFields(Fields):
    """`[intake.<reader>.events]`: where each field of an event comes from."""

    kind: ClassVar[Kind] = "events"
    required: ClassVar[tuple[str, ...]] = ("event_id", "timestamp", "action")

    event_id: Source | None = None
    timestamp: Source | None = None
    action: Source | None = None
    user_id: Source | None = None
    session_id: Source | None = None
    product_id: Source | None = None
    query: Source | None = None
    request_id: Source | None = None
    position: Source | None = None
    quantity: Source | None = None
    value: Source | None = None
    context: Object = None


class UserFields(Fields):
    """`[intake.<reader>.users]`: where what is known of a shopper comes from.

    Without `demographics` every other column that is not blank is one thing that is known.
    """

    kind: ClassVar[Kind] = "users"
    required: ClassVar[tuple[str, ...]] = ("user_id",)

    user_id: Source | None = None
    demographics: Object = None

    def completed(self, columns: list[str]) -> "Fields":
        """This mapping, with all that it leaves out as demographics."""
        found = super().completed(columns)
        if "demographics" in found.given():
            return found
        whose = _columns(found.given()["user_id"])
        own = {name: Expression(column=name) for name in columns if name not in whose}
        return found.model_copy(update={"demographics": own})


class MappedSettings(PluginSettings):
    """What the settings of a reader map; what they leave out goes by the columns' own names."""

    products: ProductFields | None = Field(None, description="Where each field of a product comes from.")
    events: EventFields | None = Field(None, description="Where each field of an event comes from.")
    users: UserFields | None = Field(None, description="Where what is known of a shopper comes from.")

    def mapped(self) -> list[Fields]:
        """The tables that are mapped."""
        return [fields for fields in (self.products, self.events, self.users) if fields is not None]


MAPPABLE: dict[Kind, type[Fields]] = {"products": ProductFields, "events": EventFields, "users": UserFields}


def kinds_in(columns: list[str], place: str) -> tuple[Kind, ...]:
    """What a file without a mapping holds, by its columns. Raises IntakeError where they do not tell."""
    if "action" in columns or "event_id" in columns:
        return ("events",)
    if "title" in columns:
        return ("products",)
    if "user_id" in columns:
        return ("users",)
    raise IntakeError(
        f"{place}: cannot tell products, events and users by the columns found: {', '.join(columns)}. Products need "
        "product_id and title, events need event_id, timestamp and action, users user_id; or map them in the settings."
    )


def _columns(value: Expression | list[Expression] | dict[str, Expression]) -> list[str]:
    if isinstance(value, Expression):
        return value.columns()
    parts = value.values() if isinstance(value, dict) else value
    return [name for part in parts for name in part.columns()]


def _values(value: Expression | list[Expression] | dict[str, Expression], table: pa.Table) -> pa.Array:
    if isinstance(value, Expression):
        return value.values(table)
    if isinstance(value, dict):
        return as_object({name: part.values(table) for name, part in value.items()})
    return as_list([part.values(table) for part in value])


def _placed(table: pa.Table, lines: IntArray, source: str) -> pa.Table:
    places = {"file": pa.repeat(source, len(table)), "line": pa.array(lines)}
    for name in PLACES:
        if name not in table.column_names:
            table = table.append_column(name, places[name])
    return table


def derive(chunks: list[Chunk], choices: Mapping[str, Choice]) -> Chunk:
    """One product for each distinct product_id, in order of first sight, from rows that only mention products.

    Each field is chosen among the product's rows: most_frequent counts values that are not blank and prefers the
    earlier on a tie; median is over numbers above zero.
    """
    names = list(dict.fromkeys(name for chunk in chunks for name in chunk.columns))
    table = pa.concat_tables([pa.table(chunk.columns) for chunk in chunks], promote_options="default")
    lines = np.concatenate([chunk.lines for chunk in chunks])
    ids = cast.text(cast.flat(table["product_id"])).dictionary_encode()
    codes = np.asarray(pc.fill_null(ids.indices, -1), np.int64)
    first = np.full(len(ids.dictionary), len(table), np.int64)
    np.minimum.at(first, codes[codes >= 0], np.flatnonzero(codes >= 0))
    columns = {name: table[name].take(pa.array(first)) for name in names}
    for name in names:
        if name != "product_id":
            pick = _PICKS[choices.get(name, "most_frequent")]
            columns[name] = pick(pa.array(codes), cast.flat(table[name]), len(first))
    flat = {name: cast.flat(column) for name, column in columns.items()}
    flat["title"] = pc.fill_null(flat["title"], "")
    return Chunk("products", chunks[0].source, lines[first], flat)


def _ranked(codes: pa.Array, cells: pa.Array, n: int, order: str) -> pa.Array:
    """The best cell of each code by `order`, null where all are blank."""
    words = cast.list_text(cells) if pa.types.is_list(cells.type) else cast.text(cells)
    groups = pa.table({"code": codes, "cell": words, "at": pa.array(range(len(codes)))})
    groups = groups.filter(pc.and_(pc.not_equal(groups["cell"], ""), pc.greater_equal(groups["code"], 0)))
    counted = groups.group_by(["code", "cell"]).aggregate([("at", "count"), ("at", "min"), ("at", "max")])
    keys = {"most_frequent": [("at_count", "descending"), ("at_min", "ascending")], "first": [("at_min", "ascending")]}
    keys["last"] = [("at_max", "descending")]
    best = counted.sort_by(keys[order])
    found, where = np.unique(best["code"].to_numpy(), return_index=True)
    place = np.full(n, -1, np.int64)
    place[found] = where
    at = pa.array(place, mask=place < 0)
    return cast.flat(best["cell"]).take(at)


def _median(codes: pa.Array, cells: pa.Array, n: int) -> pa.Array:
    numbers, _ = cast.number(cells)
    table = pa.table({"code": codes, "cell": numbers})
    table = table.filter(pc.greater(table["cell"], 0)).sort_by([("code", "ascending"), ("cell", "ascending")])
    owner, values = table["code"].to_numpy(), table["cell"].to_numpy()
    found, start, count = np.unique(owner, return_index=True, return_counts=True)
    medians = np.full(n, np.nan)
    medians[found] = (values[start + (count - 1) // 2] + values[start + count // 2]) / 2
    return pa.array(medians, mask=np.isnan(medians))


_PICKS: dict[Choice, Callable[[pa.Array, pa.Array, int], pa.Array]] = {
    "most_frequent": lambda codes, cells, n: _ranked(codes, cells, n, "most_frequent"),
    "first": lambda codes, cells, n: _ranked(codes, cells, n, "first"),
    "last": lambda codes, cells, n: _ranked(codes, cells, n, "last"),
    "median": _median,
}
