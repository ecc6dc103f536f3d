"""Claims, in a shop that sells orange juice, kettles, sofas and mugs in two colours:

1. words that several shoppers put in the place of others that found nothing for them are synonyms one way, those of a
   phrase too; seen both ways, both ways.
2. too few shoppers, one alone in many visits, too small a part of those who gave the words up, too long between the
   searches, a choice after the first one, codes, numbers, units and brands: none is.
3. words that products say stand for others only where the same is chosen after them.
4. queries that lead to the same products are synonyms both ways; those that only share one are not.
5. words of titles near in meaning are, unless they are values of one attribute, said together, or said elsewhere.
6. what is mined is used as the settings allow, weaker than what they say; it is a known word, and the intent says it.
"""

from typing import ClassVar

import numpy as np
import pytest

from shopkeeper.attributes import Attributes
from shopkeeper.observed import Choice, Search
from shopkeeper.settings import Synonyms as Said
from shopkeeper.settings import Understand
from shopkeeper.testing import worlds
from shopkeeper.types import ACTION_CODES, FloatArray
from shopkeeper.understand.lexicon import catalog_texts
from shopkeeper.understand.mining import CatalogWords, mined, of_neighbours
from shopkeeper.understand.understanding import Understanding
from shopkeeper.understood import Mined, Way

TITLES = ["Orange juice"] * 5 + ["Kettle"] * 5 + ["Red mug"] * 5 + ["Blue mug"] * 5 + ["Sofa"] * 5 + ["Couch"] * 5
COLOURS = [{"colour": title.split()[0]} if title.endswith("mug") else {} for title in TITLES]
SHELF = worlds.catalog(
    TITLES,
    brands=["Acme" if title == "Kettle" else "" for title in TITLES],
    categories=np.array([TITLES.index(title) // 5 if "ouch" not in title else 4 for title in TITLES], np.int32),
    category_paths=[("Drinks",), ("Kitchen",), ("Mugs",), ("Mugs",), ("Living",)],
    attributes=Attributes.of(COLOURS),
)
WORDS = CatalogWords(SHELF)
JUICE, KETTLE, SOFA, COUCH = 0, 5, 20, 25


REWRITTEN: tuple[Way, ...] = ("reformulations",)


def rewritten(before: str, after: str, users: tuple[int, ...] = (1, 2, 3), minutes: float = 1.0) -> list[Search]:
    return [
        search
        for user in users
        for search in (
            Search(before, f"v{user}-{before}", user, 10.0, False),
            Search(after, f"v{user}-{before}", user, 10.0 + minutes / 1440, True),
        )
    ]


def chosen(query: str, row: int, users: tuple[int, ...] = (1, 2, 3)) -> list[Choice]:
    return [Choice(query, ACTION_CODES["purchase"], 10.0, user, row, f"v{user}") for user in users]


def found(searches: list[Search], choices: list[Choice] | None = None) -> list[tuple[str, str, bool, str, int]]:
    return [own[:5] for own in mined(("reformulations", "choices"), searches, choices or [], WORDS, None)]


def test_what_stands_in_the_place_of_words_that_found_nothing() -> None:
    assert found(rewritten("cold oj", "cold orange juice")) == [("oj", "orange juice", False, "reformulations", 3)]
    assert found(rewritten("tea boiler", "kettles")) == [("tea boiler", "kettles", False, "reformulations", 3)]


def test_the_example_is_what_several_typed() -> None:
    own = mined(REWRITTEN, rewritten("oj", "orange juice"), [], WORDS, None)[0]
    assert own.example == "oj > orange juice"
    different = [*rewritten("oj a", "orange juice a", (1,)), *rewritten("oj b", "orange juice b", (2,))]
    own = mined(REWRITTEN, [*different, *rewritten("oj c", "orange juice c", (3,))], [], WORDS, None)[0]
    assert own.example == ""


@pytest.mark.parametrize(
    "searches",
    [
        rewritten("oj", "orange juice", (1, 2)),
        rewritten("oj", "orange juice", (1, 1, 1, 1)),
        rewritten("oj", "orange juice", (-1, -1, -1, -1)),
        rewritten("oj", "orange juice", minutes=6),
        [*rewritten("oj", "orange juice"), *rewritten("oj", "kettle", tuple(range(10, 20)))][:6]
        + rewritten("oj", "sofa", tuple(range(20, 28))),
        [search._replace(chose=True) for search in rewritten("oj", "orange juice")],
        rewritten("acme", "kettle"),
        rewritten("mg20", "kettle"),
        rewritten("kg", "kettle"),
        rewritten("oj", "lemonade"),
        rewritten("juice", "orange juice"),
    ],
    ids=["two", "one often", "nobody", "late", "few of them", "chose", "brand", "code", "unit", "unknown", "wider"],
)
def test_what_is_no_synonym(searches: list[Search]) -> None:
    assert [own[:2] for own in found(searches) if own[:2] != ("oj", "sofa")] == []


def test_words_of_the_shop_stand_for_others_only_where_the_same_is_chosen() -> None:
    searches = rewritten("sofa", "couch")
    assert found(searches) == []
    apart = [*chosen("sofa", SOFA), *chosen("couch", COUCH)]
    assert found(searches, apart) == []
    alike = [*chosen("sofa", COUCH, (4, 5, 6)), *chosen("couch", COUCH)]
    assert mined(REWRITTEN, searches, alike, WORDS, None)[0][:3] == ("sofa", "couch", False)


def test_both_ways_where_both_were_seen() -> None:
    alike = [*chosen("sofa", COUCH, (4, 5, 6)), *chosen("couch", COUCH)]
    assert found([*rewritten("sofa", "couch"), *rewritten("couch", "sofa")], alike)[0][2] is True


def test_queries_that_lead_to_the_same_products() -> None:
    choices = [*chosen("cheap oj", JUICE), *chosen("orange juice cheap", JUICE), *chosen("kettle", KETTLE)]
    assert found([], choices) == [("oj", "orange juice", True, "choices", 3)]
    assert found([], [*chosen("oj", JUICE, (1, 2)), *chosen("orange juice", JUICE)]) == []
    mixed = [*chosen("oj", JUICE), *chosen("breakfast", JUICE), *chosen("breakfast", KETTLE, tuple(range(4, 12)))]
    assert found([], mixed) == []


class ByHand:
    """Words of one line are near."""

    dimensions, fingerprint = 3, "by hand"
    OF: ClassVar[dict[str, int]] = {"sofa": 0, "couch": 0, "red": 1, "blue": 1, "orange": 2, "juice": 2, "kettle": 0}

    def encode(self, texts: list[str], kind: str) -> FloatArray:
        return np.eye(3, dtype=np.float32)[[self.OF.get(text, 1) for text in texts]]


def test_neighbours_pass_every_test() -> None:
    # red and blue are colours, orange juice is said together, a kettle stands elsewhere
    assert [own[:4] for own in of_neighbours(WORDS, ByHand())] == [("couch", "sofa", True, "neighbours")]  # type: ignore[arg-type]


MINED = [Mined("oj", "orange juice", False, "reformulations", 3, ""), Mined("sofa", "couch", True, "choices", 4, "")]


def meant(query: str, **said: object) -> list[tuple[str, str, float]]:
    made = Understanding(None, catalog_texts(SHELF), Understand(synonyms=Said.model_validate(said)))
    made.mean(MINED)
    intent = made.understand(query)
    told = [change.meant for change in intent.changes if change.by == "mined synonym"]
    assert [" ".join(own.meant) for own in intent.alternatives if own.weight == 0.3] == told
    return [(" ".join(own.said), " ".join(own.meant), own.weight) for own in intent.alternatives]


def test_what_is_mined_is_used_as_the_settings_allow() -> None:
    assert meant("cold oj") == [("oj", "orange juice", 0.3)]
    assert meant("orange juice") == []
    assert meant("couches") == [("couches", "sofa", 0.3)]
    assert meant("oj", mined=("choices",)) == []
    assert meant("oj", refused=(("oj", "Orange Juice"),)) == []
    assert meant("couch", refused=(("sofa",),)) == []
    assert meant("oj", same=(("oj", "orange juice"),)) == [("oj", "orange juice", 0.5)]


def test_what_is_mined_is_a_known_word() -> None:
    texts = [*catalog_texts(SHELF), "satchel bag", "satchel case"]
    plain = Understanding(None, texts)
    assert plain.understand("satchells").correction == "satchel"
    plain.mean([Mined("satchells", "couch", False, "reformulations", 3, "")])
    assert plain.understand("satchells").correction is None
