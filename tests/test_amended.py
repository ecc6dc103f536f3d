"""Claims:

1. Amended texts read as a list would in which these places were written: by place, from behind, in part, from the first
   to the last, also after they were amended again and again; a place that nobody wrote says nothing; one beyond the end
   is an error. What they were made of stays as it was.
2. Amended rows read as a dict would in which these ids were written and others deleted, one that came back included.
"""

import numpy as np
import pytest

from shopkeeper.amended import MOST, AmendedRows, AmendedTexts


@pytest.mark.parametrize("n_steps", [3, MOST // 2])
def test_amended_texts_read_as_a_list_would(n_steps: int) -> None:
    random = np.random.default_rng(0)
    before = [f"text {place}" for place in range(50)]
    wanted, texts = list(before), AmendedTexts(before, {}, 50)
    for step in range(n_steps):
        new = len(wanted) + int(random.integers(3))
        said = {int(place): f"{step}: {place}" for place in random.integers(new, size=3)}
        wanted += [""] * (new - len(wanted))
        for place, text in said.items():
            wanted[place] = text
        texts = AmendedTexts(texts, said, new)
    assert list(texts) == wanted and len(texts) == len(wanted)
    assert [texts[place] for place in range(-len(wanted), len(wanted))] == [*wanted, *wanted]
    assert texts[3:40:7] == wanted[3:40:7] and texts[-2:] == wanted[-2:]
    assert before == [f"text {place}" for place in range(50)]
    with pytest.raises(IndexError):
        texts[len(wanted)]


@pytest.mark.parametrize("n_steps", [5, MOST])
def test_amended_rows_read_as_a_dict_would(n_steps: int) -> None:
    random = np.random.default_rng(1)
    before = {f"p{row}": row for row in range(40)}
    wanted, rows = dict(before), AmendedRows(before, {})
    for step in range(n_steps):
        gone, new = (f"p{number}" for number in random.integers(2 * MOST, size=2))
        wanted.pop(gone, None)
        wanted[new] = step
        rows = AmendedRows(rows, {gone: None, new: step})
    assert dict(rows) == wanted and len(rows) == len(wanted)
    assert all(rows.get(f"p{number}") == wanted.get(f"p{number}") for number in range(2 * MOST))
    assert before == {f"p{row}": row for row in range(40)}
