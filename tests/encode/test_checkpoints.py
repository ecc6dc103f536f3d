"""Checkpoints. Claims, on a tiny model with everything random that there is (dropout, drawn batches):

1. a training that is killed and begun again ends with exactly the numbers of one that was not.
   What a method or a task carries from step to step is kept too.
2. SIGTERM and Ctrl-C end it after the step under way, with a message that says how to go on; going on is exact too.
3. a training that has ended is not done again; with more patience or minutes it goes on.
4. a checkpoint of something else, of another form, or damaged is refused with what differs, and stays.
5. a write cut off at any moment leaves the old checkpoint.
6. a disk that is full says so.
"""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from shopkeeper.encode import checkpoints
from shopkeeper.encode.checkpoints import Checkpoints, Held, digest
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.training import Schedule, train
from shopkeeper.encode.weights import find
from shopkeeper.errors import StorageFull, TrainingError, TrainingInterrupted
from shopkeeper.types import IntArray
from tests.encode.tiny import write_e5
from tests.encode.trained import told, trained
from tests.encode.turning import NOBODY, Batched, Turning, method, vectors
from tests.store.worlds import file_limit

pytestmark = [pytest.mark.weights, pytest.mark.filterwarnings("ignore")]
QUICK = Schedule(steps=6, every=2)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_e5(tmp_path / "tiny.bin")


def fresh(weights: Path) -> TextModel:
    return TextModel.load(find(str(weights)))


def as_json(told: object) -> str:
    return json.dumps(told)


def test_killed_and_begun_again_it_ends_with_exactly_the_same_numbers(weights: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.encode.trained", str(weights), str(tmp_path / "run"), "0.1"]
    killed = subprocess.run([*command, "5"], capture_output=True, check=False, env=os.environ)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]
    assert json.loads((tmp_path / "run" / "checkpoint.json").read_bytes())["step"] == 3
    resumed = as_json(told(*trained(weights, tmp_path / "run", 0.1)))
    assert resumed == as_json(told(*trained(weights, None, 0.1)))
    assert resumed != as_json(told(*trained(weights, None, 0.2)))
    lines = [json.loads(line) for line in (tmp_path / "run" / "curves.jsonl").read_bytes().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == list(range(1, 10))


class Averaging(Batched):
    """Learns less where its running mean, which is no parameter, is large."""

    mean = torch.zeros(())

    def loss_of(self, model: TextModel, examples: IntArray) -> torch.Tensor:
        loss = super().loss_of(model, examples)
        self.mean = 0.5 * self.mean + 0.5 * loss.detach()
        return loss / (1 + self.mean)

    def memory(self, model: TextModel) -> dict[str, torch.Tensor]:
        return {"mean": self.mean}

    def remember(self, model: TextModel, memory: dict[str, torch.Tensor]) -> None:
        self.mean = memory["mean"]


def test_what_a_task_remembers_is_kept_too(weights: Path, tmp_path: Path) -> None:
    def tell(what: str, step: int, steps: int) -> None:
        if step == 3:
            signal.raise_signal(signal.SIGTERM)

    schedule, whole, half, rest = replace(QUICK, folder=tmp_path / "run"), Averaging(), Averaging(), Averaging()
    losses = train(fresh(weights), method("full"), whole, NOBODY, QUICK).points[-1].loss
    with pytest.raises(TrainingInterrupted):
        train(fresh(weights), method("full"), half, NOBODY, schedule, tell)
    assert train(fresh(weights), method("full"), rest, NOBODY, schedule).points[-1].loss == losses
    assert float(rest.mean) == float(whole.mean) != float(half.mean)


def test_ranks_that_were_taken_away_stay_away(weights: Path, tmp_path: Path) -> None:
    steps = Schedule(steps=20, every=4)
    whole = train(other := fresh(weights), method("adalora"), Batched(), NOBODY, steps)
    for stop in (6, 16):  # while ranks are taken away, and after the last one
        schedule = replace(steps, folder=tmp_path / str(stop))

        def tell(step: str, done: int, total: int, stop: int = stop) -> None:
            if done == stop:
                os.kill(os.getpid(), signal.SIGTERM)

        with pytest.raises(TrainingInterrupted):
            train(fresh(weights), method("adalora"), Batched(), NOBODY, schedule, tell)
        again = train(model := fresh(weights), method("adalora"), Batched(), NOBODY, schedule)
        assert again.points[-1].loss == whole.points[-1].loss
        assert (vectors(model) == vectors(other)).all()


@pytest.mark.parametrize(("number", "named"), [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "SIGINT")])
def test_told_to_stop_it_says_how_to_go_on(weights: Path, tmp_path: Path, number: int, named: str) -> None:
    def tell(what: str, step: int, steps: int) -> None:
        if step == 3:
            signal.raise_signal(number)

    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    schedule, model = replace(QUICK, folder=tmp_path / "run"), fresh(weights)
    with pytest.raises(
        TrainingInterrupted,
        match=rf"stopped by {named} after step 3 of 6. Nothing is lost: .* folder \S*run goes on .*its best, at step 2",
    ):
        train(model, method("full"), Batched(), NOBODY, schedule, tell)
    assert {each: signal.getsignal(each) for each in before} == before
    history = train(model := fresh(weights), method("full"), Batched(), NOBODY, schedule)
    whole = train(other := fresh(weights), method("full"), Batched(), NOBODY, QUICK)
    assert (vectors(model) == vectors(other)).all()
    assert [point.scores for point in history.points] == [point.scores for point in whole.points]


def test_told_to_stop_twice_it_ends_at_once_and_the_last_checkpoint_stays(weights: Path, tmp_path: Path) -> None:
    def tell(what: str, step: int, steps: int) -> None:
        if step == 3:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(fresh(weights), method("full"), Batched(), NOBODY, replace(QUICK, folder=tmp_path / "run"), tell)
    assert json.loads((tmp_path / "run" / "checkpoint.json").read_bytes())["step"] == 2


def test_told_to_stop_at_the_last_step_it_stops_and_is_not_done_again(weights: Path, tmp_path: Path) -> None:
    def tell(what: str, step: int, steps: int) -> None:
        if step == 6:
            signal.raise_signal(signal.SIGINT)

    schedule = replace(QUICK, folder=tmp_path / "run")
    with pytest.raises(TrainingInterrupted, match="stopped by SIGINT after step 6 of 6"):
        train(fresh(weights), method("full"), Batched(), NOBODY, schedule, tell)
    again = Batched()
    assert train(fresh(weights), method("full"), again, NOBODY, schedule).points[-1].step == 6
    assert again.sizes == []


def test_in_another_thread_it_trains_and_leaves_signals_alone(weights: Path, tmp_path: Path) -> None:
    schedule = replace(QUICK, folder=tmp_path / "run")
    with ThreadPoolExecutor(1) as pool:
        history = pool.submit(train, fresh(weights), method("full"), Batched(), NOBODY, schedule).result()
    assert history.points[-1].step == 6


def test_without_a_folder_ctrl_c_is_what_it_always_is(weights: Path) -> None:
    def tell(what: str, step: int, steps: int) -> None:
        signal.raise_signal(signal.SIGINT)

    before, model = vectors(fresh(weights)), fresh(weights)
    with pytest.raises(KeyboardInterrupt):
        train(model, method("full"), Turning(), NOBODY, QUICK, tell)
    torch.testing.assert_close(torch.from_numpy(vectors(model)), torch.from_numpy(before))


def test_what_has_ended_is_not_done_again_but_goes_on_with_more_patience(weights: Path, tmp_path: Path) -> None:
    schedule = replace(QUICK, folder=tmp_path / "run", patience=1)

    def learnt(schedule: Schedule, scores: tuple[float, ...]) -> tuple[int, int]:
        task = Turning(scores)
        history = train(fresh(weights), method("full"), task, NOBODY, schedule)
        return history.points[-1].step, task.steps

    assert learnt(schedule, (0.5, 0.4, 0.3, 0.2)) == (2, 2)
    same = replace(schedule)
    folder = tmp_path / "run"
    facts = json.loads((folder / "checkpoint.json").read_bytes())
    facts["training"]["tasks"] = f"turning {digest(vars(Turning((0.9, 0.3, 0.2))))[:12]}"
    (folder / "checkpoint.json").write_text(json.dumps(facts))
    assert learnt(same, (0.9, 0.3, 0.2)) == (2, 0)
    assert learnt(replace(same, patience=9), (0.9, 0.3, 0.2)) == (6, 4)


def test_a_checkpoint_of_something_else_is_refused_and_stays(weights: Path, tmp_path: Path) -> None:
    schedule = replace(QUICK, folder=tmp_path / "run")
    train(fresh(weights), method("full"), Batched(), NOBODY, schedule)
    facts = (tmp_path / "run" / "checkpoint.json").read_bytes()
    other = Corpus(["ab"], [("ab",)], [""])
    runs = {
        r"method full \w+, not lora \w+\. Name another folder, or delete \S*run to begin anew": (
            method("lora"),
            Batched(),
            NOBODY,
            schedule,
        ),
        r"method full \w+, not full ": (method("full", learning_rate=0.5), Batched(), NOBODY, schedule),
        r"tasks batched \w+, not batched ": (method("full"), Batched(batch=3), NOBODY, schedule),
        r"tasks batched \w+, not turning ": (method("full"), Turning(), NOBODY, schedule),
        r"corpus 0 products \w+, not 1 products ": (method("full"), Batched(), other, schedule),
        r"seed 0, not 5": (method("full"), Batched(), NOBODY, replace(schedule, seed=5)),
        r"schedule steps=6 .*, not steps=7 ": (method("full"), Batched(), NOBODY, replace(schedule, steps=7)),
    }
    for said, (own, task, corpus, when) in runs.items():
        model = fresh(weights)
        with pytest.raises(TrainingError, match=r"checkpoint is of another training and is not resumed: .*" + said):
            train(model, own, task, corpus, when)
        assert not any("lora" in name for name, _ in model.body.named_parameters())
    model = fresh(weights)
    with torch.no_grad():
        model.body.embeddings.word_embeddings.weight.add_(1)
    with pytest.raises(TrainingError, match=r"not resumed: model \S+ \w+, not "):
        train(model, method("full"), Batched(), NOBODY, schedule)
    assert (tmp_path / "run" / "checkpoint.json").read_bytes() == facts


def test_a_damaged_or_foreign_checkpoint_is_refused(tmp_path: Path) -> None:
    keeps = Checkpoints(tmp_path, {"seed": "1"})
    keeps.write(3, Held({"a": torch.ones(2)}, {"step": 3}))
    (numbers,) = tmp_path.glob("*.safetensors")
    numbers.write_bytes(numbers.read_bytes()[:-1] + b"\1")
    with pytest.raises(TrainingError, match=r"checkpoint is damaged \(00000003-\w+.safetensors is not what was writt"):
        keeps.read()
    numbers.unlink()
    with pytest.raises(TrainingError, match=r"checkpoint.json: this checkpoint is damaged \(.*No such file.*or delete"):
        keeps.read()
    facts = json.loads((tmp_path / "checkpoint.json").read_bytes())
    (tmp_path / "checkpoint.json").write_text(json.dumps(facts | {"form": 99}))
    with pytest.raises(TrainingError, match=r"a checkpoint of form 99, and this release reads 1\. Name another folder"):
        keeps.read()
    (tmp_path / "checkpoint.json").write_text("{")
    with pytest.raises(TrainingError, match="this checkpoint is damaged"):
        keeps.read()


def test_a_write_that_is_cut_off_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeps = Checkpoints(tmp_path, {"seed": "1"})
    keeps.write(3, Held({"a": torch.ones(2)}, {"step": 3}))

    def cut_off(path: Path, content: bytes) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints, "replace", cut_off)
    with pytest.raises(KeyboardInterrupt):
        keeps.write(6, Held({"a": torch.zeros(2)}, {"step": 6}))
    monkeypatch.undo()
    held = keeps.read()
    assert held is not None and held.facts["step"] == 3 and held.numbers["a"].tolist() == [1, 1]
    keeps.write(6, Held({"a": torch.zeros(2)}, {"step": 6}))
    assert len(list(tmp_path.glob("*.safetensors"))) == 1
    assert Checkpoints(tmp_path / "none", {}).read() is None


def test_a_full_disk_says_so_and_the_old_one_stays(tmp_path: Path) -> None:
    keeps = Checkpoints(tmp_path, {})
    keeps.write(1, Held({"a": torch.ones(1)}, {"step": 1}))
    with file_limit(1000), pytest.raises(StorageFull, match=r"no room to write \(.*File too large.*Free some space"):
        keeps.write(2, Held({"a": torch.ones(10_000)}, {"step": 2}))
    held = keeps.read()
    assert held is not None and held.facts["step"] == 1


def test_a_digest_is_the_same_for_the_same_content_alone() -> None:
    same = [digest(["ab", "c"], {"a": 1.5}, torch.ones(2), Corpus(["a"], [["b"]], ["c"])) for _ in range(2)]
    assert same[0] == same[1]
    others = (["ab", "c"], ["a", "bc"], [["ab"], "c"], ("ab",), {"ab": "c"}, torch.ones(2), torch.ones(1, 2), None, 1.0)
    assert len({digest(other) for other in others}) == len(others)
    assert digest({"b", "a"}) == digest({"a", "b"})
