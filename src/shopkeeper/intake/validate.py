"""Raw columns to the canonical tables, with the reason for every row that does not fit."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from shopkeeper.intake import cast
from shopkeeper.intake.rows import VALUE_LENGTH, Chunk, Kind, Refusal, cell_text
from shopkeeper.portrait import LONGEST_NAME, LONGEST_VALUE, MOST_DEMOGRAPHICS, bounded
from shopkeeper.store.schema import EVENTS, PRODUCTS, USERS, conform
from shopkeeper.types import ACTIONS, LONGEST_ID, MOST_MONEY, MOST_QUANTITY, BoolArray, IntArray

WITHOUT_PRODUCT = ("search", "answer")
"""The actions that may name no product."""
UNKNOWN_PRODUCT = "unknown product"
REFUSED_PRODUCT = "names a product whose row was refused"
_AHEAD_S = 86_400.0
"""Clocks may run this far ahead: a zone written wrongly is hours, a wrong unit or year is more."""


@dataclass(frozen=True)
class Accepted:
    """Canonical rows with where they stood: table (n rows), lines int64 (n,), the chunk and the rows' places in it."""

    table: pa.Table
    chunk: Chunk
    index: IntArray

    def where(self, keep: BoolArray) -> "Accepted":
        """Only the rows where `keep` (n,) holds."""
        return Accepted(self.table.filter(pa.array(keep)), self.chunk, self.index[keep])


class _Sheet:
    """A chunk being read: typed columns so far, and the first fault of every row."""

    def __init__(self, chunk: Chunk, now: float) -> None:
        self.chunk = chunk
        self.now = now
        self.typed: dict[str, pa.Array] = {}
        self.fault = np.full(len(chunk), -1, np.int64)
        self.faults: list[tuple[str, str]] = []

    def raw(self, name: str) -> pa.Array:
        column = self.chunk.columns.get(name)
        return column if column is not None else pa.nulls(len(self.chunk), pa.string())

    def blank(self, name: str) -> BoolArray:
        """bool (n,): nothing was given."""
        column = self.chunk.shown.get(name, self.raw(name))
        return cast.is_blank(cast.text(column)) if pa.types.is_string(column.type) else cast.mask(pc.is_null(column))

    def refuse(self, name: str, faulty: BoolArray, reason: str) -> None:
        """Rows that are `faulty` (n,) and have no fault yet are refused for this reason."""
        self.faults.append((name, reason))
        self.fault[faulty & (self.fault < 0)] = len(self.faults) - 1

    def read(self, name: str, convert: Callable[[pa.Array], tuple[pa.Array, BoolArray]], reason: str) -> pa.Array:
        self.typed[name], faulty = convert(self.raw(name))
        self.refuse(name, faulty, reason)
        return self.typed[name]

    def read_text(self, *names: str) -> None:
        for name in names:
            self.typed[name] = cast.text(self.raw(name))

    def read_id(self, name: str) -> None:
        self.read_text(name)
        self.refuse(name, cast.is_blank(self.typed[name]), "is missing")
        long = cast.mask(pc.greater(pc.utf8_length(self.typed[name]), LONGEST_ID))
        self.refuse(name, long, f"must be at most {LONGEST_ID} characters")

    def read_number(self, name: str) -> pa.Array:
        return self.read(name, cast.number, "must be a number")

    def moment_reason(self, name: str, plain: str) -> str:
        """What a moment must be: written as the mapping asks for, else as `plain` says."""
        asked = self.chunk.formats.get(name)
        return f"must be a moment that exists, written as {asked}" if asked else f"must be a moment ({plain})"

    def finished(self, schema: pa.Schema) -> tuple[Accepted, list[Refusal]]:
        good = self.fault < 0
        table = pa.table({name: self.typed[name] for name in schema.names if name in self.typed})
        accepted = Accepted(conform(table.filter(pa.array(good)), schema), self.chunk, np.flatnonzero(good))
        return accepted, [self._refusal(int(at)) for at in np.flatnonzero(~good)]

    def _refusal(self, at: int) -> Refusal:
        name, reason = self.faults[self.fault[at]]
        return refusal(self.chunk, at, name, reason)


def refusal(chunk: Chunk, at: int, name: str, reason: str) -> Refusal:
    """The refusal of one row of a chunk for the value of one of its columns."""
    column = chunk.shown.get(name, chunk.columns.get(name))
    shown = "" if column is None else cell_text(column[at])
    return Refusal(int(chunk.lines[at]), name, reason, shown[:VALUE_LENGTH], chunk.raw_row(at))


def validate(chunk: Chunk, currency: str, now: float | None = None) -> tuple[Accepted, list[Refusal]]:
    """The rows that fit the canonical schema, and a refusal for each that does not.

    `currency` stands where a product has a price and names none; `now` (UTC seconds; the clock's by default) says
    which events lie ahead.
    """
    sheet = _Sheet(chunk, time.time() if now is None else now)
    return _CHECKS[chunk.kind](sheet, currency)


def _products(sheet: _Sheet, currency: str) -> tuple[Accepted, list[Refusal]]:
    sheet.read_id("product_id")
    sheet.read_text("title", "group_id", "description", "brand", "currency", "seller", "locale")
    sheet.refuse("title", cast.mask(pc.is_null(sheet.typed["title"])), "is missing")
    price = sheet.read_number("price")
    sheet.refuse("price", cast.mask(pc.less(price, 0)), "must be >= 0")
    sheet.refuse("price", cast.mask(pc.greater(price, MOST_MONEY)), f"must be <= {MOST_MONEY:.0f}")
    sheet.read("availability", cast.flag, "must be true or false")
    sheet.read("category", cast.words_list, "must be a JSON list or a text")
    sheet.read("images", cast.words_list, "must be a JSON list or a text")
    sheet.read("attributes", cast.json_object, "must be a JSON object")
    created, not_moments = cast.moment(sheet.raw("created_at"))
    sheet.refuse("created_at", not_moments & ~sheet.blank("created_at"), sheet.moment_reason("created_at", "ISO 8601"))
    seconds = pc.floor_temporal(created, unit="second").cast(pa.timestamp("s", tz="UTC"))
    sheet.typed["created_at"] = pc.strftime(seconds, "%Y-%m-%dT%H:%M:%SZ")
    blank = pa.array(cast.is_blank(sheet.typed["currency"]))
    sheet.typed["currency"] = pc.if_else(blank, currency, sheet.typed["currency"])
    group = sheet.typed["group_id"]
    sheet.typed["group_id"] = pc.if_else(pa.array(cast.is_blank(group)), None, group)
    return sheet.finished(PRODUCTS)


def _events(sheet: _Sheet, _currency: str) -> tuple[Accepted, list[Refusal]]:
    sheet.read_id("event_id")
    moments, not_moments = cast.moment(sheet.raw("timestamp"))
    sheet.typed["timestamp"] = moments
    sheet.refuse("timestamp", sheet.blank("timestamp"), "is missing")
    sheet.refuse("timestamp", not_moments, sheet.moment_reason("timestamp", "ISO 8601, or seconds since 1970"))
    stamps = moments.cast(pa.int64())
    sheet.refuse("timestamp", cast.mask(pc.less(stamps, 0)), "must not be before 1970")
    ahead = cast.mask(pc.greater(stamps, round((sheet.now + _AHEAD_S) * 1e6)))
    sheet.refuse("timestamp", ahead, "must not be more than a day ahead of now: check the clock, the unit and the year")
    sheet.read_text("action", "user_id", "session_id", "product_id", "query", "request_id")
    known = cast.mask(pc.is_in(sheet.typed["action"], pa.array(ACTIONS)))
    sheet.refuse("action", ~known, f"must be one of {', '.join(ACTIONS)}")
    needs = ~cast.mask(pc.is_in(sheet.typed["action"], pa.array(WITHOUT_PRODUCT)))
    sheet.refuse("product_id", needs & cast.is_blank(sheet.typed["product_id"]), "is missing")
    quantity = sheet.read_number("quantity")
    sheet.refuse("quantity", cast.mask(pc.less(quantity, 0)), "must be >= 0; a return is a refund")
    sheet.refuse("quantity", cast.mask(pc.greater(quantity, MOST_QUANTITY)), f"must be <= {MOST_QUANTITY:.0f}")
    value = pc.abs(sheet.read_number("value"))
    sheet.refuse("value", cast.mask(pc.greater(value, MOST_MONEY)), f"must be within +-{MOST_MONEY:.0f}")
    position = sheet.read_number("position")
    within = pc.and_(pc.greater_equal(position, 0), pc.less(position, 2**31))
    whole = cast.mask(pc.and_(pc.equal(pc.floor(position), position), within))
    sheet.refuse("position", ~whole & ~cast.mask(pc.is_null(position)), "must be a whole number >= 0")
    sheet.typed["position"] = pc.if_else(pa.array(whole), position, None).cast(pa.int32())
    sheet.read("context", cast.json_object, "must be a JSON object")
    return sheet.finished(EVENTS)


def _users(sheet: _Sheet, _currency: str) -> tuple[Accepted, list[Refusal]]:
    sheet.read_id("user_id")
    told = sheet.read("demographics", cast.json_object, "must be a JSON object")
    much = [text is not None and not bounded(orjson.loads(text)) for text in told.to_pylist()]
    limits = f"at most {MOST_DEMOGRAPHICS} values of {LONGEST_VALUE} characters, by names of 1 to {LONGEST_NAME}"
    sheet.refuse("demographics", np.array(much, bool), f"must be {limits}")
    return sheet.finished(USERS)


_CHECKS: dict[Kind, Callable[[_Sheet, str], tuple[Accepted, list[Refusal]]]] = {
    "products": _products,
    "events": _events,
    "users": _users,
}
