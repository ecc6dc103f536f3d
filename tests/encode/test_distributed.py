"""Several processes at one training. Claims, on a tiny model without anything dropped out:

1. two processes that `torchrun` started end with the numbers of one, to the rounding of sums in another order: batches
   that are divided, batches that are compared as a whole, heads and learnt weights, under attack too; one of them
   writes the checkpoint.
2. a process alone is a crew of one: sums, shares and gradients are its own.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from shopkeeper.encode.adversarial import Kind
from shopkeeper.encode.distributed import ALONE, crew
from tests.encode.tiny import write_e5
from tests.encode.trained import exact, gradients, told, trained

pytestmark = [pytest.mark.weights, pytest.mark.filterwarnings("ignore")]
ROUNDING = 1e-4
"""Of vectors after nine steps, and as a share of losses and scores: sums in another order differ in the 7th digit."""


@pytest.mark.parametrize("under", ["none", "fgm"])
def test_two_processes_end_with_the_numbers_of_one(tmp_path: Path, under: Kind) -> None:
    weights, folder = write_e5(tmp_path / "tiny.bin"), tmp_path / "run"
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*torchrun, "-m", "tests.encode.trained", str(weights), str(folder), "0.0", "0", under]
    done = subprocess.run(command, capture_output=True, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    two = [json.loads(Path(f"{weights}.{rank}.json").read_bytes()) for rank in range(2)]
    assert two[0]["vectors"] == two[1]["vectors"] and str(two[0]["points"]) == str(two[1]["points"])
    with exact():
        one, of_one = json.loads(json.dumps(told(*trained(weights, None, 0.0, 0, under)))), gradients(weights)
    np.testing.assert_allclose(two[0]["gradients"], of_one, atol=1e-6, rtol=1e-4)
    assert np.linalg.norm(of_one) > 0.1
    np.testing.assert_allclose(two[0]["vectors"], one["vectors"], atol=ROUNDING)
    for left, right in zip(two[0]["points"], one["points"], strict=True):
        assert left[0] == right[0]
        np.testing.assert_allclose(left[1:3], right[1:3], rtol=ROUNDING)
        assert left[3].keys() == right[3].keys()
        for name in left[3]:
            np.testing.assert_allclose([left[3][name], left[4][name]], [right[3][name], right[4][name]], rtol=ROUNDING)
    assert one["points"][-1][1] < 0.99 * one["points"][1][1]  # it did learn
    with exact():
        resumed = json.loads(json.dumps(told(*trained(weights, folder, 0.0, 0, under))))
    assert resumed["vectors"] == two[0]["vectors"]


def test_alone_everything_is_ones_own() -> None:
    assert crew() == ALONE
    values = torch.arange(3.0)
    assert ALONE.sum(values) is values and ALONE.all(values).shape == (1, 3)
    assert ALONE.share(np.arange(5)).tolist() == [0, 1, 2, 3, 4]
    assert ALONE.first([0.1, 1e-17]) == [0.1, 1e-17] and ALONE.any(True) and not ALONE.any(False)
    parameter = torch.nn.Parameter(values)
    ALONE.average([parameter])
    assert parameter.grad is None
