"""What a shop may suggest: its categories, brands, titles and past queries, each once and by a number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shopkeeper.numbered import NO_TEXT, Hashes, Numbered, hashes_of
from shopkeeper.text import folded, has_han
from shopkeeper.types import Catalog, DayArray, FloatArray, IntArray, RowArray
from shopkeeper.understand.beginnings import END, PART
from shopkeeper.understood import Completion, Kind

FEW = 1000.0
"""As long as there were fewer searches, they weigh less than what is bought."""


@dataclass(frozen=True)
class Column:
    """Texts as they are written, what they are, and what each weighs, float64 (n,); which one each product bears."""

    texts: Sequence[str]
    kind: Kind
    weights: DayArray
    borne: RowArray


@dataclass(frozen=True)
class Phrases:
    """Distinct phrases. text: their normal forms in UTF-8, each followed by END; `chinese`: which hold such characters.

    weights float32 (n,): the popularity of all products that bear the phrase; bearers int32 (n,): how many there are
    that are not deleted; a past query counts as one that stays for good.
    """

    text: bytes
    chinese: Sequence[int]
    weights: FloatArray
    bearers: RowArray
    _names: Sequence[tuple[Sequence[str], Kind]]
    _pieces: NDArray[np.uint32]
    _numbered: Numbered

    def __len__(self) -> int:
        return len(self.weights)

    def number(self, key: str) -> int | None:
        """The number of a phrase in normal form; None where it is not one of these."""
        found = int(self._numbered.find(hashes_of([key]))[0])
        return None if found == NO_TEXT else found

    def written(self, number: int) -> Completion:
        """The phrase as people read it, and what it is."""
        place = int(self._pieces[number])
        for texts, kind in self._names:
            if place < len(texts):
                return Completion(texts[place].strip(), kind)
            place -= len(texts)
        raise AssertionError("a piece of no column")


def phrases_of(catalog: Catalog, share: FloatArray, queries: Mapping[str, float]) -> Phrases:
    """Last category names, brands and titles, then past queries: what comes first says what a phrase is.

    share float32 (n_products,): each product's part of all popularity; what weighs nothing is left out.
    """
    columns = _columns(catalog, share, queries)
    pieces = [_normal(column.texts) for column in columns]
    lengths, hashes = (np.concatenate([piece[at] for piece in pieces]) for at in (1, 2))
    weights = np.concatenate([column.weights for column in columns])
    kept = np.flatnonzero((lengths > 0) & (weights > 0))
    _, first, inverse = np.unique(hashes[kept], return_index=True, return_inverse=True)
    shown = np.sort(first)  # numbered as they come
    number = np.searchsorted(shown, first)[inverse].astype(np.int32)
    number_of = np.full(len(hashes), NO_TEXT, np.int32)
    number_of[kept] = number
    chosen = kept[shown]
    taken = np.zeros(len(hashes), np.bool_)
    taken[chosen] = True
    text = np.frombuffer(b"".join(piece[0] for piece in pieces), np.uint8)
    starts = np.cumsum([0, *(len(column.texts) for column in columns)])
    han = np.concatenate([start + piece[3] for start, piece in zip(starts[:-1], pieces, strict=True)])
    bearers = np.zeros(len(chosen), np.int32)
    for start, column in zip(starts.tolist(), columns, strict=False):
        own = number_of[start + column.borne]
        bearers += np.bincount(own[own != NO_TEXT], minlength=len(bearers)).astype(np.int32)
    return Phrases(
        text=text[np.repeat(taken, lengths + 1)].tobytes(),
        chinese=number_of[han[taken[han]]].tolist(),
        weights=np.bincount(number, weights[kept], len(chosen)).astype(np.float32),
        bearers=bearers,
        _names=[(column.texts, column.kind) for column in columns],
        _pieces=chosen.astype(np.uint32),
        _numbered=Numbered.of(hashes[chosen], np.arange(len(chosen), dtype=np.int32)),
    )


def said(catalog: Catalog, row: int) -> list[tuple[str, Completion]]:
    """The phrases of a product by normal form, as written, one a column; none of one that is deleted or absent."""
    if row >= len(catalog) or catalog.deleted[row]:
        return []
    category = "".join(catalog.category_paths[catalog.categories[row]][-1:])
    names: tuple[tuple[str, Kind], ...] = (
        (category, "category"),
        (catalog.brands[row], "brand"),
        (catalog.titles[row], "product"),
    )
    return [(key, Completion(name.strip(), kind)) for name, kind in names if (key := folded(name))]


def _columns(catalog: Catalog, share: FloatArray, queries: Mapping[str, float]) -> list[Column]:
    codes, brands = catalog.brand_codes
    columns: tuple[tuple[Sequence[str], Kind, RowArray], ...] = (
        (["".join(path[-1:]) for path in catalog.category_paths], "category", catalog.categories),
        (list(brands), "brand", codes),
        (catalog.titles, "product", np.arange(len(catalog), dtype=np.int32)),
    )
    kept = np.flatnonzero(~catalog.deleted)
    found = [Column(texts, kind, _worth(of, share, len(texts)), of[kept]) for texts, kind, of in columns]
    times = np.array(list(queries.values()), np.float64)
    asked = times / max(times.sum(), FEW)  # three searches alone must not outweigh every product
    return [*found, Column(list(queries), "query", asked, np.arange(len(times), dtype=np.int32))]


def _normal(texts: Sequence[str]) -> tuple[bytes, IntArray, Hashes, IntArray]:
    """The normal forms, each followed by END; how many bytes each has, int64 (n,); hashes; which hold Chinese."""
    whole, hashes, chinese = [], [np.empty(0, np.uint64)], []
    for start in range(0, len(texts), PART):
        keys = [folded(text) for text in texts[start : start + PART]]
        whole.append("".join(f"{key}{END.decode()}" for key in keys).encode())
        hashes.append(hashes_of(keys))
        chinese += [start + at for at, key in enumerate(keys) if has_han(key)]
    joined = b"".join(whole)
    ends = np.flatnonzero(np.frombuffer(joined, np.uint8) == END[0])
    return joined, np.diff(ends, prepend=-1) - 1, np.concatenate(hashes), np.array(chinese, np.int64)


def _worth(of: RowArray, share: FloatArray, n: int) -> DayArray:
    return np.asarray(np.bincount(of, share, n), np.float64)
