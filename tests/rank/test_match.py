"""Claims:

1. In a search a match is the score over the source's best of the request, 0 below 0 and where it is not known.
2. A source that found nothing, or only what is worth nothing, says nothing; nor is there a match outside a search.
"""

import numpy as np

from shopkeeper.portrait import NO_PORTRAIT
from shopkeeper.rank.features.match import Match
from shopkeeper.types import Batch, Intent, Request, Scene
from tests.rank.worlds import candidates

NAN = float("nan")
FOUND = candidates([[0, 1, 2], [3, 4]], {"lexical": [4.0, 1.0, NAN, NAN, NAN], "semantic": [0.2, 0.8, -0.1, 0.0, 0.0]})


def values(*scenes: Scene) -> dict[str, list[float]]:
    asked = tuple(Request(request_id="", scene=scene, day=1.0, query="words") for scene in scenes)
    feature = Match(Match.Settings())
    table = feature.values(Batch(asked, (Intent(),) * 2, (NO_PORTRAIT,) * 2), FOUND)
    return {name: table[:, column].tolist() for column, name in enumerate(feature.names)}


def test_a_match_is_the_score_over_the_best_of_the_request() -> None:
    found = values("search", "search")
    np.testing.assert_allclose(found["lexical"], [1.0, 0.25, 0.0, NAN, NAN])
    np.testing.assert_allclose(found["semantic"], [0.25, 1.0, 0.0, NAN, NAN])
    assert np.isnan(found["popular"]).all()


def test_there_is_no_match_outside_a_search() -> None:
    found = values("home", "search")
    assert np.isnan([own[:3] for own in found.values()]).all()
