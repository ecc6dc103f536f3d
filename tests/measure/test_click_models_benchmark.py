"""How the benchmark of click models reads and splits its sessions. Claims:

1. pages are read in the order of their places, one pair for a query and document, shorter pages end in nothing.
2. each figure is the mean over splits, between the lowest and the highest; the model that made the clicks tells best.
"""

import gzip
from pathlib import Path

import numpy as np
import pytest

from benchmarks.click_models import BESIDE, measured, sessions
from shopkeeper.measure.clicks import MODELS, PositionBased
from tests.measure.test_clicks import TRUE, made


def written(folder: Path, query: str, pages: list[list[tuple[str, bool]]]) -> None:
    rows = ["sess_id,query,rank,clicked_doc_id,clicked"]
    for number, page in enumerate(pages):
        rows += [f"{number},{query},{float(place)},{name},{click}" for place, (name, click) in enumerate(page)]
    (folder / f"{query}_sessions.gz").write_bytes(gzip.compress("\n".join(rows).encode()))


def test_pages_are_read_as_they_stand(tmp_path: Path) -> None:
    written(tmp_path, "cup", [[("7", False), ("8", True)], [("8", False), ("7", False)]])
    written(tmp_path, "tea", [[("8", True)]])
    pages, queries, digest = sessions(tmp_path)
    assert pages.pairs.tolist() == [[0, 1], [1, 0], [2, -1]]
    assert pages.clicks.tolist() == [[False, True], [False, False], [True, False]]
    assert (queries.tolist(), pages.n_pairs, len(digest)) == ([0, 0, 1], 3, 64)


def test_figures_are_means_over_splits() -> None:
    truth = TRUE["position_based"]
    assert isinstance(truth, PositionBased)
    found = measured(made(truth, 1500, 7), np.arange(1500) % 2, 2, 0)
    assert found["models"].keys() == MODELS.keys() and found["pages"] == 1500
    for own in found["models"].values():
        for figure in ("log_likelihood", "perplexity"):
            mean, low, high = own[figure]
            assert low <= mean <= high
    assert found["models"][BESIDE]["gain"] == [0.0, 0.0, 0.0]
    assert all(found["models"][name]["gain"][2] < 0 for name in ("by_place", "cascade"))
    assert found["examination"] == pytest.approx(truth.examination.tolist(), abs=0.12)
