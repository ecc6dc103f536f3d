"""Claims:

1. auc is the share of pairs in order, ties half; NaN without pairs.
2. log loss is the mean surprise; the error is the mean distance of chance and share over bins of equal size.
3. chances that come true have an error near 0, and the same chances halved have not.
"""

import math

import numpy as np
import pytest

from shopkeeper.measure.calibration import auc, calibration_error, log_loss, reliability

CHANCES = np.array([0.1, 0.4, 0.4, 0.8])
CAME = np.array([False, True, False, True])


def test_auc_counts_pairs_in_order_and_ties_half() -> None:
    assert auc(CHANCES, CAME) == pytest.approx((1 + 0.5 + 1 + 1) / 4)  # .4 above .1, level with .4; .8 above both
    assert auc(1 - CHANCES, CAME) == pytest.approx(1 - 3.5 / 4)
    assert math.isnan(auc(CHANCES, np.ones(4, bool)))


def test_log_loss_is_the_mean_surprise() -> None:
    assert log_loss(CHANCES, CAME) == pytest.approx(-np.log([0.9, 0.4, 0.6, 0.8]).mean())
    assert log_loss(np.array([0.0]), np.array([True])) == pytest.approx(-np.log(1e-7))


def test_the_error_is_the_distance_over_bins() -> None:
    assert reliability(CHANCES, CAME, 2) == [(0.25, 0.5, 2), (pytest.approx(0.6), 0.5, 2)]
    assert calibration_error(CHANCES, CAME, 2) == pytest.approx((0.25 + 0.1) / 2)


def test_chances_that_come_true_have_no_error_and_halved_ones_have() -> None:
    draw = np.random.default_rng(0)
    chances = draw.random(20_000)
    came = draw.random(20_000) < chances
    assert calibration_error(chances, came) < 0.015
    assert calibration_error(chances / 2, came) == pytest.approx(0.25, abs=0.01)
