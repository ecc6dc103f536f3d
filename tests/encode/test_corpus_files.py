"""Claim: a corpus that was written is read back whole, and one of goods alone has no more than these."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.encode import corpus_files
from shopkeeper.encode.corpus import Corpus, Judgements, Reviews
from shopkeeper.encode.pairs import Pairs

TEXTS = ["red kettle", "blue 灯"]


def told(thing: object) -> object:
    """The same as plain values, which can be compared."""
    if isinstance(thing, np.ndarray):
        return thing.dtype.str, thing.tolist()
    if isinstance(thing, Corpus | Judgements | Pairs | Reviews):
        return {field.name: told(getattr(thing, field.name)) for field in fields(thing)}
    return [told(part) for part in thing] if isinstance(thing, list | tuple) else thing


def pairs(kind: str) -> Pairs:
    places = np.array([0], np.int32)
    return Pairs(
        TEXTS, places, places + np.int32(1), np.array([0.5], np.float32), "query" if kind == "query" else "passage"
    )


WHOLE = Corpus(
    TEXTS,
    [(text, "") for text in TEXTS],
    ["", "Norwin"],
    np.eye(2, dtype=np.float32),
    judged=Judgements(["kettle"], np.array([0]), np.array([2]), np.array([0.7], np.float32)),
    pairs=pairs("passage"),
    later=pairs("query"),
    reviews=Reviews(["好用"], ["good"]),
    queries=["lamp", "灯"],
    categories=[("Home", "Kitchen"), ()],
    attributes=[{"colour": "red"}, {}],
)


@pytest.mark.parametrize("corpus", [WHOLE, Corpus(TEXTS, [("",), ("",)], ["", ""])], ids=["whole", "goods"])
def test_a_corpus_is_read_back_as_it_was_written(tmp_path: Path, corpus: Corpus) -> None:
    corpus_files.write(corpus, tmp_path)
    assert told(corpus_files.read(tmp_path)) == told(corpus)
