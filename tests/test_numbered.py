"""Claims:

1. A text is found by its number however many there are and whenever it came; others have none.
"""

import numpy as np

from shopkeeper.numbered import NO_TEXT, Numbered, hashes_of


def test_texts_are_found_by_number_whenever_they_came() -> None:
    numbered = Numbered.of(hashes_of(["milk", "oat", "tea"]), np.array([0, 1, 2], np.int32))
    assert numbered.find(hashes_of(["tea", "rye", "milk"])).tolist() == [2, NO_TEXT, 0]
    more = numbered.with_more(hashes_of(["rye", "茶"]), 3)
    assert more.find(hashes_of(["rye", "oat", "茶", "bran"])).tolist() == [3, 1, 4, NO_TEXT]
    assert numbered.find(hashes_of(["rye"])).tolist() == [NO_TEXT]


def test_where_there_is_nothing_nothing_is_found() -> None:
    nothing = Numbered.of(hashes_of([]), np.empty(0, np.int32))
    assert nothing.find(hashes_of(["milk"])).tolist() == [NO_TEXT]
    assert nothing.with_more(hashes_of([]), 0) is nothing
