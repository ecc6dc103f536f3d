"""Two objectives at once: a logistic model, trees, and a mixture of experts, by how good their probabilities are.

    python -m benchmarks.objectives --data FOLDER [--seeds 3] [--write]

The folder's sessions are those of `benchmarks.click_models`: clicks on pages of ten queries, with the documents in many
orders. Objectives are whether a product is clicked, and whether it has the page's last click, after which nothing more
was looked for. A seed draws the pages: two fifths to count each document's clicks and last clicks (drawn to their mean
by ten views), a quarter to teach, a tenth to calibrate, a quarter to test; the set has no dates. What a model reads:
place, query, both counts of the document, and the means of those above it. `trees` are one LightGBM model an objective,
`mixture` is a multi-gate mixture of four experts (Ma et al., KDD 2018) that learns both at once. Settings are plain and
nothing was tuned.

auc, log_loss, error (of calibration, 15 bins of equal size): the mean over the seeds, the lowest and the highest;
`isotonic` is the same after a rising map from the part kept for it. `by_bin`: chance and share, trees, first seed.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from benchmarks.click_models import sessions
from benchmarks.page import write
from shopkeeper.measure.calibration import auc, calibration_error, log_loss, reliability
from shopkeeper.measure.clicks import Pages
from shopkeeper.types import BoolArray, FloatArray, IntArray

OBJECTIVES = ("click", "last_click")
PARTS = (0.4, 0.25, 0.1, 0.25)
EXPERTS, WIDTH, EPOCHS, BATCH = 4, 32, 3, 1024
Chances = NDArray[np.float64]
Teach = Callable[[FloatArray, BoolArray, FloatArray, int], Chances]
"""Features and labels to teach, features to tell, seed: the chances (n, objectives) of what is to tell."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.objectives")
    parser.add_argument("--data", type=Path, required=True, help="folder of the sessions")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/objectives.md")
    asked = parser.parse_args()
    pages, queries, data_hash = sessions(asked.data)
    runs = [_run(pages, queries, seed) for seed in range(asked.seeds)]
    figures: dict[str, Any] = {"benchmark": "objectives", "pages": len(queries), "seeds": asked.seeds}
    for name in MODELS:
        for objective in OBJECTIVES:
            own = [run[name][objective] for run in runs]
            figures[f"{name}.{objective}"] = {key: _spread([each[key] for each in own]) for key in own[0]}
        figures[f"{name}.cpu_s"] = round(float(np.mean([run[name]["cpu_s"] for run in runs])), 1)
    figures["by_bin"] = runs[0]["by_bin"]
    if asked.write:
        write("objectives", __doc__ or "", figures, data_hash)
    print(json.dumps(figures | {"data_hash": data_hash}))


def _run(pages: Pages, queries: IntArray, seed: int) -> dict[str, Any]:
    draw = np.random.default_rng(seed).permutation(len(queries))
    counting, teaching, mapping, testing = np.split(draw, (np.cumsum(PARTS[:-1]) * len(draw)).astype(np.int64))
    counts = _counts(pages, counting)
    (x, y), (mx, my), (tx, ty) = (_table(pages, queries, own, counts) for own in (teaching, mapping, testing))
    found: dict[str, Any] = {}
    for name, teach in MODELS.items():
        begun = time.process_time()
        chances = teach(x, y, np.concatenate([mx, tx]), seed)
        found[name] = {"cpu_s": time.process_time() - begun}
        for at, objective in enumerate(OBJECTIVES):
            mapped, told = chances[: len(mx), at], chances[len(mx) :, at]
            better = _mapped(mapped, my[:, at], told)
            scores = {"auc": auc(told, ty[:, at]), **_scores(told, ty[:, at])}
            found[name][objective] = scores | {f"isotonic_{k}": v for k, v in _scores(better, ty[:, at]).items()}
            if name == "trees" and objective == "click":
                found["by_bin"] = [(round(c, 3), round(s, 3)) for c, s, _ in reliability(told, ty[:, at])]
    return found


def _scores(chances: Chances, happened: BoolArray) -> dict[str, float]:
    return {"log_loss": log_loss(chances, happened), "error": calibration_error(chances, happened)}


def _labels(pages: Pages) -> BoolArray:
    """bool (s, width, objectives)."""
    width = pages.clicks.shape[1]
    last = width - 1 - np.argmax(pages.clicks[:, ::-1], axis=1)
    is_last = pages.clicks & (np.arange(width) == last[:, None])
    return np.stack([pages.clicks, is_last], axis=2)


def _counts(pages: Pages, which: IntArray) -> Chances:
    """float64 (n_pairs, objectives): the share of a document's views, drawn to all's by ten."""
    own = pages.take(which)
    views = np.bincount(own.pairs[own.shown], minlength=pages.n_pairs)
    labels = _labels(own)
    sums = [np.bincount(own.pairs[own.shown], labels[own.shown][:, at], pages.n_pairs) for at in range(2)]
    usual = [float(each.sum() / views.sum()) for each in sums]
    return np.stack([(each + 10 * mean) / (views + 10) for each, mean in zip(sums, usual, strict=True)], axis=1)


def _table(pages: Pages, queries: IntArray, which: IntArray, counts: Chances) -> tuple[FloatArray, BoolArray]:
    """Features float32 (n, f) and labels bool (n, objectives) of all that these pages showed."""
    own = pages.take(which)
    width, shown = own.clicks.shape[1], own.shown
    known = np.where(shown[:, :, None], counts[np.where(shown, own.pairs, 0)], 0.0)
    above = (np.cumsum(known, axis=1) - known) / np.maximum(np.arange(width), 1)[None, :, None]
    places = np.broadcast_to(np.eye(width), (len(which), width, width))
    asked = np.broadcast_to(np.eye(int(queries.max()) + 1)[queries[which]][:, None, :], (len(which), width, 10))
    logits = np.log(np.maximum(known, 1e-6) / (1 - known))
    features = np.concatenate([logits, above, places, asked], axis=2)[shown].astype(np.float32)
    return features, _labels(own)[shown]


def _mapped(chances: Chances, happened: BoolArray, told: Chances) -> Chances:
    """What is told, by the rising map that was best on the part kept for it."""
    order = np.argsort(chances, kind="stable")
    risen = isotonic_regression(happened[order].astype(np.float64)).x
    return np.asarray(np.interp(told, chances[order], risen), np.float64)


def trees(x: FloatArray, y: BoolArray, told: FloatArray, seed: int) -> Chances:
    """One model of 100 trees an objective."""
    import lightgbm

    plain = {"objective": "binary", "num_leaves": 15, "learning_rate": 0.1, "min_data_in_leaf": 100}
    plain |= {"num_threads": 1, "verbosity": -1, "seed": seed, "deterministic": True}
    made = [lightgbm.train(plain, lightgbm.Dataset(x, label=y[:, at]), 100) for at in range(y.shape[1])]
    return np.stack([np.asarray(model.predict(told), np.float64) for model in made], axis=1)


def logistic(x: FloatArray, y: BoolArray, told: FloatArray, seed: int) -> Chances:
    """A weight a feature, for each objective."""
    return _taught(x, y, told, seed, mixed=False)


def mixture(x: FloatArray, y: BoolArray, told: FloatArray, seed: int) -> Chances:
    """Experts that all objectives share, a gate and a tower for each objective."""
    return _taught(x, y, told, seed, mixed=True)


def _taught(x: FloatArray, y: BoolArray, told: FloatArray, seed: int, *, mixed: bool) -> Chances:
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    n, tasks = x.shape[1], y.shape[1]
    experts = torch.nn.Linear(n, EXPERTS * WIDTH)
    gates, towers = torch.nn.Linear(n, EXPERTS * tasks), torch.nn.Linear(WIDTH, tasks)
    plain = torch.nn.Linear(n, tasks)

    def logits(rows: torch.Tensor) -> torch.Tensor:
        if not mixed:
            return torch.nn.functional.linear(rows, plain.weight, plain.bias)
        known = torch.relu(experts(rows)).view(-1, 1, EXPERTS, WIDTH)
        share = torch.softmax(gates(rows).view(-1, tasks, EXPERTS), dim=2)[..., None]
        return ((known * share).sum(dim=2) * towers.weight).sum(dim=2) + towers.bias

    parts = [experts, gates, towers] if mixed else [plain]
    step = torch.optim.Adam([weight for part in parts for weight in part.parameters()], lr=0.003)
    inputs, wanted = torch.from_numpy(x), torch.from_numpy(y.astype(np.float32))
    for _ in range(EPOCHS):
        for own in torch.split(torch.randperm(len(inputs)), BATCH):
            step.zero_grad()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits(inputs[own]), wanted[own])
            torch.autograd.backward(loss)
            step.step()
    with torch.no_grad():
        return np.asarray(torch.sigmoid(logits(torch.from_numpy(told))).numpy(), np.float64)


MODELS: dict[str, Teach] = {"logistic": logistic, "trees": trees, "mixture": mixture}


def _spread(values: list[float]) -> list[float]:
    return [round(value, 4) for value in (float(np.mean(values)), min(values), max(values))]


if __name__ == "__main__":
    main()
