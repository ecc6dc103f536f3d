"""Claims:

1. logits that tell the truth are left as they are; those that exaggerate are pulled in by Platt's two numbers.
2. a bent map is mended by an isotonic one, which rises and never says 0 or 1.
3. halves that hold no example of a kind change nothing.
"""

import numpy as np
import pytest

from shopkeeper.measure.calibration import brier, calibration_error
from shopkeeper.rank.calibrating import Calibration, calibrated, isotonic, platt
from shopkeeper.types import BoolArray, DayArray


def drawn(n: int = 20_000, seed: int = 0) -> tuple[DayArray, BoolArray]:
    draw = np.random.default_rng(seed)
    logits = draw.normal(-1.0, 1.0, n)
    return logits, draw.random(n) < 1 / (1 + np.exp(-logits))


def test_what_exaggerates_is_pulled_in_by_two_numbers() -> None:
    logits, came = drawn()
    found = platt(3.0 * logits + 1.0, came)
    assert found.x[0] == pytest.approx(1 / 3, rel=0.05) and found.y[0] == pytest.approx(-1 / 3, abs=0.05)
    chosen = calibrated(3.0 * logits + 1.0, came)
    assert chosen.way == "platt" and calibration_error(chosen.of(3.0 * logits + 1.0), came) < 0.01
    assert brier(chosen.of(3.0 * logits + 1.0), came) < brier(Calibration().of(3.0 * logits + 1.0), came)


def test_what_tells_the_truth_stays_near_it() -> None:
    logits, came = drawn(seed=1)
    told = calibrated(logits, came).of(logits)
    assert np.abs(told - Calibration().of(logits)).mean() < 0.01


def test_a_bent_map_is_mended_by_a_rising_one() -> None:
    logits, came = drawn()
    bent = np.where(logits > -1.0, logits**3 + 5.0, logits)
    chosen = calibrated(bent, came)
    assert chosen.way == "isotonic" and calibration_error(chosen.of(bent), came) < 0.01
    told = isotonic(logits, came).of(np.linspace(-20.0, 20.0, 200))
    assert (np.diff(told) >= 0).all() and told[0] > 0.0 and told[-1] < 1.0


def test_halves_without_examples_change_nothing() -> None:
    logits = np.linspace(-1.0, 1.0, 10)
    assert calibrated(logits, np.zeros(10, bool)) == Calibration()
    assert calibrated(logits, np.arange(10) < 5) == Calibration()


def test_brier_is_the_mean_square() -> None:
    assert brier(np.array([0.2, 0.9]), np.array([False, True])) == pytest.approx((0.04 + 0.01) / 2)
