"""The UCI Online Retail set as the shop imports it: the mapping of docs/examples/online_retail.toml, nothing else."""

import gzip
import hashlib
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from shopkeeper.encode.open import open_encoder
from shopkeeper.intake.load import load
from shopkeeper.settings import Encode
from shopkeeper.store.folder import create, open_folder
from shopkeeper.store.snapshot import interactions_table, snapshot
from shopkeeper.types import DayArray, FloatArray, Snapshot

FILE = "online_retail.csv.gz"
MAPPING = Path(__file__).parent.parent / "docs" / "examples" / "online_retail.toml"
GOODS = re.compile(r"\d{5}")
"""Stock codes of goods begin with five digits; postage, fees and samples have other codes."""
CHUNK = 256
DAYS_A_WEEK = 7.0


@dataclass(frozen=True)
class Retail:
    """The whole log of goods whose buyer is known, as of its last day, and the sha256 of the file."""

    whole: Snapshot
    sha256: str

    def at(self, day: float, seed: int = 0) -> Snapshot:
        """What was known at the beginning of that day."""
        log = self.whole.log.before(day)
        return replace(self.whole, day=day, log=log, interactions=interactions_table(log), seed=seed)

    def first_seen(self) -> DayArray:
        """float64 (n,): the day on which each product was first chosen; infinite where it never was."""
        first = np.full(len(self.whole.catalog), np.inf)
        np.minimum.at(first, self.whole.log.rows, self.whole.log.days)
        return first


def read(folder: Path) -> Retail:
    """The shop of the file in this folder."""
    file = folder / FILE
    if not file.is_file():
        raise SystemExit(f"{folder}: no {FILE} here. Give the folder of the UCI Online Retail set with --data.")
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        create(place / "shop", MAPPING.read_text("utf-8"))
        with gzip.open(file) as packed, (place / "online_retail.csv").open("wb") as plain:
            shutil.copyfileobj(packed, plain)
        with open_folder(place / "shop", writable=True) as shop:
            load(shop, [place / "online_retail.csv"])
            known = snapshot(shop)
        vectors = _vectors(known.catalog.titles, place / "cache")
    goods = np.array([GOODS.match(own) is not None for own in known.catalog.product_ids], bool)
    log = known.log.where(goods[known.log.rows])
    whole = replace(known, log=log, interactions=interactions_table(log), vectors=vectors)
    return Retail(whole, hashlib.sha256(file.read_bytes()).hexdigest())


def _vectors(titles: Sequence[str], cache: Path) -> FloatArray:
    """The titles as the packaged encoder reads them, float32 (n, d)."""
    encoder = open_encoder(Encode(), titles, cache, "auto")
    assert encoder is not None, "the default settings name an encoder"
    return np.concatenate([encoder.encode(titles[at : at + CHUNK], "passage") for at in range(0, len(titles), CHUNK)])
