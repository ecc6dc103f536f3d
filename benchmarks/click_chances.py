"""How likely a shown product is clicked, as `learn` teaches it from a shop's pages, and whether that comes true.

    python -m benchmarks.click_chances --data FOLDER [--seeds 3] [--write]

The folder's sessions are those of `benchmarks.click_models`: clicks on pages of ten queries, 50,000 in all, the same
documents in many orders. The set has no dates: a seed draws the order of the pages, of which the first six tenths
teach, two tenths choose the number of trees and the calibration, and the last two tenths, looked at once, measure. The
set names no shoppers and logs no features: what the model (`rank/clicks.py`) reads is the place, what a document's
clicks before were against those its places let expect, and how many those were. Its settings are `learn`'s; none was
tuned here.

`rate_by_place` and `rate_by_product` are shares of clicks before, drawn to the mean by 20 views, `position_based` the
position-based click model on the same pages. auc, log_loss, brier, error (of calibration, 15 bins of equal size): the
mean over the seeds, the lowest and the highest. `gain`: log loss of the better of the two rates less ours, a page, mean
and 95 % interval (paired bootstrap over pages, first seed); `calibration`: what was chosen. `by_bin`: mean chance,
share clicked and number, the reliability diagram of the first seed; `by_place`: the same of the first ten places.
"""

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.click_models import sessions
from benchmarks.page import write
from shopkeeper.measure.calibration import Quality
from shopkeeper.measure.clicks import Pages, position_based
from shopkeeper.rank.clicks import CHOSEN, Shown, Usual, taught
from shopkeeper.types import FeatureTable, IntArray


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.click_chances")
    parser.add_argument("--data", type=Path, required=True, help="folder of the sessions")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/click_chances.md")
    asked = parser.parse_args()
    pages, _, data_hash = sessions(asked.data)
    runs = [_run(pages, seed) for seed in range(asked.seeds)]
    figures: dict[str, Any] = {"benchmark": "click_chances", "pages": len(pages.pairs), "seeds": asked.seeds}
    for name in runs[0]["qualities"]:
        own = [asdict(run["qualities"][name]) for run in runs]
        figures[name] = {key: _spread([each[key] for each in own]) for key in own[0]}
    figures["calibration"] = [run["calibration"] for run in runs]
    figures["cpu_s"] = _spread([run["cpu_s"] for run in runs])
    figures |= {name: runs[0][name] for name in ("gain", "by_bin", "by_place")}
    if asked.write:
        write("click_chances", __doc__ or "", figures, data_hash)
    print(json.dumps(figures | {"data_hash": data_hash}))


def _run(pages: Pages, seed: int) -> dict[str, Any]:
    order = np.random.default_rng(seed).permutation(len(pages.pairs))
    drawn = pages.take(order)
    begun = time.process_time()
    shown = _shown(drawn)
    model, card = taught(shown, pages.n_pairs, seed)
    spent = time.process_time() - begun
    assert model is not None and card.ours is not None, card.line
    first = int(CHOSEN * len(order))
    before, after = drawn.take(np.arange(first)), drawn.take(np.arange(first, len(order)))
    rival = Quality.of(position_based(before).marginal(after)[after.shown], after.clicks[after.shown])
    test, known = shown.where(shown.pages >= first), shown.where(shown.pages < first)
    told = type(model)(model.forest, model.calibration, Usual.of(known, pages.n_pairs)).chances(
        test.rows, test.table, test.scenes, test.places
    )
    by_place = [_share(told, test, test.places == place) for place in range(10)]
    return {
        "qualities": {"ours": card.ours, **card.baselines, "position_based": rival},
        "calibration": card.calibration,
        "gain": [round(value, 5) for value in card.gain],
        "by_bin": [(round(chance, 4), round(share, 4), n) for chance, share, n in card.bins],
        "by_place": by_place,
        "cpu_s": spent,
    }


def _share(told: Any, test: Shown, own: Any) -> tuple[float, float, int]:
    return round(float(told[own].mean()), 4), round(float(test.clicked[own].mean()), 4), int(own.sum())


def _shown(pages: Pages) -> Shown:
    """The pages in their order, as a shop's log would say them."""
    numbers, places = (np.broadcast_to(own, pages.pairs.shape) for own in _grid(pages))
    is_shown = pages.shown
    n = int(is_shown.sum())
    table = FeatureTable((), np.empty((n, 0), np.float32))
    columns = (numbers[is_shown], pages.pairs[is_shown], places[is_shown], np.zeros(n, np.int64))
    return Shown(*columns, pages.clicks[is_shown], table)


def _grid(pages: Pages) -> tuple[IntArray, IntArray]:
    n, width = pages.pairs.shape
    return np.arange(n)[:, None], np.arange(width)[None, :]


def _spread(values: list[float]) -> list[float]:
    return [round(value, 4) for value in (float(np.mean(values)), min(values), max(values))]


if __name__ == "__main__":
    main()
