"""The contracts of ranking features and rankers."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from shopkeeper.observed import Observed
from shopkeeper.ports import Forgets, Observes, Replays, Saves, Updates
from shopkeeper.testing.contract_world import TODAY, World, candidates, empty_world, one_of, some_past, world
from shopkeeper.types import ACTION_CODES, SCENES, Batch, Candidates, FeatureTable, FloatArray

ROWS = (0, 2, 4, 9, 11, 16, 21)


def feature_values_have_their_shape(kind: type[Any]) -> None:
    """float32, a row a candidate, a column a name; names are unique; nothing is infinite."""
    here = world()
    feature = _fitted(kind, here)
    assert len(set(feature.names)) == len(feature.names) > 0, f"names must be some and unique: {feature.names}"
    for scene in SCENES:
        batch = here.requests(scene)
        offered = candidates(batch, ROWS)
        values = feature.values(batch, offered)
        assert values.shape == (len(offered.rows), len(feature.names)), f"{scene}: the shape is {values.shape}"
        assert values.dtype == np.float32, f"{scene}: values are {values.dtype}"
        assert not np.isinf(values).any(), f"{scene}: a value is infinite"


def features_of_one_are_those_it_has_in_a_batch(kind: type[Any]) -> None:
    """A batch of one has the values that the same request has among three."""
    here = world()
    feature = _fitted(kind, here)
    for scene in SCENES:
        batch = here.requests(scene)
        together = feature.values(batch, candidates(batch, ROWS)).reshape(len(batch), len(ROWS), -1)
        for at in range(len(batch)):
            alone = one_of(batch, at)
            _are_equal(together[at], feature.values(alone, candidates(alone, ROWS)), f"{scene}, request {at} alone")


def a_saved_feature_has_the_same_values(kind: type[Any]) -> None:
    """What was saved and loaded computes what was learnt."""
    here = world()
    feature = _fitted(kind, here)
    if not _can(feature, Saves):
        return
    again = kind(kind.Settings())
    with tempfile.TemporaryDirectory() as name:
        feature.save(Path(name))
        again.load(Path(name), here.catalog)
        for scene in SCENES:
            batch = here.requests(scene)
            offered = candidates(batch, ROWS)
            _are_equal(feature.values(batch, offered), again.values(batch, offered), f"{scene}, after loading")


def a_changed_product_is_as_one_learnt_with_the_catalogue(kind: type[Any]) -> None:
    """After an update the values are those of a feature that was loaded with the catalogue as it is now."""
    here = world()
    feature = _fitted(kind, here)
    if not (_can(feature, Updates) and _can(feature, Saves)):
        return
    grown, rows, vectors = here.grown()
    again = kind(kind.Settings())
    with tempfile.TemporaryDirectory() as name:
        feature.save(Path(name))
        again.load(Path(name), grown)
    for one in (feature, again):
        one.update(grown, rows, vectors)
    saved = kind(kind.Settings())
    with tempfile.TemporaryDirectory() as name:
        feature.save(Path(name))
        saved.load(Path(name), grown)
    for scene in SCENES:
        batch = here.requests(scene)
        offered = candidates(batch, (*ROWS, len(here.catalog)))
        values = feature.values(batch, offered)
        _are_equal(values, again.values(batch, offered), f"{scene}, updated after loading")
        _are_equal(values, saved.values(batch, offered), f"{scene}, loaded after updating")


def features_live_on(kind: type[Any]) -> None:
    """Events, forgetting and changed products are taken in; rows and shoppers nobody has learnt break nothing."""
    here = world()
    feature = _fitted(kind, here)
    n = len(here.catalog)
    if _can(feature, Observes):
        for row in (-1, 2, n + 5):
            feature.observe(Observed(ACTION_CODES["purchase"], TODAY, 5, row, "s"))
    if _can(feature, Forgets):
        feature.forget(5)
        feature.forget(10_000)
    if _can(feature, Updates):
        grown, rows, vectors = here.grown()
        feature.update(grown, rows, vectors)
        feature.update(grown, rows, None)
    for scene in SCENES:
        batch = here.stranger(scene)
        offered = candidates(batch, (*ROWS, n))
        values = feature.values(batch, offered)
        assert values.shape == (len(offered.rows), len(feature.names)), f"{scene}: the shape is {values.shape}"


def features_of_a_past_at_once_are_those_event_by_event(kind: type[Any]) -> None:
    """After replaying a past the values are those after observing each of its events."""
    here = world()
    at_once, one_by_one = _fitted(kind, here), _fitted(kind, here)
    if not (_can(at_once, Replays) and _can(at_once, Observes)):
        return
    at_once.replay(some_past())
    for event in some_past():
        one_by_one.observe(event)
    batch = here.requests("home")
    offered = candidates(batch, ROWS)
    _are_equal(one_by_one.values(batch, offered), at_once.values(batch, offered), "after a past at once")


def features_of_nothing_are_nothing(kind: type[Any]) -> None:
    """A shop without products can be fitted; a request without candidates has no rows."""
    feature = _fitted(kind, empty_world())
    batch = empty_world().stranger("home")
    assert feature.values(batch, candidates(batch, ())).shape == (0, len(feature.names))


FEATURE_CONTRACT = (
    feature_values_have_their_shape,
    features_of_one_are_those_it_has_in_a_batch,
    a_saved_feature_has_the_same_values,
    a_changed_product_is_as_one_learnt_with_the_catalogue,
    features_live_on,
    features_of_a_past_at_once_are_those_event_by_event,
    features_of_nothing_are_nothing,
)


def parts_add_up_to_the_score(kind: type[Any]) -> None:
    """For any candidates asked about, the parts' sum is the score, to float32 rounding."""
    ranker, offered, table = _taught(kind)
    scores = ranker.score(offered, table)
    assert scores.shape == (len(offered.rows),), f"the scores' shape is {scores.shape}"
    assert scores.dtype == np.float32, f"scores are {scores.dtype}"
    assert np.isfinite(scores).all(), "a score is not finite"
    index = np.array([0, 3, len(offered.rows) - 1], np.int64)
    names, parts = ranker.parts(offered.take(index), table.take(index))
    assert parts.shape == (len(index), len(names)), f"{len(names)} names and parts of shape {parts.shape}"
    assert len(set(names)) == len(names), f"names of parts repeat: {names}"
    _are_equal(parts.sum(axis=1), scores[index], "the parts' sum")


def a_saved_ranker_scores_the_same(kind: type[Any]) -> None:
    """What was saved and loaded scores what was learnt."""
    ranker, offered, table = _taught(kind)
    if not _can(ranker, Saves):
        return
    again = kind(kind.Settings())
    with tempfile.TemporaryDirectory() as name:
        ranker.save(Path(name))
        again.load(Path(name), world().catalog)
        _are_equal(ranker.score(offered, table), again.score(offered, table), "after loading")


def the_same_lesson_makes_the_same_ranker(kind: type[Any]) -> None:
    """Learning twice from the same table gives the same scores."""
    first, offered, table = _taught(kind)
    second, _, _ = _taught(kind)
    _are_equal(first.score(offered, table), second.score(offered, table), "learnt again")


def nothing_to_rank_gets_no_scores(kind: type[Any]) -> None:
    """No candidates, no scores."""
    ranker, _, table = _taught(kind)
    batch = world().requests("home")
    none = FeatureTable(table.names, table.values[:0])
    assert ranker.score(candidates(batch, ()), none).shape == (0,)


RANKER_CONTRACT = (
    parts_add_up_to_the_score,
    a_saved_ranker_scores_the_same,
    the_same_lesson_makes_the_same_ranker,
    nothing_to_rank_gets_no_scores,
)


def _fitted(kind: type[Any], here: World) -> Any:
    feature = kind(kind.Settings())
    feature.fit(here.snapshot)
    return feature


def _taught(kind: type[Any]) -> tuple[Any, Candidates, FeatureTable]:
    """A ranker taught on many requests that the second column decides, its candidates and its table."""
    batch = world().requests("home")
    many = Batch(batch.requests * 40, batch.intents * 40, batch.portraits * 40)
    offered = candidates(many, ROWS)
    values = np.random.default_rng(0).random((len(offered.rows), 3)).astype(np.float32)
    values[::11, 0] = np.nan
    table = FeatureTable(("a.x", "a.y", "b.z"), values)
    ranker = kind(kind.Settings())
    ranker.learn(table, (values[:, 1] > 0.7).astype(np.float32), offered.offsets)
    return ranker, offered, table


def _can(plugin: Any, capability: type[Any]) -> bool:
    return isinstance(plugin, capability)


def _are_equal(one: FloatArray, other: FloatArray, when: str) -> None:
    assert np.allclose(one, other, rtol=1e-4, atol=1e-5, equal_nan=True), f"{when}: values differ"
