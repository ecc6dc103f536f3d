"""The model learns the shop and is exported, in a process of its own: torch's memory goes when it ends.

`adapt` starts it (`python -m shopkeeper.encode.adapt FOLDER`) and hears from it line by line. Nothing of the shop
changes: what came of it lies in a folder that the caller gave.
"""

import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import TypeAdapter

from shopkeeper import plugins
from shopkeeper.encode import corpus_files
from shopkeeper.encode import weights as weights_of
from shopkeeper.encode.apart import Progress, run_apart, say
from shopkeeper.encode.artefact import FAILURE, OWN, lacking
from shopkeeper.encode.card import Form
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.weights import NONE, Weights
from shopkeeper.errors import ShopkeeperError, TrainingError
from shopkeeper.store.disk import full_disk_as_error

JOB, OUTCOME = "job.json", "outcome.json"
EVERY, PATIENCE = 25, 8
"""Steps between two measurements on what is held out; a short training is measured several times too."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be learnt: the settings of the method and of each task, by name; it ends after so many minutes of each
    processor or so many steps, whichever comes first."""

    weights: Weights
    method: Mapping[str, Mapping[str, Any]]
    tasks: Mapping[str, Mapping[str, Any]]
    minutes: float
    steps: int = 500
    max_tokens: int = 64
    seed: int = 0
    adversarial: Literal["none", "fgm", "awp"] = "none"
    epsilon: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: the measurements of the training, as (step, processor seconds, loss or null, score)."""

    points: tuple[tuple[int, float, float | None, float], ...]
    n_parameters: int
    seconds: float
    forms: tuple[Form, ...] = ()

    @property
    def learnt(self) -> bool:
        """Whether anything was better on held-out data than the model as it came; only then there is an export."""
        return bool(self.forms)


_JOB, _OUTCOME = TypeAdapter(Job), TypeAdapter(Outcome)


def adapt(job: Job, corpus: Corpus, folder: Path, tell: Progress = lambda step, done, total: None) -> Outcome:
    """Teaches the model; where it got better, `folder`/encoder is then its int8 export, and only then.

    Raises TrainingError, in the words of what failed, and leaves nothing behind.
    """
    if missing := lacking():
        raise TrainingError(
            f"adapting {job.weights.model} needs {', '.join(missing)}: pip install 'shopkeeper[model]' (torch as a "
            f"CPU build first). Or set encode.minutes to 0, or {NONE}"
        )
    with tempfile.TemporaryDirectory(prefix=".adapting-", dir=folder) as making:
        _write(job, corpus, Path(making))
        run_apart("shopkeeper.encode.adapt", Path(making), tell)
        outcome = _OUTCOME.validate_json((Path(making) / OUTCOME).read_bytes())
        if outcome.learnt:
            (Path(making) / OWN).rename(folder / OWN)
    return outcome


def _write(job: Job, corpus: Corpus, making: Path) -> None:
    with full_disk_as_error(making):
        (making / JOB).write_bytes(_JOB.dump_json(job))
        corpus_files.write(corpus, making)


def main() -> int:
    """The child's side of `adapt`: a failure a user can mend is left in the folder, in words."""
    making = Path(sys.argv[1])
    try:
        (making / OUTCOME).write_bytes(_OUTCOME.dump_json(_learnt(making)))
    except ShopkeeperError as error:
        (making / FAILURE).write_text(str(error), encoding="utf-8")
        return 1
    return 0


def _learnt(making: Path) -> Outcome:
    import torch

    from shopkeeper.encode.export import export
    from shopkeeper.encode.forms import compared
    from shopkeeper.encode.model import TextModel
    from shopkeeper.encode.training import Schedule, train

    job = _JOB.validate_json((making / JOB).read_bytes())
    torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1))
    model = TextModel.load(job.weights, job.max_tokens)
    (method,) = (_made("method", name, given) for name, given in job.method.items())
    tasks = [_made("task", name, given) for name, given in job.tasks.items()]
    minutes = job.minutes * torch.get_num_threads()
    schedule = Schedule(
        steps=job.steps,
        every=EVERY,
        patience=PATIENCE,
        minutes=minutes,
        seed=job.seed,
        adversarial=job.adversarial,
        epsilon=job.epsilon,
    )
    corpus = corpus_files.read(making)
    history = train(model, method, tasks, corpus, schedule, say)
    points = tuple((p.step, p.cpu_s, None if np.isnan(p.loss) else p.loss, p.score) for p in history.points)
    outcome = Outcome(points, history.n_parameters, history.points[-1].cpu_s)
    if history.best.step == 0:
        return outcome
    say("exporting the adapted model", 0, 0)
    with tempfile.TemporaryDirectory(dir=making) as saved:
        model.save(Path(saved))
        (making / OWN).mkdir()
        agreement = export(replace(weights_of.find(saved), model=job.weights.model), making / OWN)
    stay = any(task.moves_products is False for task in tasks)
    forms = compared(model, making / OWN, corpus, corpus.vectors if stay else None, job.seed, agreement)
    return replace(outcome, forms=forms)


def _made(kind: str, name: str, given: Mapping[str, Any]) -> Any:
    plugin = plugins.load(kind, name)
    return plugin(plugin.Settings(**given))


if __name__ == "__main__":
    sys.exit(main())
