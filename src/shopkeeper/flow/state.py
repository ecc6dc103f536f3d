"""What a version keeps beside its stages, and one error for a version that another release wrote."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypedDict, cast

import numpy as np
import orjson

from shopkeeper import __version__
from shopkeeper.errors import ForeignVersion
from shopkeeper.rank.train import Trained
from shopkeeper.store.folder import ShopFolder
from shopkeeper.store.listed import Checksums
from shopkeeper.store.versions import VersionInfo
from shopkeeper.types import BoolArray, RowArray
from shopkeeper.understood import Mined

STATE_FILE, VECTORS_FILE, POPULARITY_FILE = "state.json", "vectors.npy", "popularity.npy"
QUERIES_FILE, TEXTS_FILE, MINED_FILE = "queries.json", "texts.npy", "synonyms.json"
"""Past queries with how often each was asked; a checksum of each row's texts; mined synonyms with what showed them.
Absent from versions of earlier days."""


class State(TypedDict):
    """What `state.json` says: the moment it was learnt at, the last event it knows, which rankers were taught."""

    day: float
    last_seq: int
    n_products: int
    encoder: str
    rankers: list[str]
    lessons: dict[str, dict[str, int]]


def state_of(version: VersionInfo) -> State:
    """The version's state. Raises ForeignVersion where it is not as this release writes it."""
    with readable(version):
        found = orjson.loads((version.path / STATE_FILE).read_bytes())
    missing = [name for name in State.__annotations__ if name not in found]
    if missing:
        raise _foreign(version, f"{STATE_FILE} lacks {', '.join(missing)}")
    return cast(State, found)


def encoder_said(version: VersionInfo) -> str:
    """The fingerprint of the encoder that made the version's product vectors; empty where that cannot be read."""
    try:
        return state_of(version)["encoder"]
    except ForeignVersion:
        return ""


def queries_of(version: VersionInfo) -> dict[str, int]:
    """Past queries with how often each was asked; none in a version that has no file of them."""
    path = version.path / QUERIES_FILE
    with readable(version):
        return cast(dict[str, int], orjson.loads(path.read_bytes())) if path.is_file() else {}


def mined_of(version: VersionInfo) -> list[Mined]:
    """The synonyms that the version mined; none in a version that has no file of them."""
    path = version.path / MINED_FILE
    with readable(version):
        return [Mined(**own) for own in orjson.loads(path.read_bytes())] if path.is_file() else []


def texts_of(version: VersionInfo) -> Checksums | None:
    """uint32 (n,): of each row's texts when it was learnt, 0 for a deleted product; None where no file says so."""
    path = version.path / TEXTS_FILE
    with readable(version):
        return np.asarray(np.load(path, allow_pickle=False), np.uint32) if path.is_file() else None


def strange_to(folder: ShopFolder, version: VersionInfo, n_products: int, deleted: BoolArray) -> RowArray:
    """int32 (m,): the rows that a version of `n_products` has not learnt, or not with the texts that they have now.

    `deleted` bool (n,) is of all rows that there are.
    """
    learnt = texts_of(version)
    n = n_products if learnt is None else min(len(learnt), n_products)
    strange = np.arange(len(deleted)) >= n
    if learnt is not None:
        strange[:n] = (folder.products.checksums()[:n] != learnt[:n]) & ~deleted[:n]
    return np.flatnonzero(strange).astype(np.int32)


def lessons_of(version: VersionInfo) -> dict[str, Trained]:
    """What each of the version's rankers learnt from."""
    with readable(version):
        return {name: Trained(**own) for name, own in state_of(version)["lessons"].items()}


@contextmanager
def readable(version: VersionInfo) -> Iterator[None]:
    """Turns a failure to read files that are as they were sealed into ForeignVersion."""
    try:
        yield
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        said = " ".join(f"{type(error).__name__} {error}".split())
        raise _foreign(version, said) from error


def _foreign(version: VersionInfo, what: str) -> ForeignVersion:
    shop = version.path.parent.parent
    return ForeignVersion(
        f"version {version.name} was written by shopkeeper {version.manifest['shopkeeper']}, and this one, "
        f"{__version__}, cannot read it: {what}. Learn again: shopkeeper learn {shop}"
    )
