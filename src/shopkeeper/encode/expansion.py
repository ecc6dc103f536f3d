"""What products are found by beyond their own words, made in a process of its own and kept while nothing changes.

`expanded` starts it (`python -m shopkeeper.encode.expansion FOLDER`) and hears from it line by line.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import TypeAdapter

from shopkeeper.encode import corpus_files
from shopkeeper.encode.apart import Progress, run_apart, say
from shopkeeper.encode.artefact import FAILURE, lacking
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.weights import Weights
from shopkeeper.errors import ShopkeeperError, TrainingError
from shopkeeper.expansions import Expansions
from shopkeeper.store.disk import full_disk_as_error

if TYPE_CHECKING:
    from shopkeeper.encode.expander import Expander
    from shopkeeper.encode.model import TextModel

RECIPE = 1
"""Raised whenever the same texts and settings would give other expansions."""
JOB, FOUND, TOKENIZER = "job.json", "expansions.npz", "expansions.json"
RATE, HEAD_RATE, EVERY, PATIENCE = 1e-4, 2e-3, 100, 2
HIGHEST = 255


@dataclass(frozen=True, slots=True)
class Expansion:
    """What is to be learnt, and how many pieces of a product are kept: see `recall/sources/sparse.py`."""

    weights: Weights
    minutes: float
    steps: int
    kept: int
    sparsity: float
    max_tokens: int = 64
    seed: int = 0


_JOB = TypeAdapter(Expansion)


def expanded(
    job: Expansion, corpus: Corpus, cache: Path, tell: Progress = lambda step, done, total: None
) -> Expansions:
    """The corpus's products as weighted pieces of words; learnt anew only where texts or settings differ.

    What was learnt last lies in `cache`/expansions. Raises TrainingError.
    """
    kept = cache / "expansions" / _key(job, corpus)
    if not (kept / FOUND).is_file():
        if missing := lacking():
            raise TrainingError(f"recall.sparse needs {', '.join(missing)}: pip install 'shopkeeper[model]'")
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".expanding-", dir=cache) as making:
            with full_disk_as_error(cache):
                (Path(making) / JOB).write_bytes(_JOB.dump_json(job))
                corpus_files.write(corpus, Path(making))
            run_apart("shopkeeper.encode.expansion", Path(making), tell)
            shutil.rmtree(kept.parent)
            kept.mkdir(parents=True)
            (Path(making) / TOKENIZER).rename(kept / TOKENIZER)
            (Path(making) / FOUND).rename(kept / FOUND)  # last: a folder with it is whole
    with np.load(kept / FOUND, allow_pickle=False) as found:
        arrays = {name: found[name] for name in ("offsets", "pieces", "weights", "rarity", "usual")}
        return Expansions(**arrays, step=float(found["step"]), tokenizer=(kept / TOKENIZER).read_text(encoding="utf-8"))


def _key(job: Expansion, corpus: Corpus) -> str:
    """Equal where the same would come of it."""
    decides = {**asdict(job), "weights": job.weights.sha256, "recipe": RECIPE}
    digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode())
    for texts in (corpus.texts, *zip(*corpus.fields, strict=True), corpus.brands):
        digest.update("\n".join(texts).encode() + b"\0")
    return digest.hexdigest()[:32]


def main() -> int:
    """The child's side of `expanded`: a failure a user can mend is left in the folder, in words."""
    making = Path(sys.argv[1])
    try:
        _learn(making)
    except ShopkeeperError as error:
        (making / FAILURE).write_text(str(error), encoding="utf-8")
        return 1
    return 0


def _learn(making: Path) -> None:
    import torch

    from shopkeeper.encode.expanding import Expanding
    from shopkeeper.encode.methods.full import Full
    from shopkeeper.encode.model import TextModel
    from shopkeeper.encode.training import Schedule, train

    job, corpus = _JOB.validate_json((making / JOB).read_bytes()), corpus_files.read(making)
    torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1))
    model, task = TextModel.load(job.weights, job.max_tokens), Expanding(job.sparsity)
    schedule = Schedule(
        steps=job.steps,
        every=EVERY,
        patience=PATIENCE,
        minutes=job.minutes * torch.get_num_threads(),
        seed=job.seed,
        head_rate=HEAD_RATE,
    )
    train(model, Full(Full.Settings(learning_rate=RATE)), task, corpus, schedule, say)
    found = _expansions(model, task.head, task.ids, job.kept)
    model.tokenizer.save(str(making / TOKENIZER), pretty=False)
    arrays = {name: value for name, value in asdict(found).items() if name != "tokenizer"}
    np.savez(making / FOUND, **arrays)


def _expansions(model: "TextModel", head: "Expander", ids: list[list[int]], most: int) -> Expansions:
    """The highest weights of each text, and of each piece the mean weight in the texts that say it."""
    pieces, n = head.pieces, len(ids)
    known = len(pieces.known)
    columns, values = np.full((n, min(most, known)), 0, np.int32), np.zeros((n, min(most, known)), np.float32)
    sums, done = np.zeros(known), 0
    for places, weights in head.read(model, ids):
        best = np.argpartition(-weights, columns.shape[1] - 1, axis=1)[:, : columns.shape[1]]
        best.sort(axis=1)
        columns[places], values[places] = best, np.take_along_axis(weights, best, axis=1)
        for place, line in zip(places.tolist(), weights, strict=True):
            own = np.unique(pieces.place[ids[place]])
            own = own[own >= 0]
            sums[own] += line[own]
        done += len(places)
        say("expanding products", done, n)
    step = max(float(values.max(initial=0.0)), 1e-6) / HIGHEST
    whole = np.round(values / step).astype(np.uint8)
    said = whole > 0
    usual = np.full(len(pieces.rarity), round(float((sums / pieces.texts).mean()) / step), np.uint8)
    usual[pieces.known] = np.round(sums / pieces.texts / step).clip(1, HIGHEST)
    return Expansions(
        offsets=np.concatenate(([0], np.cumsum(said.sum(axis=1)))).astype(np.int64),
        pieces=pieces.known[columns[said]].astype(np.int32),
        weights=whole[said],
        step=step,
        rarity=pieces.rarity,
        usual=usual,
        tokenizer="",
    )


if __name__ == "__main__":
    sys.exit(main())
