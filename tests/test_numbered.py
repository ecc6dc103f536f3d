"""Claims:

1. A text is found by its number however many there are and whenever it came; others have none.
2. An id's row is found as a dict would find it, also where ids share a hash.
"""

import numpy as np
import pytest

from shopkeeper.numbered import NO_TEXT, ById, Numbered, hashes_of


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


class Alike(str):
    """A text whose hash many share."""

    def __hash__(self) -> int:
        return len(self)

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, str(other))


@pytest.mark.parametrize("kind", [str, Alike])
def test_the_row_of_an_id_is_found_as_a_dict_finds_it(kind: type[str]) -> None:
    ids = [kind(f"p{at}") for at in range(20)]
    deleted = np.arange(20) % 5 == 3
    by_id = ById(ids, deleted)
    expected = {own: row for row, own in enumerate(ids) if row % 5 != 3}
    assert dict(by_id) == expected and len(by_id) == len(expected) == 16
    assert [by_id.get(kind(each)) for each in ("p3", "p20", "", "p19")] == [None, None, None, 19]
    with pytest.raises(KeyError, match="p3"):
        by_id[kind("p3")]


def test_without_ids_there_is_no_row() -> None:
    assert (len(ById([], np.empty(0, bool))), ById([], np.empty(0, bool)).get("a")) == (0, None)
