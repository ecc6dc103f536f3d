"""One training under way: its steps, its measurements, its checkpoints."""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from shopkeeper.encode.adversarial import Attack, attack
from shopkeeper.encode.batches import Batches, Run, ran_out
from shopkeeper.encode.checkpoints import Checkpoints, Held
from shopkeeper.encode.contract import Following, Headed, Method, Remembering, Task
from shopkeeper.encode.curves import Curves
from shopkeeper.encode.distributed import Crew
from shopkeeper.encode.history import Point, Schedule, Watch
from shopkeeper.encode.interrupts import Told, heeded
from shopkeeper.encode.model import TextModel, bf16_is_fast
from shopkeeper.encode.weighting import RATE, Uncertainty, gain
from shopkeeper.errors import TrainingError, TrainingInterrupted

log = logging.getLogger(__name__)


class Learner:
    """One training under way, and the numbers of its best measurement."""

    def __init__(
        self, model: TextModel, method: Method, tasks: Mapping[str, Task], schedule: Schedule, together: Crew
    ) -> None:
        self.model, self.method, self.tasks, self.schedule, self.together = model, method, tasks, schedule, together
        body = method.prepare(model)
        heads = [number for task in tasks.values() if isinstance(task, Headed) for number in task.parameters()]
        self.n_parameters = sum(number.numel() for number in body)
        self.points: list[Point] = []
        self.step = 0
        self._weighting = Uncertainty(len(tasks))
        self._attack = attack(schedule.adversarial, schedule.epsilon, model, body)
        self._taught = [*body, *heads]
        self._all = [*self._taught, *self._weighting.log_variances]
        self._best = _copies(self._taught)
        decay = {"weight_decay": schedule.weight_decay}
        groups = [
            {"params": body, "highest": method.learning_rate, **decay},
            {"params": heads, "highest": schedule.head_rate, **decay},
            {"params": self._weighting.log_variances, "highest": RATE, "weight_decay": 0.0},
        ]
        self._optimizer = torch.optim.AdamW([group for group in groups if group["params"]])
        self._batches = [Batches(name, task, schedule.accumulate, together) for name, task in tasks.items()]
        rememberers: dict[str, object] = {"method": method, **tasks}
        self._remembering = {name: each for name, each in rememberers.items() if isinstance(each, Remembering)}
        self._draw = np.random.default_rng(schedule.seed + 1)
        self._losses: list[list[float]] = []
        self._spent, self._started = 0.0, time.process_time()
        if together.rank:  # what is dropped out at random differs from that of the other processes
            torch.manual_seed(schedule.seed + 1_000_003 * together.rank)

    def run(self, watch: Watch, about: Mapping[str, str]) -> None:
        """Steps and measures until the schedule, the time or the patience ends; goes on where it was stopped."""
        keeps = Checkpoints(self.schedule.folder, about) if self.schedule.folder else None
        held = keeps.read() if keeps else None
        if held:
            self._restore(held)
        curves = Curves(self.schedule.folder if self.together.rank == 0 else None, self.step if held else -1)
        try:
            if keeps is None:
                self._learn(watch, curves, None, Told())
            else:
                with heeded() as told:
                    self._learn(watch, curves, keeps, told)
        finally:
            curves.close()

    def back_to_best(self) -> None:
        """Gives the model the numbers of its best measurement; those it came with where there is none."""
        with torch.no_grad():
            for parameter, value in zip(self._taught, self._best, strict=True):
                parameter.copy_(value)

    def _learn(self, watch: Watch, curves: Curves, keeps: Checkpoints | None, told: Told) -> None:
        if not self.points:
            if len(self.tasks) > 1:
                self._weighting.begin(self._surviving(False))
            self._measure(watch, curves)
            self._keep(keeps, told)
        while not self._over():
            self.step += 1
            self._step(curves)
            watch.tell("adapting the language model", self.step, self.schedule.steps)
            due = self.step % self.schedule.every == 0 or self.step == self.schedule.steps or self._late()
            if due:
                self._measure(watch, curves)
            if due or self.together.any(bool(told.signal)):
                self._keep(keeps, told)

    def _over(self) -> bool:
        """Whether there is no further step; there is one at least, however little time."""
        best = max(range(len(self.points)), key=lambda at: self.points[at].score)
        worn_out = len(self.points) - 1 - best >= self.schedule.patience
        return self.step >= self.schedule.steps or worn_out or (self.step > 0 and self._late())

    def _late(self) -> bool:
        return self.together.any(self._cpu_s() > self.schedule.minutes * 60)

    def _timed(self) -> float:
        """How much of the minutes is spent, the same for all processes; 0 where there is no end to them."""
        if math.isinf(self.schedule.minutes):
            return 0.0
        return self.together.first([self._cpu_s() / max(self.schedule.minutes * 60, 1e-9)])[0]

    def _cpu_s(self) -> float:
        return self._spent + time.process_time() - self._started

    def _step(self, curves: Curves) -> None:
        share = _share_of_rate(self.schedule, self.step - 1, self._timed())
        for group in self._optimizer.param_groups:
            group["lr"] = group["highest"] * share
        begun = self._random()
        with self._attack.listening() if self._attack else nullcontext():
            losses = self._surviving(True)
        if not all(map(math.isfinite, losses)):
            shown = [_shown(self.tasks, past) for past in self._losses[-3:]]
            raise TrainingError(
                f"adapting the language model: the loss is {_shown(self.tasks, losses)} at step {self.step}, after "
                f"[{', '.join(shown)}]. {self._left()}. Lower the method's learning_rate, then learn again"
            )
        self._losses.append(losses)
        self.together.average(self._all)
        if self._attack:
            self._harder(self._attack, begun)
        torch.nn.utils.clip_grad_norm_(self._all, self.schedule.clip)
        self._optimizer.step()
        if isinstance(self.method, Following):
            self.method.after_step(self.model, self.step, self.schedule.steps)
        rate = float(self._optimizer.param_groups[0]["lr"])
        curves.add(self.step, self._cpu_s(), rate, {"loss": dict(zip(self.tasks, losses, strict=True))})

    def _harder(self, under: Attack, begun: tuple[Tensor, Any]) -> None:
        """The gradients of the same batch under attack; those it has are kept where its loss there is no number."""
        ended, plain = self._random(), [each.grad for each in self._all]
        tasks = [each for name, each in self._remembering.items() if name != "method"]
        memories = [{key: kept.clone() for key, kept in each.memory(self.model).items()} for each in tasks]
        with under.moved(self.together) as moved:
            self._draw_as(begun)
            losses = self._surviving(True) if moved else [math.nan]
        self._draw_as(ended)
        for each, memory in zip(tasks, memories, strict=True):
            each.remember(self.model, memory)
        hard = all(map(math.isfinite, losses))
        if hard:
            self.together.average(self._all)
        elif moved:
            log.warning("adapting step=%d attacked_loss=%s attack=left_out", self.step, losses)
        for number, before in zip(self._all, plain, strict=True):
            number.grad = _both(before, number.grad if hard else None, under.adds)

    def _random(self) -> tuple[Tensor, Any]:
        """Where the random numbers of a batch begin: torch's, and those it is drawn with."""
        return torch.get_rng_state(), self._draw.bit_generator.state

    def _draw_as(self, begun: tuple[Tensor, Any]) -> None:
        torch.set_rng_state(begun[0])
        self._draw.bit_generator.state = begun[1]

    def _surviving(self, learn: bool) -> list[float]:
        """The loss of each task on one batch, with gradients if asked; in smaller parts where memory runs out.

        Without gradients nothing has happened: the next batch is the same one.
        """
        begun = self._random()
        while True:
            self._optimizer.zero_grad()
            if self._attack:
                self._attack.forget()
            failed, losses = self._one_batch(learn)
            if failed is not None or not learn:
                self._draw_as(begun)
            if failed is None:
                return losses
            self._halve(failed)

    def _one_batch(self, learn: bool) -> tuple[Batches | None, list[float]]:
        """The task that ran out of memory, if one did; the loss of each."""
        self.model.train()
        losses = torch.zeros(len(self.tasks), dtype=torch.float64)
        for at, batches in enumerate(self._batches):
            for run, counts in batches.drawn(self._draw):
                value = self._part(at, run, counts, learn)
                if self.together.any(value is None):
                    return batches, []
                losses[at] += 0.0 if value is None else value * counts
        return None, [float(loss) for loss in self.together.mean(losses)]

    def _part(self, at: int, run: Run | None, counts: float, learn: bool) -> float | None:
        """The loss of a part of a batch, None where there was not enough memory."""
        if run is None:
            return 0.0
        try:
            with torch.set_grad_enabled(learn):
                with torch.autocast("cpu", torch.bfloat16, enabled=bf16_is_fast()):
                    loss = run(self.model)
                value = float(loss.detach())
                if learn and math.isfinite(value):
                    torch.autograd.backward(self._weighting.weighted(at, loss) * counts)
        except (RuntimeError, MemoryError) as error:
            if not ran_out(error):
                raise
            return None
        return value

    def _halve(self, batches: Batches) -> None:
        name, largest = batches.name, batches.largest
        if not batches.halve():
            raise TrainingError(
                f"adapting the language model: not enough memory for {largest} of {name} at step {self.step}, and it "
                f"cannot be less at once. {self._left()}. Lower encode.max_tokens or, if it has one, "
                f"encode.{name}.batch, take a method that learns less (frozen, lora) or a smaller model, then learn "
                f"again"
            )
        log.warning("adapting step=%d out_of_memory=%s at_once=%s parts=%d", self.step, name, largest, batches.parts)

    def _left(self) -> str:
        """How the model is left, for messages."""
        best = max(self.points, key=lambda point: point.score).step if self.points else 0
        return f"The model is as it was {f'at its best, at step {best}' if best else 'before'}"

    def _measure(self, watch: Watch, curves: Curves) -> None:
        self.model.eval()
        scores = self.together.first([task.score(self.model) for task in self.tasks.values()])
        by_task = np.array(self._losses).mean(axis=0) if self._losses else np.full(len(scores), math.nan)
        self._losses.clear()
        begun = list(self.points[0].scores.values()) if self.points else scores
        gains = [gain(before, after) for before, after in zip(begun, scores, strict=True)]
        score = scores[0] if len(scores) == 1 else float(np.mean(gains))
        if not self.points or score > max(point.score for point in self.points):
            self._best = _copies(self._taught)
        losses = dict(zip(self.tasks, by_task.tolist(), strict=True))
        told = dict(zip(self.tasks, scores, strict=True))
        point = Point(self.step, self._cpu_s(), float(by_task.mean()), score, losses, told)
        self.points.append(point)
        log.info("adapting step=%d loss=%.4f score=%.4f", self.step, point.loss, score)
        curves.add(self.step, point.cpu_s, float(self._optimizer.param_groups[0]["lr"]), {"score": told})
        watch.measured(point)

    def _keep(self, keeps: Checkpoints | None, told: Told) -> None:
        """Writes a checkpoint; if it was told to stop, stops."""
        if keeps is None:
            return
        held = self._held()
        if self.together.rank == 0:
            keeps.write(self.step, held)
        if self.together.any(bool(told.signal)):
            raise TrainingInterrupted(
                f"adapting the language model: stopped by {told.signal or 'another process'} after step {self.step} of "
                f"{self.schedule.steps}. Nothing is lost: the same training with the same folder {keeps.folder} goes "
                f"on from there. {self._left()}"
            )

    def _held(self) -> Held:
        """Everything that the further steps depend on."""
        numbers: dict[str, Tensor] = {f"learnt.{at}": number for at, number in enumerate(self._all)}
        numbers |= {f"best.{at}": kept for at, kept in enumerate(self._best)}
        for at, moments in self._optimizer.state_dict()["state"].items():
            numbers |= {f"adam.{at}.{name}": moment for name, moment in moments.items()}
        for name, each in self._remembering.items():
            numbers |= {f"memory.{name}.{key}": value for key, value in each.memory(self.model).items()}
        numbers["dice"] = self.together.all(torch.get_rng_state())
        facts = {
            "step": self.step,
            "cpu_s": self._cpu_s(),
            "draw": self._draw.bit_generator.state,
            "losses": self._losses,
            "points": [asdict(point) for point in self.points],
            "cuts": [batches.cut for batches in self._batches],
        }
        return Held(numbers, facts)

    def _restore(self, held: Held) -> None:
        numbers, facts = held.numbers, held.facts
        with torch.no_grad():
            for at, number in enumerate(self._all):
                number.copy_(numbers[f"learnt.{at}"])
        self._best = [numbers[f"best.{at}"] for at in range(len(self._best))]
        state: dict[int, dict[str, Tensor]] = {}
        for name, moment in numbers.items():
            if name.startswith("adam."):
                _, place, kind = name.split(".")
                state.setdefault(int(place), {})[kind] = moment
        for name, each in self._remembering.items():
            own = f"memory.{name}."
            each.remember(self.model, {key.removeprefix(own): kept for key, kept in numbers.items() if own in key})
        now = self._optimizer.state_dict()
        self._optimizer.load_state_dict({"state": state, "param_groups": now["param_groups"]})
        self.step, self._spent, self._losses = facts["step"], facts["cpu_s"], facts["losses"]
        self.points = [Point(**point) for point in facts["points"]]
        self._draw.bit_generator.state = facts["draw"]
        for batches, cut in zip(self._batches, facts["cuts"], strict=True):
            batches.cut = cut
        if self.together.rank < len(numbers["dice"]):
            torch.set_rng_state(numbers["dice"][self.together.rank])
        log.info("adapting resumed=true step=%d", self.step)


def _copies(parameters: Sequence[Tensor]) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in parameters]


def _both(plain: Tensor | None, attacked: Tensor | None, add: bool) -> Tensor | None:
    """The gradient to learn by, of that of a batch and that of the same batch under attack."""
    if plain is None or attacked is None:
        return plain if attacked is None else attacked
    return plain + attacked if add else attacked


def _shown(names: Mapping[str, Task], losses: Sequence[float]) -> str:
    """The loss; of several tasks each with its name."""
    if len(losses) == 1:
        return str(losses[0])
    return ", ".join(f"{name} {loss}" for name, loss in zip(names, losses, strict=True))


def _share_of_rate(schedule: Schedule, step: int, timed: float) -> float:
    """How much of the highest learning rate the step gets, in [0, 1]; `timed` is the share of the minutes spent."""
    rising = max((step + 1) / max(schedule.warm_up * schedule.steps, 1), timed / max(schedule.warm_up, 1e-9))
    done = min(max(step / schedule.steps, timed), 1.0)
    return min(rising, 1.0) * (0.5 + 0.5 * math.cos(math.pi * done))
