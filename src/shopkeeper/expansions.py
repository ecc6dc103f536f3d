"""Products as weighted pieces of words: what a search without a language model finds them by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Expansions:
    """The pieces of words that products are found by: their own ones, and others that mean the same, with weights.

    Product r owns offsets[r]:offsets[r + 1] of `pieces` int32 (m,), rising numbers of the tokenizer's vocabulary, and
    of `weights` uint8 (m,), in steps of `step`. offsets int64 (n + 1,). `rarity` float32 (v,) is what a piece counts in
    a query, 0 what counts nothing; `usual` uint8 (v,) the weight it has where a text says it. `tokenizer` is JSON, as
    the library tokenizers reads it.
    """

    offsets: NDArray[np.int64]
    pieces: NDArray[np.int32]
    weights: NDArray[np.uint8]
    step: float
    rarity: NDArray[np.float32]
    usual: NDArray[np.uint8]
    tokenizer: str
