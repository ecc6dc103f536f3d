"""Many texts as one block of bytes: as strings of their own a million titles take twice as much memory."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import overload

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.integer]
RowArray = NDArray[np.int32]
PART = 4096
"""So many texts at a time are read one after the other."""


class PackedTexts(Sequence[str]):
    """Texts in UTF-8, one after the other, and where each begins; a text is made when it is asked for.

    `codes` say which of them, all different, stands in each place; without codes each stands in its own.
    """

    __slots__ = ("_block", "_codes", "_n", "_starts")
    __hash__ = None  # type: ignore[assignment]  # as a list has none

    def __init__(self, block: bytes, starts: Numbers, codes: Numbers | None = None) -> None:
        """starts (m + 1,), rising from 0 to the length of the block; codes int32 (n,) of texts; none: n is m."""
        kind = np.uint32 if len(block) <= np.iinfo(np.uint32).max else np.int64
        self._block = block
        # of memory views a number is read in half the time that one of an array takes
        self._starts = np.ascontiguousarray(starts, kind).data
        self._codes = None if codes is None else np.ascontiguousarray(codes, np.int32).data
        self._n = len(self._starts) - 1 if self._codes is None else len(self._codes)

    @classmethod
    def of(cls, texts: Iterable[str]) -> "PackedTexts":
        """The same texts in the same order."""
        values = list(texts)
        different = dict.fromkeys(values)
        codes = None
        if len(different) < len(values):
            numbers = dict(zip(different, range(len(different)), strict=True))
            codes, values = np.fromiter(map(numbers.__getitem__, values), np.int32, len(values)), list(different)
        written = [text.encode() for text in values]
        starts = np.fromiter(accumulate(map(len, written), initial=0), np.int64, len(written) + 1)
        return cls(b"".join(written), starts, codes)

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return list(map(self.__getitem__, range(*place.indices(self._n))))
        if not -self._n <= place < self._n:
            raise IndexError(f"place {place} of {self._n} texts")
        if place < 0:
            place += self._n
        if self._codes is not None:
            place = self._codes[place]
        return self._block[self._starts[place] : self._starts[place + 1]].decode()

    def find(self, text: str) -> int:
        """The first place of a text, -1 where none says it: one pass over the bytes makes no text of any."""
        number = self._number(text.encode())
        return number if number < 0 or self._codes is None else int(np.argmax(np.asarray(self._codes) == number))

    def _number(self, asked: bytes) -> int:
        if not asked:
            empty = np.flatnonzero(np.diff(np.asarray(self._starts)) == 0)
            return int(empty[0]) if len(empty) else -1
        at = self._block.find(asked)
        while at >= 0:
            number = bisect_right(self._starts, at) - 1
            if self._starts[number] == at and self._starts[number + 1] == at + len(asked):
                return number
            at = self._block.find(asked, at + 1)
        return -1

    def codes(self, places: RowArray) -> RowArray:
        """int32 (m,): equal where the texts of these places are, which none of them need be read for."""
        return places if self._codes is None else np.frombuffer(self._codes, np.int32)[places]

    def __iter__(self) -> Iterator[str]:
        for first in range(0, self._n, PART):
            yield from self[first : first + PART]

    def __eq__(self, other: object) -> bool:
        """Whether these are the texts of another sequence, of whatever class."""
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(map(str.__eq__, self, other))
