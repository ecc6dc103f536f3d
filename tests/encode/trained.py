"""A training of a tiny model in a process of its own, which may be killed: `python -m tests.encode.trained ...`.

The weights, the folder of the checkpoint ("" for none), what is dropped out at random, the step after which the process
is killed (0 for none), and the attack it learns under, if any. Beside the weights it writes the final numbers and the
history, a file a process.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import cast
from unittest.mock import patch

import numpy as np
import torch

from shopkeeper.encode import learner
from shopkeeper.encode import model as model_file
from shopkeeper.encode.adversarial import Kind
from shopkeeper.encode.batches import Batches
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.distributed import join
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.training import History, Schedule, train
from shopkeeper.encode.weights import find
from tests.encode.turning import Batched, Contrasted, Sided, drops, method, vectors

CORPUS = Corpus(["ab", "b"], [["ab"], ["b"]], ["", ""])
SCHEDULE = Schedule(steps=9, every=3, head_rate=0.01, seed=4, accumulate=2)


def trained(
    weights: Path, folder: Path | None, dropout: float, kill_at: int = 0, under: Kind = "none"
) -> tuple[TextModel, History]:
    """A model that learnt three tasks, with random numbers of torch and of numpy in every step."""
    model = TextModel.load(find(str(weights)))
    drops(model, dropout)

    def tell(what: str, step: int, steps: int) -> None:
        if step == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    tasks = [Batched(), Sided(), Contrasted(chunk=2)]
    schedule = replace(SCHEDULE, folder=folder, adversarial=under)
    return model, train(
        model, method("lora", rank=2, dropout=dropout, learning_rate=1e-3), tasks, CORPUS, schedule, tell
    )


@contextmanager
def exact() -> Iterator[None]:
    """All in 32 bits, where sums in another order differ little."""
    with patch.object(learner, "bf16_is_fast", lambda: False), patch.object(model_file, "bf16_is_fast", lambda: False):
        yield


def gradients(weights: Path) -> list[float]:
    """Those of a batch that is divided and of one that is compared as a whole, of all processes together."""
    model = TextModel.load(find(str(weights)))
    together = join(model)
    for task in (Batched(batch=7), Contrasted(chunk=1)):
        task.prepare(model, CORPUS, 0)
        for run, counts in Batches("", task, 1, together).drawn(np.random.default_rng(1)):
            if run:
                torch.autograd.backward(run(model) * counts)
    together.average(list(model.parameters()))
    return torch.cat([each.grad.flatten() for each in model.parameters() if each.grad is not None]).tolist()


def told(model: TextModel, history: History) -> dict[str, object]:
    """The final numbers, and the history but for how long it took."""
    points = [[point.step, point.loss, point.score, point.losses, point.scores] for point in history.points]
    return {"vectors": vectors(model).tolist(), "points": points}


def main() -> None:
    weights, folder, dropout, kill_at, *under = sys.argv[1:]
    with exact() if float(dropout) == 0 else nullcontext():
        own = gradients(Path(weights))
        model, history = trained(
            Path(weights), Path(folder) if folder else None, float(dropout), int(kill_at), *cast(list[Kind], under)
        )
        written = told(model, history) | {"gradients": own}
    Path(f"{weights}.{os.environ.get('RANK', '0')}.json").write_text(json.dumps(written))


if __name__ == "__main__":
    main()
