"""A folder of ordered histories as a shop: who took what after what, the products' titles, and what to foretell."""

import gzip
import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shopkeeper.encode.open import open_encoder
from shopkeeper.profile.profiles import Profiles
from shopkeeper.settings import Encode
from shopkeeper.store.snapshot import interactions_table
from shopkeeper.testing import worlds
from shopkeeper.types import (
    ACTION_CODES,
    Batch,
    BoolArray,
    Catalog,
    FloatArray,
    IntArray,
    Intent,
    Interactions,
    Request,
    RowArray,
    Snapshot,
)

ENDING = ".s3rec.txt.gz"
LEAST = 3
"""One to learn from, one to choose by, one to measure."""
CHUNK = 256


@dataclass(frozen=True)
class Task:
    """`snapshot` is learnt from, `log` is known of each shopper when asked, int64 (b,) `targets` is what came next."""

    snapshot: Snapshot
    log: Interactions
    targets: IntArray

    @property
    def users(self) -> RowArray:
        return np.arange(len(self.targets), dtype=np.int32)

    def batch(self, users: RowArray, masked: bool) -> Batch:
        """A request for each of these shoppers; `masked` allows nothing that they have already."""
        portraits = Profiles(self.log).portraits(users)
        masks = [self._mask(portrait.rows) if masked else None for portrait in portraits]
        day = float(self.log.days.max()) + 1.0
        asked = zip(users.tolist(), masks, strict=True)
        requests = tuple(Request(request_id=str(u), scene="home", day=day, user=u, allowed=mask) for u, mask in asked)
        return Batch(requests, (Intent(),) * len(requests), portraits)

    def listed(self, lists_of: Callable[[Batch], IntArray], masked: bool) -> IntArray:
        """The lists of all shoppers, int64 (b, k), asked for some of them at a time."""
        starts = range(0, len(self.targets), CHUNK)
        return np.concatenate([lists_of(self.batch(self.users[start : start + CHUNK], masked)) for start in starts])

    def _mask(self, rows: RowArray) -> BoolArray:
        allowed = np.ones(len(self.snapshot.catalog), bool)
        allowed[rows] = False
        return allowed


@dataclass(frozen=True)
class Sequences:
    """Products by row, and the log: the i-th product of a shopper on day i, each day a basket of its own."""

    name: str
    catalog: Catalog
    log: Interactions
    sha256: str

    def leave_one_out(self, vectors: FloatArray | None, seed: int, keep: BoolArray | None = None) -> tuple[Task, Task]:
        """The validation's task (the last but one of each shopper) and the test's (the last), learnt from alike.

        Both are learnt from all but the last two, as published figures are; the test's history has the last but one.
        Lines that `keep` leaves out are neither learnt nor known.
        """
        kept = np.ones(len(self.log.rows), bool) if keep is None else keep
        known, later = (self.log.where(kept & self.before_last(n)) for n in (2, 1))
        learnt = Snapshot(
            day=float(self.log.days.max()) + 1.0,
            catalog=self.catalog,
            log=known,
            interactions=interactions_table(known),
            vectors=vectors,
            seed=seed,
        )
        ends, rows = self.log.offsets[1:], self.log.rows.astype(np.int64)
        return Task(learnt, known, rows[ends - 2]), Task(learnt, later, rows[ends - 1])

    def before_last(self, n: int) -> BoolArray:
        """Which lines come before the last n of their shopper, bool (m,)."""
        ends = np.repeat(self.log.offsets[1:], np.diff(self.log.offsets))
        return np.asarray(np.arange(len(ends)) < ends - n)

    def vectors(self) -> FloatArray:
        """The titles as the packaged encoder reads them, float32 (n, d)."""
        titles = self.catalog.titles
        with tempfile.TemporaryDirectory() as cache:
            encoder = open_encoder(Encode(), titles, Path(cache), "auto")
            assert encoder is not None, "the default settings name an encoder"
            starts = range(0, len(titles), CHUNK)
            return np.concatenate([encoder.encode(titles[start : start + CHUNK], "passage") for start in starts])


def read(folder: Path) -> Sequences:
    """What the folder's three files say. Raises SystemExit where they are not there or say too little."""
    found = sorted(folder.glob(f"*{ENDING}"))
    if len(found) != 1:
        raise SystemExit(f"{folder} holds {len(found)} files *{ENDING}: one is wanted, with its ids and titles beside")
    name = found[0].name.removesuffix(ENDING)
    paths = [found[0], folder / f"{name}.s3id_to_asin.json.gz", folder / f"{name}.item_titles.tsv.gz"]
    told, ids, titles = (gzip.decompress(path.read_bytes()) for path in paths)
    digest = hashlib.sha256(told + ids + titles).hexdigest()
    lines = [np.array(line.split()[1:], np.int32) - 1 for line in told.decode().splitlines() if line.strip()]
    if short := sum(len(line) < LEAST for line in lines):
        raise SystemExit(f"{paths[0]}: {short} shoppers have fewer than {LEAST} products")
    product_ids = [product_id for _, product_id in sorted((int(n), own) for n, own in json.loads(ids).items())]
    title_of = dict(line.split("\t", 1) for line in titles.decode().splitlines())
    named = [title_of.get(product_id, "") for product_id in product_ids]
    unpriced = np.full(len(named), np.nan)
    catalog = worlds.catalog(named, product_ids=product_ids, prices=unpriced, currency="")
    return Sequences(name, catalog, _log(lines), digest)


def _log(lines: list[RowArray]) -> Interactions:
    lengths = np.array([len(line) for line in lines])
    n = int(lengths.sum())
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    return Interactions(
        users=np.repeat(np.arange(len(lines), dtype=np.int32), lengths),
        rows=np.concatenate(lines).astype(np.int32),
        days=(np.arange(n) - np.repeat(offsets[:-1], lengths)).astype(np.float64),
        actions=np.full(n, ACTION_CODES["purchase"], np.int8),
        quantities=np.ones(n, np.float32),
        baskets=np.arange(n, dtype=np.int32),
        offsets=offsets,
    )
