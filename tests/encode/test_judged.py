"""What the benchmark of adapting says. Claims:

1. of all products, nDCG counts what nobody judged as 0, `judged` says how much of the first ten that is, `condensed`
   leaves it out.
2. of judged pairs, one that stands twice counts twice; the correlation is Spearman's, and 0 where grades do not differ.
3. CrowdFlower is read as titles, once each, with relevance 1 to 4 as grades 0 to 3.
4. a page keeps the figures of its other parts.
"""

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import page
from benchmarks.judged import Judged, crowdflower, scores
from shopkeeper.encode.corpus import Corpus
from shopkeeper.types import IntArray

FOUR = Corpus(["a", "b", "c", "d"], [("",)] * 4, [""] * 4)
COSINES = np.array([[0.9, 0.8, 0.7, 0.6]], np.float32)


def judged(rows: list[int], grades: list[int], whole: bool) -> Judged:
    as_int: list[IntArray] = [np.array(rows, np.int64), np.array(grades, np.int64)]
    return Judged(FOUR, ["a", "b", "c", "d"], ["q"], as_int[:1], as_int[1:], whole, "")


def found(asked: Judged) -> dict[str, float]:
    """What a query of one number finds among products of one number: the cosines above."""
    return {key: float(values[0]) for key, values in scores(asked, np.ones((1, 1), np.float32), COSINES.T).items()}


def test_of_all_products_what_nobody_judged_counts_nothing() -> None:
    values = found(judged([1, 3], [1, 2], True))
    best = 3 + 1 / np.log2(3)
    assert values["ndcg"] == pytest.approx((1 / np.log2(3) + 3 / np.log2(5)) / best)
    assert values["judged"] == 0.5
    assert values["condensed"] == pytest.approx((1 + 3 / np.log2(3)) / best)


def test_of_pairs_one_that_stands_twice_counts_twice() -> None:
    values = found(judged([3, 0, 0], [3, 1, 0], False))
    best = 7 + 1 / np.log2(3)
    assert values["ndcg"] == pytest.approx((1 + 7 / np.log2(4)) / best)
    ranks = np.corrcoef([1, 2.5, 2.5], [3, 2, 1])[0, 1]
    assert values["spearman"] == pytest.approx(ranks)
    assert found(judged([0, 1], [2, 2], False))["spearman"] == 0.0


def test_crowdflower_is_read_as_titles(tmp_path: Path) -> None:
    lines = ["query,product_title,median_relevance", "tea,Red tea,4", 'tea,"Mug,\nblue",1', "mug,Red tea,2"]
    (tmp_path / "judged_pairs.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    read = crowdflower(tmp_path)
    assert (read.titles, read.queries, read.whole) == (["Mug,\nblue", "Red tea"], ["tea", "mug"], False)
    assert [rows.tolist() for rows in read.rows] == [[1, 0], [1]]
    assert [grades.tolist() for grades in read.grades] == [[3, 0], [1]]
    assert read.validation.tolist() == replace(read, titles=[]).validation.tolist()


def test_a_page_keeps_its_other_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "PAGES", tmp_path)
    page.write("adapt", "What it is.\n\nMore.", {"after": 1}, "abc", "tea")
    page.write("adapt", "What it is.\n\nMore.", {"after": 2}, "def", "mugs")
    page.write("adapt", "What it is.\n\nMore now.", {"after": 3}, "abc", "tea")
    text = (tmp_path / "adapt.md").read_text()
    assert text.index("More now.") < text.index("## Figures of mugs") < text.index("| `after` | 2 |")
    assert text.index("sha256 `def`") < text.index("## Figures of tea") < text.index("| `after` | 3 |")
    assert "| `after` | 1 |" not in text
    assert text.count("# Adapt") == 1
    page.write("adapt", "What it is.", {"after": 4})
    assert (tmp_path / "adapt.md").read_text().count("## Figures") == 1
