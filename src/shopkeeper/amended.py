"""Sequences and mappings of which a few places are others now: what a million places held before is not copied."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import overload

import numpy as np
from numpy.typing import NDArray

from shopkeeper.packed import PackedTexts

MOST = 3_000
"""So many places stand apart before all are put together again."""


class AmendedTexts(Sequence[str]):
    """The texts of `before` but for those `since`, by place; at least `n` of them, empty where nothing was said."""

    __slots__ = ("_before", "_n", "_since")
    _before: Sequence[str]
    _since: Mapping[int, str]

    def __init__(self, before: Sequence[str], since: Mapping[int, str], n: int) -> None:
        """Of amended texts the same is amended again; many places are put together."""
        if isinstance(before, AmendedTexts):
            since, before = {**before._since, **since}, before._before
        self._before, self._since, self._n = before, since, n
        if len(since) > MOST:
            self._before, self._since = PackedTexts.of(self), {}

    @property
    def before(self) -> Sequence[str]:
        """What the texts were made of."""
        return self._before

    def amends(self, places: NDArray[np.int32]) -> bool:
        """Whether any of these places is another now, or new."""
        return int(places.max(initial=0)) >= len(self._before) or not self._since.keys().isdisjoint(places.tolist())

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(self._n))]
        own = self._since.get(place)
        if own is not None:
            return own
        if 0 <= place < len(self._before):
            return self._before[place]
        if not -self._n <= place < self._n:
            raise IndexError(f"place {place} of {self._n} texts")
        return self[place + self._n] if place < 0 else ""

    def __iter__(self) -> Iterator[str]:
        texts = [*self._before, *repeat("", self._n - len(self._before))]
        for place, text in self._since.items():
            texts[place] = text
        return iter(texts)


def alike(texts: Sequence[str], places: NDArray[np.int32]) -> NDArray[np.int32]:
    """int32 (m,): equal where the texts of these places are equal. Packed ones are not read for it."""
    if isinstance(texts, AmendedTexts) and not texts.amends(places):
        texts = texts.before
    if isinstance(texts, PackedTexts):
        return texts.codes(places)
    codes: dict[str, int] = {}
    return np.array([codes.setdefault(texts[place], len(codes)) for place in places.tolist()], np.int32)


class AmendedRows(Mapping[str, int]):
    """The rows of `before` by product id but for those `since`; None where an id is gone."""

    __slots__ = ("_before", "_since")
    _before: Mapping[str, int]
    _since: Mapping[str, int | None]

    def __init__(self, before: Mapping[str, int], since: Mapping[str, int | None]) -> None:
        """Of amended rows the same is amended again; many are put together."""
        if isinstance(before, AmendedRows):
            since, before = {**before._since, **since}, before._before
        self._before, self._since = before, since
        if len(since) > MOST:
            self._before, self._since = dict(self.items()), {}

    def __getitem__(self, product_id: str) -> int:
        if product_id not in self._since:
            return self._before[product_id]
        row = self._since[product_id]
        if row is None:
            raise KeyError(product_id)
        return row

    def __iter__(self) -> Iterator[str]:
        yield from (own for own in self._before if own not in self._since)
        yield from (own for own, row in self._since.items() if row is not None)

    def __len__(self) -> int:
        there = sum(own in self._before for own in self._since)
        return len(self._before) - there + sum(row is not None for row in self._since.values())
