"""kill -9 of a process that takes events and compacts without a pause.

1. Whatever moment it is killed at, every acknowledged event is in the log, none is in it twice.
2. What was sent again after the kill is told to be there already.
"""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from shopkeeper.store.folder import open_folder
from tests.store.worlds import event

KILLS = 6


@pytest.mark.server
def test_no_kill_loses_or_doubles_an_acknowledged_event(path: Path) -> None:
    choice = random.Random(5)
    acknowledged: set[str] = set()
    for life in range(KILLS):
        acknowledged |= _acknowledged_until_killed(path, f"life{life}", after_lines=choice.randint(1, 400))
        with open_folder(path, writable=True) as folder:
            found = Counter(folder.events.table().to_pyarrow()["event_id"].to_pylist())
            assert acknowledged <= set(found)
            assert max(found.values()) == 1
            assert len(folder.events) == len(found)
            again = sorted(acknowledged)[:50]
            assert set(folder.events.append([event(name, 30) for name in again])) == {"duplicate"}
    assert len(acknowledged) > KILLS


def _acknowledged_until_killed(path: Path, life: str, after_lines: int) -> set[str]:
    command = [sys.executable, "-m", "tests.store.victim", str(path), life]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        lines = [victim.stdout.readline() for _ in range(after_lines)]
        os.kill(victim.pid, signal.SIGKILL)
        lines += victim.stdout.readlines()
    whole = [line.split() for line in lines if line.endswith("\n")]
    assert all(outcome == "accepted" for _, outcome in whole)
    return {event_id for event_id, _ in whole}
