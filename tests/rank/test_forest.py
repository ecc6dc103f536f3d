"""Taught trees as arrays.

1. Scores are LightGBM's own to rounding, for trees of few and of many leaves, alone and averaged.
2. A missing value goes where LightGBM sends it, whether the column ever lacked one in learning or not.
3. A value on a threshold, and the nearest ones beside it, go where LightGBM sends them; so do very large ones.
4. Parts are named by file and add up to the score; a file whose columns no split asks about adds nothing.
5. Trees that could not split say what everyone gets.
6. A table of many rows gives what its rows give alone; a saved forest is the same forest.
"""

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest

from shopkeeper.rank.forest import MOST_LEAVES, Forest
from shopkeeper.types import FloatArray

NAMES = ("counts.baskets", "counts.share", "price.log", "age.days")
DRAW = np.random.default_rng(5)


def rows(n: int, lacking: bool = True) -> FloatArray:
    """Random rows: halves, so that many stand on thresholds; of the first two columns a fifth is missing."""
    values = (DRAW.normal(0, 4, (n, len(NAMES))) * 2).round() / 2
    if lacking:
        values[:, :2][DRAW.random((n, 2)) < 0.2] = np.nan
    return values.astype(np.float32)


LEARNT = rows(4000)
WANTED = np.nan_to_num(LEARNT[:, 0]) * np.sign(LEARNT[:, 2]) + np.isnan(LEARNT[:, 1]) * 3 + DRAW.normal(0, 0.1, 4000)


def grown(leaves: int, seed: int = 0, **parameters: Any) -> lightgbm.Booster:
    data = lightgbm.Dataset(LEARNT, WANTED, feature_name=list(NAMES), params={"verbosity": -1, "num_threads": 1})
    asked = {"num_leaves": leaves, "seed": seed, "verbosity": -1, "num_threads": 1, "feature_fraction": 0.7}
    return lightgbm.train(asked | parameters, data, 30)


def forest(*boosters: lightgbm.Booster) -> Forest:
    return Forest.of(NAMES, [booster.dump_model() for booster in boosters])


@pytest.mark.parametrize("leaves", [2, 8, 9, 20, 33, MOST_LEAVES])
def test_scores_are_those_of_lightgbm(leaves: int) -> None:
    booster, asked = grown(leaves), rows(500)
    np.testing.assert_allclose(forest(booster).scores(asked), booster.predict(asked), rtol=1e-9, atol=1e-9)


def test_boosters_are_averaged() -> None:
    one, other, asked = grown(8, 1), grown(31, 2), rows(100)
    mean = (np.asarray(one.predict(asked)) + np.asarray(other.predict(asked))) / 2
    assert not np.allclose(one.predict(asked), other.predict(asked))
    np.testing.assert_allclose(forest(one, other).scores(asked), mean, rtol=1e-9, atol=1e-9)


def test_what_is_missing_goes_where_lightgbm_sends_it() -> None:
    booster, asked = grown(16), rows(300, lacking=False)
    whole = booster.predict(asked)
    for column in range(len(NAMES)):
        lacking = asked.copy()
        lacking[:, column] = np.nan
        np.testing.assert_allclose(forest(booster).scores(lacking), booster.predict(lacking), rtol=1e-9, atol=1e-9)
        assert column == 3 or not np.allclose(booster.predict(lacking), whole)


def test_values_beside_a_threshold_go_where_lightgbm_sends_them() -> None:
    booster = grown(MOST_LEAVES)
    splits = booster.trees_to_dataframe().dropna(subset=["threshold"])
    cuts = sorted(set(zip(map(NAMES.index, splits["split_feature"]), splits["threshold"], strict=True)))
    cuts = [cut for cut in cuts if abs(cut[1]) > 1e-30]  # nearer to zero than 1e-35 is zero to LightGBM
    asked = np.repeat(rows(1, lacking=False), 3 * len(cuts), axis=0)
    for at, (column, cut) in enumerate(cuts):
        near, low, high = np.float32(np.clip(cut, -1e38, 1e38)), np.float32(-np.inf), np.float32(np.inf)
        asked[3 * at : 3 * at + 3, column] = [np.nextafter(near, low), near, np.nextafter(near, high)]
    assert len(cuts) > 50
    np.testing.assert_allclose(forest(booster).scores(asked), booster.predict(asked), rtol=1e-9, atol=1e-9)


def test_parts_are_named_by_file_and_add_up() -> None:
    told, asked = forest(grown(8, interaction_constraints=[[0, 1], [2]])), rows(50)
    parts = told.parts(asked)
    assert told.files == ("counts", "price", "age")
    assert parts.shape == (50, 4)
    np.testing.assert_allclose(parts.sum(axis=1), told.scores(asked), rtol=1e-9, atol=1e-9)
    assert np.abs(parts[:, :2]).max() > 0
    assert np.abs(parts[:, 2]).max() == 0


def test_trees_that_cannot_split_say_what_everyone_gets() -> None:
    told = forest(grown(8, min_data_in_leaf=4000, boost_from_average=True))
    parts = told.parts(rows(3))
    np.testing.assert_allclose(parts[:, -1], WANTED.mean(), atol=1e-6)
    assert np.abs(parts[:, :-1]).max() == 0


def test_many_rows_give_what_each_gives_alone() -> None:
    told, asked = forest(grown(8)), rows(3000)
    np.testing.assert_array_equal(told.scores(asked)[2500:], told.scores(asked[2500:]))
    assert told.scores(asked[:0]).shape == (0,)


def test_a_saved_forest_is_the_same(tmp_path: Path) -> None:
    told, asked = forest(grown(20)), rows(40)
    told.save(tmp_path / "forest.npz")
    back = Forest.load(tmp_path / "forest.npz")
    assert (back.columns, back.files) == (told.columns, told.files)
    np.testing.assert_array_equal(back.parts(asked), told.parts(asked))
