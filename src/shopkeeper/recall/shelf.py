"""The catalogue's vectors as a shelf to look along: products of one vector stand together, by binary code."""

import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from shopkeeper.recall.codes import Codes, distinct
from shopkeeper.recall.groups import NO_GROUP, Groups
from shopkeeper.store.mapped import mapped
from shopkeeper.types import Catalog, FloatArray, RowArray, Snapshot

HalfArray = NDArray[np.float16]
WIDENED = 50_000
"""Up to so many vectors are held in single precision, 77 MB at most: widening a thousand takes a millisecond."""
OWN, ALL = "vectors.npy", "all_vectors.npy"
"""The file of the groups' vectors, or of all rows', which a version has anyway and keeps once."""


@dataclass(frozen=True)
class VectorShelf:
    """What is scanned at one moment; replaced as a whole. Groups are the distinct vectors (u + m, d).

    `vectors` (u, d) may be mapped from a version; `fresh` (m, d) came since, as versions keep them: float16, in old
    ones float32. A small shelf's `vectors` are the same numbers as float32. Both are empty on a shelf of codes alone.
    With `firsts` int32 (u,) `vectors` are those of all rows, and these the rows that show the groups'.
    """

    groups: Groups
    codes: Codes
    vectors: FloatArray | HalfArray
    fresh: FloatArray | HalfArray
    firsts: RowArray | None = None

    @classmethod
    def of(cls, snapshot: Snapshot, *, exact: bool) -> "VectorShelf | None":
        """The shelf of a snapshot, most bought first within a group; None where there are no vectors."""
        from shopkeeper.store import offline  # with it comes Ibis, half a second that only learning needs

        vectors = snapshot.vectors
        if vectors is None or not vectors.any():
            return None
        group_of, first = distinct(vectors)
        group_of[snapshot.catalog.deleted] = NO_GROUP
        bought = offline.by_row(offline.counts(snapshot.interactions), "n", len(vectors))
        unique = vectors if len(first) == len(vectors) else vectors[first]
        groups = Groups(group_of, len(first), bought.astype(np.float32))
        kept = np.asarray(vectors if exact else vectors[:0], np.float16)
        firsts = first.astype(np.int32) if exact and len(first) < len(vectors) else None
        return cls(groups, Codes.of(unique, snapshot.seed), kept, kept[:0], firsts)

    def group(self, row: int) -> int:
        """The group of a row, -1 where it has none."""
        return int(self.groups.group_of[row]) if 0 <= row < len(self.groups.group_of) else NO_GROUP

    def exact(self, groups: RowArray) -> FloatArray:
        """float32 (m, d): the vectors of these groups."""
        if not len(self.fresh):
            return np.asarray(self._own(groups), np.float32)
        old = groups < self._n_own
        vectors = np.empty((len(groups), self.vectors.shape[1]), np.float32)
        vectors[old] = self._own(groups[old])
        vectors[~old] = self.fresh[groups[~old] - self._n_own]
        return vectors

    @property
    def _n_own(self) -> int:
        return len(self.vectors) if self.firsts is None else len(self.firsts)

    def _own(self, groups: RowArray) -> FloatArray | HalfArray:
        return self.vectors[groups if self.firsts is None else self.firsts[groups]]

    def updated(self, catalog: Catalog, rows: RowArray, vectors: FloatArray | None) -> "VectorShelf":
        """The same shelf with these rows' vectors as they are now; without vectors only deletions are taken in."""
        gone = catalog.deleted[rows]
        if vectors is None:
            nowhere = np.full(int(gone.sum()), NO_GROUP, np.int32)
            return replace(self, groups=self.groups.moved(rows[gone], nowhere, self.groups.n_groups))
        own, first = distinct(vectors)
        unique = np.asarray(vectors[first], np.float32)
        known = np.array([self._group_with(vector) for vector in unique], np.int32)
        new = known == NO_GROUP
        n_groups = self.groups.n_groups + int(new.sum())
        known[new] = np.arange(self.groups.n_groups, n_groups)
        moved = np.append(known, np.int32(NO_GROUP))[own]
        moved[gone] = NO_GROUP
        more = unique[new].astype(self.fresh.dtype)
        fresh = np.concatenate((self.fresh, more)) if self._is_exact() else self.fresh
        groups, codes = self.groups.moved(rows, moved, n_groups), self.codes.plus(unique[new])
        return replace(self, groups=groups, codes=codes, fresh=fresh)

    def save(self, folder: Path) -> None:
        """Writes the shelf into an existing folder."""
        self.codes.save(folder)
        if self.firsts is not None and not len(self.fresh):
            np.save(folder / ALL, self.vectors.astype(self.fresh.dtype))
            np.save(folder / "firsts.npy", self.firsts)
        else:
            own = self.vectors if self.firsts is None else self.vectors[self.firsts]
            np.save(folder / OWN, np.concatenate((own.astype(self.fresh.dtype), self.fresh)))
        np.save(folder / "group_of.npy", self.groups.group_of)
        np.save(folder / "priority.npy", self.groups.priority)

    @classmethod
    def load(cls, folder: Path, catalog: Catalog) -> "VectorShelf | None":
        """Reads it back, many vectors mapped; None where nothing was saved."""
        file = next((folder / name for name in (OWN, ALL) if (folder / name).is_file()), None)
        if file is None:
            return None
        vectors = mapped(file)
        codes = Codes.load(folder)
        group_of = np.load(folder / "group_of.npy")
        group_of[catalog.deleted[: len(group_of)]] = NO_GROUP
        groups = Groups(group_of, len(codes), np.load(folder / "priority.npy"))
        firsts = np.load(folder / "firsts.npy") if file.name == ALL else None
        own = cls(groups, codes, vectors, vectors[:0], firsts)
        if own._n_own > WIDENED:
            return own
        return replace(own, vectors=own.exact(np.arange(own._n_own, dtype=np.int32)), firsts=None)

    def _is_exact(self) -> bool:
        return self._n_own + len(self.fresh) == len(self.codes)

    def _group_with(self, vector: FloatArray) -> int:
        """The group of this very vector, -1 if there is none; on a shelf of codes alone, of this very code."""
        code = self.codes.code(vector[None])[:, 0]
        same = np.flatnonzero(self.codes.distances(code) == 0).astype(np.int32)
        if self._is_exact():
            same = same[(self.exact(same) == vector.astype(self.fresh.dtype)).all(axis=1)]
        return int(same[0]) if len(same) else NO_GROUP


class StandsOnShelf:
    """A source whose whole state is a shelf: how it learns, changes, is written and read back."""

    exact: ClassVar[bool]
    _shelf: VectorShelf | None = None

    def fit(self, snapshot: Snapshot) -> None:
        self._shelf = VectorShelf.of(snapshot, exact=self.exact)

    def update(self, catalog: Catalog, rows: RowArray, vectors: FloatArray | None) -> None:
        with _ONE_AT_A_TIME:
            if self._shelf is not None:
                self._shelf = self._shelf.updated(catalog, rows, vectors)

    def save(self, folder: Path) -> None:
        if self._shelf is not None:
            self._shelf.save(folder)

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._shelf = VectorShelf.load(folder, catalog)


_ONE_AT_A_TIME = threading.Lock()
