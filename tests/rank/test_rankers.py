"""Rankers.

1. Parts add up to the score, for every ranker, to float32 rounding.
2. lambdarank learns an order that one column shows, and names each feature file once in its parts, everyone last.
3. Several models are averaged, and the same seed gives the same scores.
4. A saved model scores the same; columns are met by name, a missing one is NaN. A file that earns nothing is not read.
5. The fused score is the sum of the sources' shares, and a part is a share.
6. Nothing to score gives no scores.
7. A blend learns which source to trust from what was judged, and unjudged products do not mislead it; untaught it
   trusts words and meaning alike. What it was taught is saved; a match that is not known counts nothing.
"""

from pathlib import Path

import numpy as np
import pytest

from shopkeeper import plugins
from shopkeeper.ports import Ranker
from shopkeeper.rank.rankers.blend import Blend
from shopkeeper.rank.rankers.fused import Fused
from shopkeeper.rank.rankers.lambdarank import Lambdarank
from shopkeeper.testing.worlds import catalog
from shopkeeper.types import FeatureTable, FloatArray
from tests.rank.worlds import candidates

N, EACH = 40, 20
FOUND = candidates([list(range(EACH))] * N, {"popular": [1.0] * (N * EACH), "repeat": [float("nan")] * (N * EACH)})
OFFSETS = FOUND.offsets
DRAW = np.random.default_rng(0)
TABLE = FeatureTable(
    ("counts.baskets", "counts.share", "price.log"), DRAW.random((N * EACH, 3)).round(1).astype(np.float32)
)
WANTED = (TABLE.values[:, 1] > 0.8).astype(np.float32) * 3


def taught(**settings: float) -> Lambdarank:
    ranker = Lambdarank(Lambdarank.Settings(trees=20, leaves=4, min_leaf=5, **settings))
    ranker.learn(TABLE, WANTED, OFFSETS)
    return ranker


@pytest.mark.parametrize("name", plugins.names("ranker"))
def test_parts_add_up_to_the_score(name: str) -> None:
    kind = plugins.load("ranker", name)
    ranker: Ranker = kind(kind.Settings())
    ranker.learn(TABLE, WANTED, OFFSETS)
    index = np.array([0, 7, 30, 799])
    names, parts = ranker.parts(FOUND.take(index), TABLE.take(index))
    assert parts.shape == (4, len(names)) and parts.dtype == np.float32
    np.testing.assert_allclose(parts.sum(axis=1), ranker.score(FOUND, TABLE)[index], atol=1e-4)


def test_trees_learn_what_the_wanted_have_in_common() -> None:
    scores = taught().score(FOUND, TABLE)
    assert scores.dtype == np.float32
    assert scores[WANTED > 0].min() > scores[WANTED == 0].max()


def test_a_part_is_a_feature_file_and_everyone_comes_last() -> None:
    names, parts = taught(least_gain=0).parts(FOUND.take(np.arange(50)), TABLE.take(np.arange(50)))
    assert names == ("counts", "price", "everyone")
    assert np.abs(parts[:, 0]).mean() > 3 * np.abs(parts[:, 1]).mean()


def test_several_models_are_averaged() -> None:
    one, other = taught(seed=0).score(FOUND, TABLE), taught(seed=1).score(FOUND, TABLE)
    assert not np.array_equal(one, other)
    np.testing.assert_allclose(taught(models=2).score(FOUND, TABLE), (one + other) / 2, rtol=1e-5)


def test_the_same_seed_gives_the_same_scores() -> None:
    np.testing.assert_array_equal(taught().score(FOUND, TABLE), taught().score(FOUND, TABLE))


def test_a_saved_model_scores_the_same(tmp_path: Path) -> None:
    ranker, back = taught(models=2), Lambdarank(Lambdarank.Settings())
    ranker.save(tmp_path)
    back.load(tmp_path, catalog(["a"]))
    np.testing.assert_allclose(back.score(FOUND, TABLE), ranker.score(FOUND, TABLE), rtol=1e-6)
    assert [path.name for path in tmp_path.iterdir()] == ["forest.npz"]


def test_columns_are_met_by_name_and_a_missing_one_is_unknown() -> None:
    ranker = taught()
    turned = FeatureTable(("price.log", "more.new", "counts.share", "counts.baskets"), TABLE.values[:, [2, 0, 1, 0]])
    np.testing.assert_array_equal(ranker.score(FOUND, turned), ranker.score(FOUND, TABLE))
    unknown = TABLE.values.copy()
    unknown[:, 2] = np.nan
    lacking = FeatureTable(TABLE.names[:2], TABLE.values[:, :2])
    np.testing.assert_array_equal(ranker.score(FOUND, lacking), ranker.score(FOUND, FeatureTable(TABLE.names, unknown)))


def test_a_file_that_earns_nothing_is_not_read() -> None:
    ranker = Lambdarank(Lambdarank.Settings(trees=20, leaves=4, min_leaf=5, least_gain=0.5))
    assert not ranker.files
    ranker.learn(TABLE, WANTED, OFFSETS)
    assert ranker.files == ("counts",)
    names, parts = ranker.parts(FOUND, TABLE)
    assert names == ("counts", "everyone")
    np.testing.assert_allclose(parts.sum(axis=1), ranker.score(FOUND, TABLE), atol=1e-4)
    assert taught(least_gain=0).files == ("counts", "price")


def test_columns_may_have_any_names() -> None:
    odd = FeatureTable(("my.days since", "my.a:b,c", "price.[log]"), TABLE.values)
    ranker = Lambdarank(Lambdarank.Settings(trees=20, leaves=4, min_leaf=5))
    ranker.learn(odd, WANTED, OFFSETS)
    np.testing.assert_array_equal(ranker.score(FOUND, odd), taught().score(FOUND, TABLE))


def test_where_nothing_tells_candidates_apart_every_file_is_read() -> None:
    ranker = Lambdarank(Lambdarank.Settings(trees=5, min_leaf=5))
    ranker.learn(FeatureTable(TABLE.names, np.zeros_like(TABLE.values)), WANTED, OFFSETS)
    assert ranker.files == ("counts", "price")


def test_the_fused_score_is_the_sum_of_shares() -> None:
    ranker = Fused(Fused.Settings())
    names, parts = ranker.parts(FOUND, TABLE)
    assert names == ("popular", "repeat")
    assert parts[3].tolist() == [np.float32(1 / 61), 0]
    assert ranker.score(FOUND, TABLE)[3] == np.float32(1 / 61)


def test_nothing_to_score_gives_no_scores() -> None:
    nothing = candidates([[]], {"popular": []})
    table = FeatureTable(TABLE.names, np.empty((0, 3), np.float32))
    assert taught().score(nothing, table).shape == (0,)


def test_a_subset_of_candidates_keeps_what_its_sources_said() -> None:
    index = np.array([0, 7, 30, 799])
    some = FOUND.take(index)
    assert some.rows.tolist() == FOUND.rows[index].tolist()
    assert some.ranks.tolist() == FOUND.ranks[index].tolist()
    assert some.request_of().tolist() == FOUND.request_of()[index].tolist()


MATCHES = FeatureTable(
    ("match.lexical", "match.popular", "match.semantic"),
    np.stack([DRAW.random(N * EACH), np.full(N * EACH, np.nan), DRAW.random(N * EACH)], axis=1).astype(np.float32),
)


def blend(labels: FloatArray | None = None) -> Blend:
    made = Blend(Blend.Settings())
    if labels is not None:
        made.learn(MATCHES, labels, OFFSETS)
    return made


@pytest.mark.parametrize(("column", "name"), [(0, "lexical"), (2, "semantic")])
def test_a_blend_trusts_the_source_that_puts_the_better_first(column: int, name: str) -> None:
    grades = np.floor(MATCHES.values[:, column] * 4).astype(np.float32)
    grades[::3] = np.nan  # nobody judged these, and they are no better or worse than others
    names, parts = blend(grades).parts(FOUND, MATCHES)
    shares = dict(zip(names, parts.sum(axis=0), strict=True))
    assert set(names) == {"lexical", "semantic"} and shares[name] > 0.9 * sum(shares.values())


def test_an_untaught_blend_trusts_words_and_meaning_alike_and_an_unknown_match_counts_nothing() -> None:
    table = FeatureTable(("match.semantic", "match.lexical"), np.array([[0.5, 1.0], [1.0, np.nan]], np.float32))
    found = candidates([[0, 1]], {"lexical": [1.0, float("nan")], "semantic": [0.5, 1.0]})
    assert blend().score(found, table).tolist() == pytest.approx([1.5 / 3, 1.0 / 3])


def test_what_a_blend_was_taught_is_saved(tmp_path: Path) -> None:
    taught_one, back = blend(np.floor(MATCHES.values[:, 0] * 4).astype(np.float32)), blend()
    taught_one.save(tmp_path)
    back.load(tmp_path, catalog(["a"]))
    np.testing.assert_array_equal(back.score(FOUND, MATCHES), taught_one.score(FOUND, MATCHES))
    assert not np.array_equal(back.score(FOUND, MATCHES), blend().score(FOUND, MATCHES))
