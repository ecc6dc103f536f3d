"""Learning where a batch is hardest, on tiny models. Claims:

1. fgm moves the vectors of the batch's words, and no others, along their gradients by epsilon in all; awp each matrix
   that learns by a share of its own length. Afterwards every number is what it was, bit for bit, whatever happened.
2. the loss is higher there; fgm learns by the sum of both gradients, awp by that of the harder one alone.
3. it is the same batch with the same random numbers: parts, several batches at a step, cached chunks, a frozen table of
   words and several tasks give what they would give.
4. a loss that is no number there is left out with a warning; where there is no direction nothing is moved.
5. where memory runs out there, the batch is halved as ever.
6. a training that was stopped goes on exactly; what a task remembers is what it read unattacked.
7. where no gradient reaches what is to be moved, a message says so.
8. the settings of a shop go to the process that learns.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import Parameter

from shopkeeper.encode.adversarial import Awp, Fgm, Kind, attack
from shopkeeper.encode.distributed import ALONE
from shopkeeper.encode.learner import Learner
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.training import Schedule, Task, Watch, train
from shopkeeper.encode.weights import Weights, find
from shopkeeper.errors import SettingError, TrainingError
from shopkeeper.flow.adapt import _job
from shopkeeper.settings import Settings
from shopkeeper.store.folder import create, open_folder
from tests.encode.tiny import write_e5
from tests.encode.trained import exact
from tests.encode.turning import NOBODY, TEXTS, Batched, Contrasted, Sided, Turning, drops, method, vectors

pytestmark = [pytest.mark.weights, pytest.mark.filterwarnings("ignore")]
QUICK = Schedule(steps=4, every=2)


@pytest.fixture
def model(tmp_path: Path) -> TextModel:
    return tiny(tmp_path)


def tiny(folder: Path) -> TextModel:
    """A model that drops out nothing."""
    own = TextModel.load(find(str(write_e5(folder / "tiny.bin"))))
    drops(own, 0.0)
    return own


def numbers(model: TextModel) -> dict[str, torch.Tensor]:
    return {name: each.detach().clone() for name, each in model.named_parameters()}


def loss_of(model: TextModel, texts: Sequence[str] = TEXTS) -> torch.Tensor:
    goal = torch.nn.functional.normalize(torch.randn(32, generator=torch.Generator().manual_seed(3)), dim=0)
    loss: torch.Tensor = 1 - (model(*model.padded(model.ids(texts, "query"))) @ goal).mean()
    return loss


def words(model: TextModel) -> Parameter:
    found: Parameter = model.body.embeddings.word_embeddings.weight
    return found


@pytest.mark.parametrize("frozen", [False, True])
def test_fgm_moves_the_words_of_the_batch_and_restores_them(model: TextModel, frozen: bool) -> None:
    body = list(model.layers[-1].parameters()) if frozen else list(model.parameters())
    model.requires_grad_(not frozen)
    asked, before = Fgm(model, body, 0.25), numbers(model)
    with asked.listening():
        loss = loss_of(model, ["ab", "ab b"])
        torch.autograd.backward(loss)
    gradient = words(model).grad
    assert gradient is not None and gradient.is_sparse == frozen and words(model).requires_grad != frozen
    dense = gradient.to_dense().clone()
    with asked.moved(ALONE) as moved:
        after = numbers(model)
        harder = loss_of(model, ["ab", "ab b"])
    assert moved and float(harder.detach()) > float(loss.detach())
    changed = [name for name in before if not torch.equal(before[name], after[name])]
    (name,) = changed
    step = after[name] - before[name]
    torch.testing.assert_close(step, 0.25 * dense / dense.norm())
    assert float(step.norm()) == pytest.approx(0.25, rel=1e-4)
    spoken = {piece for ids in model.ids(["ab", "ab b"], "query") for piece in ids}
    assert set((step != 0).any(dim=1).nonzero()[:, 0].tolist()) <= spoken
    assert all(torch.equal(number, before[name]) for name, number in numbers(model).items())
    assert not frozen or words(model).grad is None


def test_awp_moves_each_matrix_by_a_share_of_itself_and_restores_it(model: TextModel) -> None:
    body, before = list(model.parameters()), numbers(model)
    asked = Awp(model, body, 0.01)
    with asked.listening():
        loss = loss_of(model)
        torch.autograd.backward(loss)
    with asked.moved(ALONE) as moved:
        after = numbers(model)
        harder = loss_of(model)
    assert moved and float(harder.detach()) > float(loss.detach())
    for name, number in before.items():
        length = float((after[name] - number).norm())
        reached = number.ndim > 1 and "embeddings" not in name and "pooler" not in name
        assert length == (pytest.approx(0.01 * float(number.norm()), rel=1e-3) if reached else 0.0), name
    assert all(torch.equal(number, before[name]) for name, number in numbers(model).items())


@pytest.mark.parametrize("kind", ["fgm", "awp"])
def test_whatever_ends_an_attack_the_numbers_are_restored(model: TextModel, kind: Kind) -> None:
    asked, before = attack(kind, None, model, list(model.parameters())), numbers(model)
    assert asked is not None
    torch.autograd.backward(loss_of(model))
    with pytest.raises(KeyboardInterrupt), asked.moved(ALONE):
        raise KeyboardInterrupt
    assert all(torch.equal(number, before[name]) for name, number in numbers(model).items())
    assert attack("none", None, model, []) is None


@pytest.mark.parametrize(("kind", "value"), [("fgm", 0.0), ("awp", 0.0), ("fgm", float("nan")), ("awp", float("inf"))])
def test_without_a_direction_nothing_is_moved(model: TextModel, kind: Kind, value: float) -> None:
    asked = attack(kind, None, model, list(model.parameters()))
    assert asked is not None
    for each in model.parameters():
        each.grad = torch.full_like(each, value)
    before = numbers(model)
    with asked.moved(ALONE) as moved:
        assert not moved
        assert all(torch.equal(number, before[name]) for name, number in numbers(model).items())


def stepped(
    model: TextModel, by: Any, tasks: Sequence[Task], schedule: Schedule
) -> tuple[list[torch.Tensor], dict[str, torch.Tensor]]:
    """The gradients that a first step is taken by, before they are clipped, and the numbers before it."""
    torch.manual_seed(schedule.seed)
    for task in tasks:
        task.prepare(model, NOBODY, 0)
    learner = Learner(model, by, {str(at): task for at, task in enumerate(tasks)}, schedule, ALONE)
    begun, found = learner._random(), list[torch.Tensor]()
    kept = numbers(model)
    under = learner._attack
    with exact():
        if under is None:
            learner._surviving(True)
        else:
            with under.listening():
                learner._surviving(True)
            learner._harder(under, begun)
    found = [torch.zeros_like(each) if each.grad is None else each.grad.clone() for each in learner._all]
    assert all(torch.equal(number, kept[name]) for name, number in numbers(model).items())
    return found, kept


@pytest.mark.parametrize("kind", ["fgm", "awp"])
def test_it_learns_by_the_gradients_where_it_is_harder(model: TextModel, kind: Kind) -> None:
    epsilon = {"fgm": 0.5, "awp": 0.05}[kind]
    plain, _ = stepped(model, method("full", embeddings=True), [Batched()], QUICK)
    found, kept = stepped(
        model, method("full", embeddings=True), [Batched()], replace(QUICK, adversarial=kind, epsilon=epsilon)
    )
    learnt = method("full", embeddings=True).prepare(model)
    own = attack(kind, epsilon, model, learnt)
    assert own is not None
    for each, gradient in zip(learnt, plain, strict=True):
        each.grad = gradient.clone()
    task = Batched()
    task.prepare(model, NOBODY, 0)
    with own.moved(ALONE):
        model.zero_grad()
        torch.autograd.backward(task.loss_of(model, task.drawn(np.random.default_rng(QUICK.seed + 1))))
    for each, first, both in zip(learnt, plain, found, strict=True):
        harder = torch.zeros_like(each) if each.grad is None else each.grad
        torch.testing.assert_close(both, first + harder if kind == "fgm" else harder, atol=1e-6, rtol=1e-4)
    assert any(not torch.allclose(first, both, atol=1e-4) for first, both in zip(plain, found, strict=True))
    assert len(kept) > 0


@pytest.mark.parametrize("kind", ["fgm", "awp"])
def test_parts_and_chunks_give_what_the_whole_gives(tmp_path: Path, kind: Kind) -> None:
    asked = replace(QUICK, adversarial=kind, accumulate=2)

    def same(one: Task, other: Task, by: str = "full") -> None:
        settings = {"rank": 2, "dropout": 0.0} if by == "lora" else {}
        left, _ = stepped(tiny(tmp_path), method(by, **settings), [one, Sided()], asked)
        right, _ = stepped(tiny(tmp_path), method(by, **settings), [other, Sided()], asked)
        for a, b in zip(left, right, strict=True):
            torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-3)

    same(Contrasted(), Contrasted(chunk=1))
    same(Batched(), Batched(room=4))
    same(Contrasted(), Contrasted(chunk=3), "lora")


def test_a_frozen_table_is_attacked_as_one_that_learns(tmp_path: Path) -> None:
    asked = replace(QUICK, adversarial="fgm", epsilon=0.5)
    found = []
    for by in ("full", "frozen"):
        own = tiny(tmp_path)
        made = method(by, embeddings=True) if by == "full" else method(by, layers=1)
        gradients, _ = stepped(own, made, [Batched()], asked)
        upper = {id(each) for each in own.layers[-1].parameters()}
        learnt = made.prepare(own)
        found.append([grad for each, grad in zip(learnt, gradients, strict=True) if id(each) in upper])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-4)


class Falling(Batched):
    """A task whose every second batch, the attacked one, has a loss that is no number, or finds no memory."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def loss_of(self, model: TextModel, examples: Any) -> torch.Tensor:
        loss = super().loss_of(model, examples)
        return loss * self.value if self.steps % 2 == 0 else loss


def test_a_loss_that_is_no_number_there_is_left_out(model: TextModel, caplog: pytest.LogCaptureFixture) -> None:
    plain, _ = stepped(model, method("full"), [Batched()], QUICK)
    asked = replace(QUICK, adversarial="fgm")
    with caplog.at_level(logging.WARNING):
        found, _ = stepped(model, method("full"), [Falling(float("nan"))], asked)
    assert "adapting step=0 attacked_loss=[nan] attack=left_out" in caplog.text
    for one, other in zip(plain, found, strict=True):
        torch.testing.assert_close(one, other)
    before = vectors(model)
    with pytest.raises(TrainingError, match="the loss is nan at step 2"):
        train(model, method("full"), Turning(bad_at=3), NOBODY, asked)
    np.testing.assert_allclose(vectors(model), before, atol=1e-6)


class Tight(Batched):
    """Memory runs out in the attacked batch alone."""

    def loss_of(self, model: TextModel, examples: Any) -> torch.Tensor:
        if self.steps % 2 == 0 and len(examples) > 4:
            torch.empty(1 << 50)
        return super().loss_of(model, examples)


def test_where_memory_runs_out_there_the_batch_is_halved(model: TextModel, caplog: pytest.LogCaptureFixture) -> None:
    asked = replace(QUICK, adversarial="fgm")
    whole, _ = stepped(model, method("full"), [Batched()], asked)
    with caplog.at_level(logging.WARNING):
        found, _ = stepped(model, method("full"), [Tight()], asked)
    assert "out_of_memory=0 at_once=8 examples parts=2" in caplog.text
    for one, other in zip(whole, found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-3)


class Reading(Turning):
    """Keeps the vectors that it read last, as `matching` does where products learn."""

    def prepare(self, model: TextModel, corpus: Any, seed: int) -> None:
        super().prepare(model, corpus, seed)
        self.read, self.seen = torch.zeros(len(TEXTS), model.dimensions), list[torch.Tensor]()

    def loss(self, model: TextModel, draw: np.random.Generator) -> torch.Tensor:
        own = model(*model.padded(model.ids(TEXTS, "query")))
        self.read = own.detach()
        self.seen.append(self.read)
        loss: torch.Tensor = 1 - (own @ self.goal).mean()
        return loss

    def memory(self, model: TextModel) -> dict[str, torch.Tensor]:
        return {"read": self.read}

    def remember(self, model: TextModel, memory: dict[str, torch.Tensor]) -> None:
        self.read = memory["read"]


def test_a_task_remembers_what_it_read_unattacked(model: TextModel) -> None:
    task = Reading()
    stepped(model, method("full"), [task], replace(QUICK, adversarial="fgm"))
    plain, attacked = task.seen
    assert not torch.equal(plain, attacked)
    assert torch.equal(task.read, plain)


@pytest.mark.parametrize("kind", ["fgm", "awp"])
def test_a_stopped_training_goes_on_exactly(tmp_path: Path, kind: Kind) -> None:
    asked = Schedule(steps=6, every=2, accumulate=2, adversarial=kind)

    def learnt(folder: Path | None, stop_at: int = 0) -> Any:
        own = tiny(tmp_path)
        drops(own, 0.2)

        def tell(what: str, step: int, steps: int) -> None:
            if step == stop_at:
                raise KeyboardInterrupt

        made = method("lora", rank=2, dropout=0.1, learning_rate=1e-3)
        tasks = [Batched(), Contrasted(chunk=2)]
        train(own, made, tasks, NOBODY, replace(asked, folder=folder), Watch(tell))
        return vectors(own)

    whole = learnt(None)
    with pytest.raises(KeyboardInterrupt):
        learnt(tmp_path / "run", stop_at=5)
    np.testing.assert_array_equal(learnt(tmp_path / "run"), whole)
    other = replace(asked, adversarial="none", folder=tmp_path / "run")
    with pytest.raises(TrainingError, match=r"schedule .*adversarial=awp|schedule .*adversarial=fgm"):
        train(tiny(tmp_path), method("lora", rank=2), [Batched(), Contrasted(chunk=2)], NOBODY, other)


class Headless(Turning):
    """Learns nothing of the model, only a number of its own."""

    def prepare(self, model: TextModel, corpus: Any, seed: int) -> None:
        super().prepare(model, corpus, seed)
        self.own = Parameter(torch.ones(1))

    def parameters(self) -> list[Parameter]:
        return [self.own]

    def loss(self, model: TextModel, draw: np.random.Generator) -> torch.Tensor:
        return self.own.square().sum()


@pytest.mark.parametrize(("kind", "what"), [("fgm", "words"), ("awp", "matrices")])
def test_where_no_gradient_reaches_a_message_says_so(model: TextModel, kind: Kind, what: str) -> None:
    told = rf"encode\.adversarial '{kind}': no gradient reaches the model's {what}, .* Set it to 'none', or take a"
    with pytest.raises(TrainingError, match=told):
        train(model, method("full"), Headless(), NOBODY, replace(QUICK, adversarial=kind))


def test_a_shops_settings_go_to_the_process_that_learns(tmp_path: Path) -> None:
    create(tmp_path / "shop", '[shop]\nname = "odd"\n\n[encode]\nadversarial = "fgm"\nepsilon = 0.5\n')
    with open_folder(tmp_path / "shop", writable=False) as folder:
        job = _job(folder, Weights(model="tiny", file=tmp_path, form="folder", sha256=""))
    assert (job.adversarial, job.epsilon) == ("fgm", 0.5)
    assert (Settings({}).encode.adversarial, Settings({}).encode.epsilon) == ("none", None)
    with pytest.raises(SettingError, match=r"encode\.adversarial: must be one of 'none', 'fgm' or 'awp', got 'pgd'"):
        Settings({"encode": {"adversarial": "pgd"}})
    with pytest.raises(SettingError, match=r"encode\.epsilon: must be > 0"):
        Settings({"encode": {"epsilon": 0}})
