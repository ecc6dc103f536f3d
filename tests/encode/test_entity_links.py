"""The benchmark of what a tagger adds to the shop's own names.

1. A span is linked to values of its label that have all its words, those of most products first, and to no others.
2. What no value has is linked to nothing; every link is a boost, as sure as the tagger is.
"""

import numpy as np
import pytest

from benchmarks.entity_links import MOST, Links
from shopkeeper.attributes import Attributes
from shopkeeper.encode.projection import Span
from shopkeeper.testing import worlds

SAID = [{"colour": "Sky blue"}, {"colour": "Dark blue"}, {"colour": "Dark blue"}, {"Case colour": "Blue"}, {}]
SHELF = worlds.catalog(
    [f"Thing {at}" for at in range(len(SAID))],
    brands=["Blue Lake", "Lake", "Lake", "", ""],
    categories=np.array([0, 0, 0, 1, 1], np.int32),
    category_paths=[("Home", "Floor stand"), ("Home", "Stand")],
    attributes=Attributes.of(SAID),
)


@pytest.mark.parametrize(
    ("words", "label", "values"),
    [
        ("blue", "colour", ["Dark blue", "Sky blue", "Blue"]),
        ("blue dark", "colour", ["Dark blue"]),
        ("lake", "brand", ["Lake", "Blue Lake"]),
        ("stands", "type", ["Floor stand", "Stand"]),
        ("home", "type", []),
        ("crimson", "colour", []),
        ("lake", "colour", []),
    ],
)
def test_a_span_is_linked_to_values_with_its_words(words: str, label: str, values: list[str]) -> None:
    found = list(Links(SHELF).of(words, Span(0, len(words), label, 0.5)))
    assert [own.value for own in found] == values[:MOST]
    assert all((own.role, own.confidence, own.words) == ("boost", 0.5, words) for own in found)
