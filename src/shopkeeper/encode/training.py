"""A text model learns: any task or several of them, any method."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

import torch

from shopkeeper.encode.checkpoints import digest
from shopkeeper.encode.contract import Method, Progress, Task
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.distributed import join
from shopkeeper.encode.history import SILENT, History, Point, Schedule, Watch
from shopkeeper.encode.learner import Learner
from shopkeeper.encode.model import TextModel
from shopkeeper.errors import TrainingError

__all__ = ["History", "Method", "Point", "Progress", "Schedule", "Task", "Watch", "train"]


def train(
    model: TextModel,
    method: Method,
    task: Task | Sequence[Task],
    corpus: Corpus,
    schedule: Schedule,
    tell: Progress | Watch = SILENT,
) -> History:
    """Teaches the model, which is left as it was at its best on the held-out data of its task or tasks.

    Raises TrainingError where the corpus is too small, the loss is no number, one example needs more memory than there
    is, or the folder holds a checkpoint of something else; TrainingInterrupted on Ctrl-C and SIGTERM where there is a
    folder. Whatever ends it, nothing is lost: the model then has the numbers of its best measurement, at first those it
    came with.
    """
    tasks = _named([task] if not isinstance(task, Sequence) else task)
    together = join(model)
    about = _about(model, method, tasks, corpus, schedule) if schedule.folder else {}
    torch.manual_seed(schedule.seed)
    started = time.process_time()
    for each in tasks.values():
        each.prepare(model, corpus, schedule.seed)
    left = schedule.minutes - (time.process_time() - started) / 60  # to prepare is part of it
    learner = Learner(model, method, tasks, replace(schedule, minutes=max(left, 0.0)), together)
    try:
        learner.run(tell if isinstance(tell, Watch) else Watch(tell), about)
    finally:
        learner.back_to_best()
        method.finish(model)
        model.requires_grad_(True).eval()
    return History(tuple(learner.points), learner.n_parameters)


def _named(tasks: Sequence[Task]) -> dict[str, Task]:
    """Tasks by the name of their class in small letters; a second one of the same name has its number."""
    if not tasks:
        raise TrainingError("adapting the language model: no task was given. Give one or several, as 'matching'")
    named: dict[str, Task] = {}
    for task in tasks:
        name = type(task).__name__.lower()
        number = sum(type(other) is type(task) for other in named.values()) + 1
        named[name if number == 1 else f"{name}{number}"] = task
    return named


def _about(
    model: TextModel, method: Method, tasks: Mapping[str, Task], corpus: Corpus, schedule: Schedule
) -> dict[str, str]:
    """What is trained, as its checkpoint says it: when and where it ends early may change, all else may not."""
    free = {"minutes", "patience", "folder", "seed"}
    counted = {name: value for name, value in asdict(schedule).items() if name not in free}
    return {
        "tasks": " ".join(f"{name} {digest(vars(task))[:12]}" for name, task in tasks.items()),
        "method": f"{type(method).__name__.lower()} {digest(vars(method))[:12]}",
        "schedule": " ".join(f"{name}={value}" for name, value in counted.items()),
        "seed": str(schedule.seed),
        "corpus": f"{len(corpus)} products {digest(corpus)[:12]}",
        "model": f"{model.weights.model} {digest(*model.state_dict().values())[:12]}",
    }
