"""Files into a shop: read, validate, write, and account for every row."""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from shopkeeper import plugins
from shopkeeper.errors import IntakeError
from shopkeeper.intake import cast, rejected
from shopkeeper.intake.report import Count, Report, Twice
from shopkeeper.intake.rows import Chunk, Kind, Refusal
from shopkeeper.intake.validate import REFUSED_PRODUCT, UNKNOWN_PRODUCT, Accepted, refusal, validate
from shopkeeper.store.folder import ShopFolder

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how far it is, and how far it goes (0 where that is not known)."""

_log = logging.getLogger(__name__)


@dataclass
class _Tally:
    """One file's rows of one kind on their way."""

    accepted: list[Accepted] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    read: int = 0
    duplicate: int = 0
    repaired: int = 0
    repeated: list[Refusal] = field(default_factory=list)
    """Products whose id comes again further on, each with where it does."""
    turned_away: list[pa.Array] = field(default_factory=list)
    """Product ids of refused rows of products, as text."""
    untaken: dict[str, None] = field(default_factory=dict)
    """Columns that no field is read from, in the file's order."""

    def count(self, source: str, kind: Kind) -> Count:
        accepted = sum(len(part.table) for part in self.accepted) - self.duplicate
        return Count(source, kind, self.read, accepted, len(self.refused), self.duplicate, self.repaired)


_Tallies = dict[tuple[str, Kind], _Tally]


def load(
    folder: ShopFolder,
    paths: Sequence[Path],
    *,
    reader: str | None = None,
    progress: Progress | None = None,
    now: float | None = None,
) -> Report:
    """Brings the files into the shop and returns what became of every row.

    The reader goes by the files' extensions where none is named. All files are read before anything is written, so a
    file that cannot be read at all (IntakeError) leaves the shop as it was. Refused rows are kept under `rejected/`.
    `now` (UTC seconds; the clock's by default) says which events lie ahead and which days of the log are full.
    """
    started, tell = time.perf_counter(), progress or (lambda what, done, total: None)
    moment = time.time() if now is None else now
    groups = {reader: list(paths)} if reader is not None else by_extension(paths)
    tallies: _Tallies = defaultdict(_Tally)
    for name, own in groups.items():
        for chunk in _chunks(folder, name, own, tell):
            _sort(chunk, tallies[chunk.source, chunk.kind], folder.settings.shop.currency, moment)
    _write_products(folder, tallies, tell)
    users = _last_of_each(tallies, "users", "user_id")
    _refuse_unknown(folder, tallies)
    refused, repeated = ({key: getattr(own, what) for key, own in tallies.items()} for what in ("refused", "repeated"))
    kept = rejected.keep(folder.path, refused, repeated)
    _write_events(folder, tallies, tell, moment)  # late: what is in the log has its refused neighbours on the disk
    _write_users(folder, users, tell)
    counts = tuple(tally.count(source, kind) for (source, kind), tally in tallies.items())
    reasons = Counter(f"{row.column} {row.reason}".strip() for tally in tallies.values() for row in tally.refused)
    twice = tuple(
        Twice(Path(source).name, row.line, row.column, row.value, row.reason)
        for (source, _), rows in repeated.items()
        for row in rows
    )
    folder.keep_copies()
    untaken = {Path(source).name: tuple(tally.untaken) for (source, _), tally in tallies.items() if tally.untaken}
    report = Report(", ".join(groups), counts, reasons, kept, time.perf_counter() - started, twice, untaken)
    for count in counts:
        _log.info(
            "loaded kind=%s read=%d accepted=%d refused=%d duplicate=%d",
            count.kind,
            count.read,
            count.accepted,
            count.refused,
            count.duplicate,
        )
    return report


def by_extension(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """The files by the reader that their extension asks for. Raises IntakeError naming the extensions known."""
    readers = {
        extension: name
        for name, kind in plugins.all_of("reader").items()
        for extension in getattr(kind, "extensions", ())
    }
    groups: dict[str, list[Path]] = {}
    if not paths:
        raise IntakeError("no file named. Name files, or a reader that brings its own, such as complete_journey.")
    for path in paths:
        extension = Path(path.name.removesuffix(".gz")).suffix.lower()
        if extension not in readers:
            known = ", ".join(f"{ending} ({name})" for ending, name in sorted(readers.items()))
            raise IntakeError(f"{path}: no reader for '{extension}'. Known: {known}. Or name the reader.")
        groups.setdefault(readers[extension], []).append(path)
    return groups


def _chunks(folder: ShopFolder, name: str, paths: list[Path], tell: Progress) -> Iterator[Chunk]:
    source = plugins.load("reader", name)(folder.settings.of("reader", name))
    read = 0
    for chunk in source.read(paths):
        yield chunk
        read += len(chunk)
        tell("read", read, 0)


def _sort(chunk: Chunk, tally: _Tally, currency: str, now: float) -> None:
    good, refused = validate(chunk, currency, now)
    if len(good.table):
        tally.accepted.append(good)
    if refused and chunk.kind == "products" and "product_id" in chunk.columns:
        others = np.setdiff1d(np.arange(len(chunk)), good.index)
        tally.turned_away.append(cast.text(chunk.columns["product_id"].take(pa.array(others))))
    tally.refused += [*chunk.refused, *refused]
    tally.read += len(chunk) + len(chunk.refused)
    tally.repaired += chunk.repaired
    tally.untaken |= dict.fromkeys(chunk.untaken)


def _write_products(folder: ShopFolder, tallies: _Tallies, tell: Progress) -> None:
    """One upsert of the last row of each product_id."""
    if (table := _last_of_each(tallies, "products", "product_id")) is not None:
        tell("products", 0, len(table))
        folder.products.upsert_table(table)
        tell("products", len(table), len(table))


def _write_users(folder: ShopFolder, table: pa.Table | None, tell: Progress) -> None:
    """What the table tells of shoppers stands in place of what was known."""
    if table is not None:
        tell("users", 0, len(table))
        told = zip(table["user_id"].to_pylist(), map(orjson.loads, table["demographics"].to_pylist()), strict=True)
        folder.users.describe(dict(told))
        tell("users", len(table), len(table))


def _last_of_each(tallies: _Tallies, wanted: Kind, name: str) -> pa.Table | None:
    """The last row of each id; the earlier ones are duplicates, and kept with where it stands. None for no rows."""
    parts = [(tally, part) for (_, kind), tally in tallies.items() if kind == wanted for part in tally.accepted]
    if not parts:
        return None
    ids = pa.concat_arrays([cast.flat(part.table[name]) for _, part in parts]).dictionary_encode().indices
    codes = np.asarray(ids, np.int64)
    last = np.full(int(codes.max()) + 1, -1, np.int64)
    np.maximum.at(last, codes, np.arange(len(codes)))
    stands = last[codes] == np.arange(len(codes))
    begins = np.cumsum([0, *(len(part.table) for _, part in parts)])
    tables = []
    for (tally, part), begin, end in zip(parts, begins, begins[1:], strict=False):
        own = stands[begin:end]
        for at in np.flatnonzero(~own):
            place = int(last[codes[begin + at]])
            other = int(np.searchsorted(begins, place, side="right")) - 1
            tally.repeated.append(_again(name, part, int(at), parts[other][1], place - int(begins[other])))
        tally.duplicate += int(np.sum(~own))
        tables.append(part.where(own).table)
    return pa.concat_tables(tables)


def _again(name: str, part: Accepted, at: int, other: Accepted, place: int) -> Refusal:
    """A row whose id comes again in a later one, which counts."""
    line, file = other.chunk.lines[other.index[place]], Path(other.chunk.source).name
    reason = f"comes again in line {line}" + (f" of {file}" if other.chunk.source != part.chunk.source else "")
    return refusal(part.chunk, int(part.index[at]), name, reason)


def _refuse_unknown(folder: ShopFolder, tallies: _Tallies) -> None:
    """Leaves out the events whose product the shop does not know."""
    own = [tally for (_, kind), tally in tallies.items() if kind == "events" and tally.accepted]
    if not own:
        return
    known = cast.flat(folder.products.table().select("product_id").to_pyarrow()["product_id"])
    refused = [cast.flat(ids) for tally in tallies.values() for ids in tally.turned_away]
    turned_away = pa.concat_arrays(refused) if refused else pa.array([], pa.string())
    for tally in own:
        tally.accepted = [_of_known_products(part, known, turned_away, tally) for part in tally.accepted]


def _write_events(folder: ShopFolder, tallies: _Tallies, tell: Progress, now: float) -> None:
    """One import a file."""
    own = [tally for (_, kind), tally in tallies.items() if kind == "events" and tally.accepted]
    done, total = 0, sum(len(part.table) for tally in own for part in tally.accepted)
    for tally in own:
        tell("events", done, total)
        done += sum(len(part.table) for part in tally.accepted)
        table = pa.concat_tables([part.table for part in tally.accepted])
        tally.duplicate = folder.events.import_table(table, now).duplicate
    if own:
        tell("events", total, total)


def _of_known_products(part: Accepted, known: pa.Array, turned_away: pa.Array, tally: _Tally) -> Accepted:
    """The events of known products; of each other one it is said whether its product stood in a refused row."""
    products = part.table["product_id"]
    fine = cast.mask(cast.flat(pc.or_(pc.equal(products, ""), pc.is_in(products, known))))
    met = cast.mask(cast.flat(pc.is_in(products, turned_away)))[~fine]
    for at, refused in zip(part.index[~fine], met, strict=True):
        reason = REFUSED_PRODUCT if refused else UNKNOWN_PRODUCT
        tally.refused.append(refusal(part.chunk, int(at), "product_id", reason))
    return part.where(fine)
