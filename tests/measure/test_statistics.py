"""Claims:
1. The interval of a constant is the constant; the mean is the sample's own.
2. The percentile interval is the normal one where the values are many, and is the same for the same seed.
3. A paired difference cancels what the users have in common, and counts the draws that do not favour a.
4. The exact distribution of a resample of two values comes out: a quarter, a half, a quarter.
5. Holm's correction is the hand-worked one and keeps the order of the table.
6. 2,000 users x 10,000 draws never hold more than a chunk at once; the chunk size does not change the mean of draws.
7. NaN, nothing and unpaired values are refused.
"""

import tracemalloc
from math import sqrt

import numpy as np
import pytest

from shopkeeper.measure import statistics
from shopkeeper.measure.statistics import Difference, Interval, bootstrap, holm, paired_bootstrap


def test_a_constant_is_certain() -> None:
    assert bootstrap(np.full(7, 0.25)) == Interval(0.25, 0.25, 0.25)


def test_many_values_give_the_normal_interval() -> None:
    values = np.arange(1000) / 1000
    found = bootstrap(values, seed=3)
    half = 1.96 * values.std() / sqrt(1000)
    assert found.mean == values.mean()
    assert found.low == pytest.approx(values.mean() - half, abs=0.001)
    assert found.high == pytest.approx(values.mean() + half, abs=0.001)


def test_the_seed_decides_the_draws() -> None:
    values = np.random.default_rng(0).random(50)
    assert bootstrap(values, seed=1) == bootstrap(values, seed=1)
    assert bootstrap(values, seed=1) != bootstrap(values, seed=2)


def test_a_resample_of_two_values_has_the_exact_shares() -> None:
    found = paired_bootstrap(np.array([1.0, 0.0]), np.array([0.0, 0.0]), draws=20_000)
    assert found.share_not_above == pytest.approx(1 / 4, abs=0.01)  # only a draw of (0, 0) is not above
    assert (found.mean, found.low, found.high) == (0.5, 0.0, 1.0)


def test_pairing_cancels_what_users_have_in_common() -> None:
    users = np.random.default_rng(0).random(200)
    found = paired_bootstrap(users + 0.125, users)
    assert found.low == pytest.approx(0.125)
    assert found.high == pytest.approx(0.125)
    assert found.share_not_above == 0
    assert paired_bootstrap(users, users + 0.125).share_not_above == 1


def test_the_p_value_counts_the_sample_itself_as_a_draw() -> None:
    assert Difference(0.1, 0.05, 0.15, 0.0, 99).p_value == (0 + 1) / (99 + 1)
    assert Difference(0.1, 0.05, 0.15, 0.5, 100).p_value == (50 + 1) / (100 + 1)


def test_holm_multiplies_by_the_comparisons_left_and_never_falls() -> None:
    found = holm({"c": 0.03, "a": 0.01, "b": 0.02, "d": 0.6})
    assert list(found) == ["c", "a", "b", "d"]
    assert found["a"] == 4 * 0.01
    assert found["b"] == 3 * 0.02
    assert found["c"] == max(2 * 0.03, 3 * 0.02)
    assert found["d"] == 1 * 0.6
    assert holm({"x": 0.9, "y": 0.8}) == {"x": 1.0, "y": 1.0}
    assert holm({}) == {}


def test_memory_stays_within_chunks_and_chunks_do_not_change_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).random(2000)
    tracemalloc.start()
    whole = bootstrap(values)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40e6  # all draws at once would be 2,000 x 10,000 x 16 bytes = 320 MB
    monkeypatch.setattr(statistics, "CHUNK", 2000 * 7)
    assert bootstrap(values) == whole


def test_an_interval_reads_as_a_mean_and_its_bounds() -> None:
    assert str(Interval(0.21911, 0.2, 0.24)) == "0.2191 [0.2000, 0.2400]"


def test_what_cannot_be_resampled_is_refused() -> None:
    with pytest.raises(ValueError, match="values is empty: there is no user to resample"):
        bootstrap(np.empty(0))
    with pytest.raises(ValueError, match="values holds 1 NaN of 2: leave users without targets out first"):
        bootstrap(np.array([0.5, np.nan]))
    with pytest.raises(ValueError, match="a has 2 values, b 1: a paired comparison needs the same users in both"):
        paired_bootstrap(np.zeros(2), np.zeros(1))
