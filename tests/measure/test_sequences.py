"""Claims, of a folder of three shoppers and six products:

1. the last product is the test's and the one before it the validation's; both learn from what came before those two,
   and the test's history holds the validation's product.
2. a masked batch allows all but what the shopper has; nothing that `keep` leaves out is learnt or known.
3. a folder without its file, or with too short a history, is refused by name.
4. of hidden products so many lines stay as were asked for, never one of the last two of a shopper.
5. the last line of either benchmark's output is one JSON object with the fixed keys; where everybody walks round a ring
   of products, the system foretells the next one, and so does the co-occurrence alone.
"""

import gzip
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from benchmarks import cold_products, sequential
from benchmarks.cold_products import _kept
from benchmarks.sequences import Sequences, read

HISTORIES = ("1 1 2 3 4", "2 2 3 1", "3 5 6 2 1 3")


def folder(path: Path, histories: tuple[str, ...] = HISTORIES, n: int = 6) -> Path:
    files = {
        "s3rec.txt": "\n".join(histories) + "\n",
        "s3id_to_asin.json": json.dumps({str(at): f"asin{at}" for at in range(1, n + 1)}),
        "item_titles.tsv": "asin1\tSoap\nasin3\tBrush\n",
    }
    for name, text in files.items():
        (path / f"Tiny.{name}.gz").write_bytes(gzip.compress(text.encode()))
    return path


def test_the_last_is_the_test_and_the_one_before_the_validation(tmp_path: Path) -> None:
    sequences = read(folder(tmp_path))
    assert sequences.catalog.titles == ["Soap", "", "Brush", "", "", ""]
    validation, test = sequences.leave_one_out(None, 0)
    assert validation.targets.tolist() == [2, 2, 0]
    assert test.targets.tolist() == [3, 0, 2]
    assert validation.snapshot is test.snapshot
    assert test.snapshot.log.rows.tolist() == [0, 1, 1, 4, 5, 1]
    assert test.log.rows.tolist() == [0, 1, 2, 1, 2, 4, 5, 1, 0]
    assert test.log.days.tolist() == [0, 1, 2, 0, 1, 0, 1, 2, 3]


def test_a_masked_batch_allows_all_but_what_the_shopper_has(tmp_path: Path) -> None:
    sequences = read(folder(tmp_path))
    _, test = sequences.leave_one_out(None, 0, sequences.log.rows != 1)
    assert 1 not in test.log.rows
    masked, whole = (test.batch(test.users, masked) for masked in (True, False))
    mask = masked.requests[0].allowed
    assert mask is not None
    assert np.flatnonzero(~mask).tolist() == [0, 2]
    assert whole.requests[0].allowed is None


def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="holds 0 files"):
        read(tmp_path)
    with pytest.raises(SystemExit, match="1 shoppers have fewer than 3 products"):
        read(folder(tmp_path, (*HISTORIES, "4 1 2")))


@pytest.mark.parametrize("events", [0, 1, 5])
def test_of_hidden_products_so_many_lines_stay(tmp_path: Path, events: int) -> None:
    sequences = read(folder(tmp_path))
    hidden = np.arange(6) == 1  # three lines come before the last two of a shopper
    kept = _kept(sequences, hidden, events, np.random.default_rng(0).random(len(sequences.log.rows)))
    assert kept[~hidden[sequences.log.rows]].all()
    assert int(kept[hidden[sequences.log.rows]].sum()) == min(events, 3)
    assert not kept[hidden[sequences.log.rows] & ~sequences.before_last(2)].any()


@pytest.mark.parametrize("benchmark", [sequential, cold_products])
def test_the_last_line_is_one_json_object(
    benchmark: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    n = 40
    ring = tuple(f"{user} " + " ".join(str((user + step) % n + 1) for step in range(6)) for user in range(200))
    monkeypatch.setattr(sequential, "PARTS", dict(sequential.PARTS) | {"sequence": {"epochs": 2, "dimensions": 8}})
    monkeypatch.setattr(Sequences, "vectors", lambda own: np.eye(len(own.catalog), dtype=np.float32))
    monkeypatch.setattr(sys, "argv", ["x", "--data", str(folder(tmp_path, ring, n)), "--seeds", "1"])
    benchmark.main()
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"benchmark", "data", "cpu_s", "parts", "data_sha256"} <= set(figures)
    if benchmark is sequential:
        assert figures["r@10"] == figures["parts"]["covisit"]["r@10"] == 1.0
        assert figures["n@10"] > 0.9
        assert figures["parts"]["popularity"]["r@10"] < 0.5
    else:
        assert figures["hidden"] == 4
        assert figures["parts"]["new.covisit"]["cold_r@10"] == figures["parts"]["new.popularity"]["cold_r@10"] == 0.0
        told = {f"{when}.{who}" for when in ("new", "one", "met") for who in ("covisit", "sequence", "plain", "system")}
        assert told | {"new.random", "new.semantic"} <= set(figures["parts"])
