"""Batches larger than memory. Claims, on a tiny model:

1. the gradients of a batch through `cached` are those of the whole batch, with what is dropped out at random too, and
   no more than a chunk is held at once.
2. a batch in parts gives the gradients of the whole; `accumulate` learns from several batches at a step.
3. where memory runs out, the batch is halved until it fits, with a warning, and learns what it would have learnt whole.
4. where it cannot be less, a message says what to do; other errors pass.
5. what torch says of too little memory is understood.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from shopkeeper.encode.batches import Batches, cached, ran_out
from shopkeeper.encode.distributed import ALONE, Crew
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.training import Schedule, Task, train
from shopkeeper.encode.weights import find
from shopkeeper.errors import TrainingError
from shopkeeper.types import FloatArray
from tests.encode.tiny import write_e5
from tests.encode.trained import exact
from tests.encode.turning import NOBODY, TEXTS, Batched, Contrasted, Turning, drops, method, vectors

pytestmark = [pytest.mark.weights, pytest.mark.filterwarnings("ignore")]
QUICK = Schedule(steps=6, every=2)


@pytest.fixture
def model(tmp_path: Path) -> TextModel:
    return TextModel.load(find(str(write_e5(tmp_path / "tiny.bin"))))


def gradients(model: TextModel, loss: Callable[[], torch.Tensor]) -> list[torch.Tensor]:
    model.zero_grad()
    torch.manual_seed(3)
    torch.autograd.backward(loss())
    return [each.grad.clone() for each in model.parameters() if each.grad is not None]


@pytest.mark.parametrize("chunk", [1, 3, 4])
def test_cached_chunks_give_the_gradients_of_the_whole_batch(model: TextModel, chunk: int) -> None:
    drops(model, 0.0)
    whole, parts = Contrasted(), Contrasted(chunk=chunk)
    of_whole = gradients(model.train(), lambda: whole.loss(model, np.random.default_rng(1)))
    of_parts = gradients(model, lambda: parts.loss(model, np.random.default_rng(1)))
    assert (whole.largest, parts.largest) == (4, chunk)
    for left, right in zip(of_whole, of_parts, strict=True):
        torch.testing.assert_close(left, right, atol=1e-6, rtol=1e-4)
    by_itself = gradients(model, lambda: Contrasted().loss(model, np.random.default_rng(2)))
    assert not all(torch.allclose(left, right) for left, right in zip(of_whole, by_itself, strict=True))


def test_what_is_dropped_out_is_dropped_out_of_the_second_pass_too(model: TextModel) -> None:
    weight, masks = torch.nn.Parameter(torch.ones(5)), list[torch.Tensor]()

    def run(rows: Sequence[int]) -> torch.Tensor:  # its gradient is the mask that was drawn
        masks.append(torch.bernoulli(torch.full((len(rows), 5), 0.5)))
        return masks[-1] * weight

    torch.manual_seed(1)
    found = cached(run, range(6), 2)
    torch.autograd.backward(found.sum())
    assert len(masks) == 6  # three chunks, twice
    first, second = torch.cat(masks[:3]), torch.cat(sorted(masks[3:], key=lambda mask: find_in(masks[:3], mask)))
    torch.testing.assert_close(first, second)
    torch.testing.assert_close(weight.grad, first.sum(0))
    torch.testing.assert_close(found.detach(), first)


def find_in(masks: list[torch.Tensor], mask: torch.Tensor) -> int:
    return next(at for at, other in enumerate(masks) if torch.equal(other, mask))


def test_no_more_than_a_chunk_is_held_at_once() -> None:
    weight, alive, most = torch.nn.Parameter(torch.ones(8, 8)), [0], [0]

    def run(rows: Sequence[int]) -> torch.Tensor:
        return torch.tanh(torch.tanh(torch.ones(len(rows), 8) @ weight) @ weight)

    class Count:
        def __init__(self, tensor: torch.Tensor) -> None:
            self.tensor = tensor
            alive[0] += tensor.numel()
            most[0] = max(most[0], alive[0])

        def __del__(self) -> None:
            alive[0] -= self.tensor.numel()

    def peak(chunk: int) -> int:
        most[0] = 0
        with torch.autograd.graph.saved_tensors_hooks(Count, lambda count: count.tensor):
            torch.autograd.backward(cached(run, range(64), chunk).sum())
        return most[0]

    assert peak(4) < peak(64) / 2


def test_a_batch_in_parts_gives_the_gradients_of_the_whole(model: TextModel) -> None:
    model.eval()

    def of(parts: int, together: Sequence[Crew] = (ALONE,)) -> list[torch.Tensor]:
        def loss() -> torch.Tensor:
            total = torch.zeros(())
            for crew in together:
                task = Batched(batch=7)
                task.prepare(model, NOBODY, 0)
                batches = Batches("batched", task, 2, crew)
                batches.parts = parts
                for run, counts in batches.drawn(np.random.default_rng(5)):
                    total = total + (run(model) * counts / len(together) if run else 0.0)
            return total

        return gradients(model, loss)

    whole = of(1)
    for other in (of(2), of(8), of(1, [Crew(0, 3), Crew(1, 3), Crew(2, 3)]), of(4, [Crew(0, 2), Crew(1, 2)])):
        for left, right in zip(whole, other, strict=True):
            torch.testing.assert_close(left, right, atol=1e-6, rtol=1e-4)


def test_accumulating_learns_from_several_batches_at_a_step(model: TextModel) -> None:
    task = Batched()
    train(model, method("full"), task, NOBODY, replace(QUICK, steps=2, accumulate=3))
    assert task.sizes == [8] * 6
    plain = Turning()
    train(model, method("full"), plain, NOBODY, replace(QUICK, steps=2, accumulate=3))
    assert plain.steps == 6


def test_where_memory_runs_out_the_batch_is_halved_and_learns_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)

    def learnt(task: Task) -> FloatArray:
        torch.manual_seed(0)
        model = TextModel.load(find(str(write_e5(tmp_path / "tiny.bin"))))
        drops(model, 0.0)
        with exact():
            train(model, method("full", learning_rate=1e-3), task, NOBODY, QUICK)
            return vectors(model)

    short = Batched(room=2, out_at=3)
    np.testing.assert_allclose(learnt(short), learnt(Batched()), atol=1e-4)
    assert short.sizes == [8, 8] + [2] * 16  # the third batch again from its beginning, then all in four parts
    said = [record.message for record in caplog.records]
    assert said == [
        "adapting step=3 out_of_memory=batched at_once=8 examples parts=2",
        "adapting step=3 out_of_memory=batched at_once=4 examples parts=4",
    ]
    chunked = Contrasted(room=1)
    chunked.chunk = 4
    np.testing.assert_allclose(learnt(chunked), learnt(Contrasted()), atol=1e-4)
    assert chunked.chunk == 1 and chunked.largest == 1


def test_where_it_cannot_be_less_it_says_what_to_do(model: TextModel) -> None:
    before = vectors(model)
    with pytest.raises(
        TrainingError,
        match=r"not enough memory for 1 examples of batched at step 1, and it cannot be less at once. The model is as "
        r"it was before. Lower encode.max_tokens or, if it has one, encode.batched.batch, take a method ",
    ):
        train(model, method("full"), Batched(room=0), NOBODY, QUICK)
    np.testing.assert_allclose(vectors(model), before, atol=1e-6)
    with pytest.raises(TrainingError, match="not enough memory for 1 texts of contrasted at step 1"):
        train(model, method("full"), Contrasted(chunk=2, room=0), NOBODY, QUICK)
    with pytest.raises(TrainingError, match="not enough memory for its whole batch of large at step 1"):
        train(model, method("full"), Large(MemoryError()), NOBODY, QUICK)
    with pytest.raises(RuntimeError, match="shapes cannot be"):
        train(model, method("full"), Large(RuntimeError("shapes cannot be multiplied")), NOBODY, QUICK)
    with pytest.raises(RuntimeError, match="shapes cannot be"):
        cached(raising, TEXTS, 1)


def raising(rows: Sequence[str]) -> torch.Tensor:
    raise RuntimeError("shapes cannot be multiplied")


class Large(Turning):
    """A task whose batch is one piece."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def loss(self, model: TextModel, draw: np.random.Generator) -> torch.Tensor:
        raise self.error


def test_what_torch_says_of_too_little_memory_is_understood() -> None:
    with pytest.raises(RuntimeError) as refused:
        torch.empty(1 << 50)
    assert ran_out(refused.value) and ran_out(MemoryError()) and ran_out(torch.OutOfMemoryError("CUDA out of memory"))
    assert ran_out(RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."))
    assert not ran_out(RuntimeError("shapes")) and not ran_out(ValueError("not enough memory"))
