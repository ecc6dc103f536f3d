"""The number of each text that an index holds, by a hash of the text: as keys a million texts take half a gigabyte."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

RowArray = NDArray[np.int32]
Hashes = NDArray[np.uint64]
NO_TEXT = -1


def hashes_of(texts: Iterable[str]) -> Hashes:
    """uint64 (m,): of each text; of a million different ones two are alike once in forty million catalogues."""
    digests = b"".join(blake2b(text.encode(), digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, np.uint64)


@dataclass(frozen=True)
class Numbered:
    """hashes uint64 (n,) rising, with the number of each, int32 (n,); those that came `since` by hash."""

    hashes: Hashes
    numbers: RowArray
    since: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, hashes: Hashes, numbers: RowArray) -> "Numbered":
        """The numbers of different hashes, in any order."""
        order = np.argsort(hashes)
        return cls(hashes[order], numbers[order])

    def find(self, hashes: Hashes) -> RowArray:
        """int32 (m,): the number of each, NO_TEXT for one that is not held."""
        found = np.full(len(hashes), NO_TEXT, np.int32)
        if len(self.hashes):
            place = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
            there = self.hashes[place] == hashes
            found[there] = self.numbers[place[there]]
        for at in np.flatnonzero(found == NO_TEXT).tolist() if self.since else ():
            found[at] = self.since.get(int(hashes[at]), NO_TEXT)
        return found

    def with_more(self, hashes: Hashes, first: int) -> "Numbered":
        """These and others, different ones, numbered from `first`."""
        new = {own: first + at for at, own in enumerate(hashes.tolist())}
        return Numbered(self.hashes, self.numbers, {**self.since, **new}) if new else self


class ById(Mapping[str, int]):
    """The row of each of many different ids that is not deleted. As keys of a dict a million take 80 MB, here 12."""

    def __init__(self, ids: Sequence[str], deleted: NDArray[np.bool_]) -> None:
        """deleted bool (n,): of each row."""
        self._ids, self._deleted = ids, deleted
        hashes = np.fromiter(map(hash, ids), np.int64, len(ids))  # strings know theirs: twenty times as fast as blake2b
        order = np.argsort(hashes, kind="stable")
        self._hashes, self._rows = hashes[order], order.astype(np.int32)

    def __getitem__(self, own: str) -> int:
        row = self._row(own)
        if row is None or self._deleted[row]:
            raise KeyError(own)
        return row

    def __len__(self) -> int:
        return len(self._ids) - int(self._deleted.sum())

    def __iter__(self) -> Iterator[str]:
        return (own for own, gone in zip(self._ids, self._deleted.tolist(), strict=True) if not gone)

    def _row(self, own: str) -> int | None:
        asked = hash(own)
        at = int(np.searchsorted(self._hashes, asked))
        while at < len(self._hashes) and self._hashes[at] == asked:  # two ids may have one hash
            if self._ids[row := int(self._rows[at])] == own:
                return row
            at += 1
        return None
