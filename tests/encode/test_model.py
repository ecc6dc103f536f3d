"""A pretrained encoder that can learn. Claims:

1. vectors are of length one, in the order asked for, and do not depend on what else is encoded.
2. a query and a passage get the prefixes of their weights, and long texts keep their closing token.
3. what was saved is found, loaded and answers the same; its pooling and prefixes come back.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.encode.model import TextModel
from shopkeeper.encode.weights import find
from tests.encode.tiny import write_e5

pytestmark = [pytest.mark.weights, pytest.mark.filterwarnings("ignore")]
TEXTS = ("ab", "b a ab", "a", "ab ab ab b")


@pytest.fixture(params=["folder", "e5"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> TextModel:
    made = TextModel.load(find(str(write_e5(tmp_path / "tiny.bin"))))
    if request.param == "e5":
        return made
    made.save(tmp_path / "tiny")
    return TextModel.load(find(str(tmp_path / "tiny")))


def test_vectors_are_unit_and_alone_what_they_are_together(model: TextModel) -> None:
    together = model.vectors(TEXTS, "passage")
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, rtol=1e-5)
    alone = np.concatenate([model.vectors([text], "passage") for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert not np.allclose(together[0], together[1], atol=1e-3)
    assert model.vectors([], "query").shape == (0, model.dimensions)


def test_prefixes_are_of_the_kind_and_long_texts_are_closed(model: TextModel) -> None:
    def prefixed(query: str, passage: str, most: int = 64) -> TextModel:
        own = replace(model.weights, query_prefix=query, passage_prefix=passage)
        return TextModel(model.body, model.tokenizer, own, most)

    plain = prefixed("", "")
    assert prefixed("a", "b").ids(["b"], "query") == plain.ids(["ab"], "query")
    assert prefixed("a", "b").ids(["b"], "passage") == plain.ids(["bb"], "query")
    whole = plain.ids([TEXTS[3]], "query")[0]
    assert len(whole) > 4
    assert prefixed("", "", 4).ids([TEXTS[3]], "query") == [[*whole[:3], whole[-1]]]


def test_what_was_saved_is_the_same_model(model: TextModel, tmp_path: Path) -> None:
    for pooling in ("mean", "cls"):
        own = replace(model.weights, pooling=pooling, query_prefix="ask: ", passage_prefix="tell: ")
        kept = TextModel(model.body, model.tokenizer, own)
        kept.save(tmp_path / pooling)
        found = find(str(tmp_path / pooling))
        assert (found.pooling, found.query_prefix, found.passage_prefix) == (pooling, "ask: ", "tell: ")
        back = TextModel.load(found)
        np.testing.assert_allclose(back.vectors(TEXTS, "query"), kept.vectors(TEXTS, "query"), atol=1e-6)
