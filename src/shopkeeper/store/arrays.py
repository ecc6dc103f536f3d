"""Values to Arrow and back without `pa.array`, `pa.scalar` and `to_numpy`.

These import pandas, which takes half a second of a server's start and is of no use to it.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shopkeeper.packed import PackedTexts


def texts(values: Sequence[str]) -> pa.StringArray:
    """The texts as a string array, without nulls."""
    whole = "".join(values)
    # of ASCII a character is a byte, so nothing need be encoded one by one
    lengths = map(len, values) if whole.isascii() else (len(value.encode()) for value in values)
    ends = np.fromiter(accumulate(lengths, initial=0), np.int32, len(values) + 1)
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(ends), pa.py_buffer(whole.encode()))


def numbers(values: NDArray[Any], kind: pa.DataType) -> pa.Array:
    """An array of this fixed-width type over the memory of `values` (n,), which are as wide as it says."""
    assert values.dtype.itemsize * 8 == kind.bit_width, f"{values.dtype} is not as wide as {kind}"
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def numbers_or_none(values: Sequence[float | None], kind: pa.DataType) -> pa.Array:
    """An array of this fixed-width type, null where there is None."""
    there = np.array([value is not None for value in values], np.bool_)
    letter = "f" if pa.types.is_floating(kind) else "i"
    filled = np.array([0 if value is None else value for value in values], f"{letter}{kind.bit_width // 8}")
    bits = pa.py_buffer(np.packbits(there, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [bits, pa.py_buffer(filled)])


def texts_of(column: pa.ChunkedArray) -> list[str]:
    """The texts of a column, coded or plain; a coded one's equal texts are one object."""
    if not pa.types.is_dictionary(column.type):
        plain: list[str] = column.to_pylist()
        return plain
    coded = in_one_piece(column)
    words = coded.dictionary.to_pylist()
    return [words[number] for number in numbers_of(coded.indices).tolist()]


def packed_of(column: pa.ChunkedArray) -> PackedTexts:
    """The texts of a column without nulls, coded or plain, in memory of their own."""
    own = in_one_piece(column if pa.types.is_dictionary(column.type) else column.dictionary_encode())
    said, codes = own.dictionary, numbers_of(own.indices)
    _, ends, block = said.buffers()
    starts = np.frombuffer(ends or b"\0\0\0\0", np.int32)[said.offset : said.offset + len(said) + 1]
    whole = b"" if block is None else block.slice(int(starts[0]), int(starts[-1] - starts[0])).to_pybytes()
    plain = len(said) == len(codes) and bool((codes == np.arange(len(codes))).all())
    return PackedTexts(whole, starts - starts[0], None if plain else codes.copy())


def numbers_of(column: pa.Array | pa.ChunkedArray) -> NDArray[Any]:
    """The numbers of a column without nulls (n,), read-only; the memory is shared where the column is in one piece."""
    found: NDArray[Any] = np.from_dlpack(in_one_piece(column) if isinstance(column, pa.ChunkedArray) else column)
    return found


def in_one_piece(column: pa.ChunkedArray) -> pa.Array:
    """A column of numbers or of coded texts as one array, with one dictionary."""
    if column.num_chunks == 1:
        return column.chunk(0)  # joining would copy it
    if column.num_chunks:
        return column.unify_dictionaries().combine_chunks()
    if pa.types.is_dictionary(column.type):
        return texts([]).dictionary_encode()
    return pa.Array.from_buffers(column.type, 0, [None, pa.py_buffer(b"")])
