"""Curves. Claims, on a tiny model:

1. every step is a line with its loss of each task, rate and seconds, every measurement one with its scores.
2. where tensorboard is there, it can show them; where it is absent, the lines are written all the same.
3. begun again at a step, what was written of later ones is forgotten, also a line cut off by a crash.
4. who watches hears of every step and every measurement.
"""

import builtins
from dataclasses import replace
from pathlib import Path

import pytest

from shopkeeper.encode.curves import Curves, read
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.training import Point, Schedule, Watch, train
from shopkeeper.encode.weights import find
from tests.encode.tiny import write_e5
from tests.encode.turning import NOBODY, Sided, Turning, method

pytestmark = [pytest.mark.weights, pytest.mark.filterwarnings("ignore")]


def test_a_training_writes_its_curves_and_tells_who_watches(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    model = TextModel.load(find(str(write_e5(tmp_path / "tiny.bin"))))
    steps, points = list[int](), list[Point]()
    watch = Watch(lambda what, step, of: steps.append(step), points.append)
    schedule = Schedule(steps=4, every=2, folder=tmp_path / "run")
    history = train(model, method("full"), [Turning(), Sided()], NOBODY, schedule, watch)
    assert steps == [1, 2, 3, 4] and tuple(points) == history.points
    lines = read(tmp_path / "run")
    assert [(line["step"], "score" in line) for line in lines] == [
        (0, True), (1, False), (2, False), (2, True), (3, False), (4, False), (4, True),
    ]  # fmt: skip
    assert [line["score"] for line in lines if "score" in line] == [dict(point.scores) for point in history.points]
    mean = sum(line["loss"]["sided"] for line in lines[1:3]) / 2
    assert mean == pytest.approx(history.points[1].losses["sided"])
    assert lines[1]["rate"] > lines[4]["rate"] > lines[5]["rate"] > 0 and lines[-1]["seconds"] > 0
    events = EventAccumulator(str(tmp_path / "run" / "events"))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {"rate", "loss/turning", "loss/sided", "score/turning", "score/sided"}
    assert [event.step for event in events.Scalars("loss/turning")] == [1, 2, 3, 4]


def test_without_tensorboard_the_lines_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *others: object) -> object:
        if name.startswith("torch.utils") and "tensorboard" in str(others):
            raise ImportError(name)
        return real(name, *others)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(builtins, "__import__", without)
    curves = Curves(tmp_path)
    curves.add(1, 0.5, 0.1, {"loss": {"a": 2.0}})
    curves.close()
    assert read(tmp_path) == [{"step": 1, "rate": 0.1, "seconds": 0.5, "loss": {"a": 2.0}}]
    assert not (tmp_path / "events").exists()


def test_begun_again_later_lines_are_forgotten(tmp_path: Path) -> None:
    curves = Curves(tmp_path)
    for step in range(4):
        curves.add(step, 0.5, 0.1, {"loss": {"a": float(step)}})
    curves.close()
    with (tmp_path / "curves.jsonl").open("ab") as file:
        file.write(b'{"step": 4, "ra')
    again = Curves(tmp_path, 1)
    again.add(2, 0.5, 0.1, {"loss": {"a": 9.0}})
    again.close()
    assert [(line["step"], line["loss"]["a"]) for line in read(tmp_path)] == [(0, 0.0), (1, 1.0), (2, 9.0)]
    Curves(tmp_path).close()
    assert read(tmp_path) == []
    nowhere = Curves(None)
    nowhere.add(1, 0.5, 0.1, {})
    nowhere.close()
    assert read(tmp_path / "none") == []


def test_the_rate_that_is_written_is_the_one_that_was_learnt_with(tmp_path: Path) -> None:
    model = TextModel.load(find(str(write_e5(tmp_path / "tiny.bin"))))
    schedule = replace(Schedule(steps=10, every=10, warm_up=0.4), folder=tmp_path / "run")
    train(model, method("full", learning_rate=1e-3), Turning(), NOBODY, schedule)
    rates = [line["rate"] for line in read(tmp_path / "run") if "loss" in line]
    assert rates[0] == pytest.approx(1e-3 / 4) and rates.index(max(rates)) == 3 and rates[-1] < 0.1 * max(rates)
