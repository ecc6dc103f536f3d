"""Claims, of queries that nobody should type:

1. every one gives an intent: what words there are, in normal form, and nothing of what is none.
2. of a query without words there is neither token, correction, vector nor change.
3. what is read of an overlong query is bounded, in characters and in words that are looked up.
4. text of another language's syntax is words like any other.
"""

import numpy as np
import pytest

from shopkeeper.understand.keyboard import cost
from shopkeeper.understand.spelling import MOST_WORDS, WEIGHED
from shopkeeper.understand.understanding import LONGEST, Understanding

TEXTS = ["Green tea, 20 bags", "Whole milk, 1 gallon", "Table lamp", "纯牛奶 250ml", "去屑洗发露"]
MADE = Understanding(None, TEXTS)


@pytest.mark.parametrize(
    ("query", "tokens"),
    [
        ("🥛 milk 👨‍👩‍👧", ("milk",)),
        ("green\x00tea\x07", ("green", "tea")),
        ("\u202emilk\u202c", ("milk",)),
        ("\ufeffmilk\u200b", ("milk",)),
        ("חלב milk", ("חלב", "milk")),
        ("ｇｒｅｅｎ　ｔｅａ", ("green", "tea")),
        ("milk \ud800", ("milk",)),
        ("'; DROP TABLE lamp; --", ("drop", "table", "lamp")),
        ("<script>alert(1)</script>", ("script", "alert", "1", "script")),
        ("title:tea AND (milk OR *) ~2 ^3 [a TO z]", ("title", "tea", "and", "milk", "or", "2", "3", "a", "to", "z")),
        ("the of and", ("the", "of", "and")),
        ("的", ("的",)),
        ("e" + "\u0301" * 5000, ("e",)),
        ("1" + ".1" * 5000 + " kg", None),
    ],
)
def test_words_are_taken_from_anything(query: str, tokens: tuple[str, ...] | None) -> None:
    intent = MADE.understand(query)
    assert tokens is None or intent.tokens == tokens
    assert intent.query.isprintable()


@pytest.mark.parametrize(
    "query", ["", " \t\n", "?!...", "🥛👨‍👩‍👧", "\x00\x07\x1b", "\u202e\u200f", "\ud800", "_____", "~" * 10_000]
)
def test_of_a_query_without_words_nothing_is_made(query: str) -> None:
    intent = MADE.understand(query)
    assert (intent.tokens, intent.correction, intent.vector, intent.changes, intent.maybe) == ((), None, None, (), None)


@pytest.mark.parametrize(
    "query",
    ["mlik " * 2_000, "a" * 10_000, "9" * 10_000, "牛乃" * 5_000, "niunai" * 2_000, "mi lk" * 2_000, "1,5 l " * 2_000],
)
def test_an_overlong_query_is_read_in_part(query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    weighed: list[str] = []

    def counted(typed: str, meant: str) -> float:
        weighed.append(typed)
        return cost(typed, meant)

    monkeypatch.setattr("shopkeeper.understand.spelling.cost", counted)
    intent = MADE.understand(query)
    assert len(intent.query) <= LONGEST
    assert len(intent.tokens) <= LONGEST
    assert len(weighed) <= MOST_WORDS * WEIGHED
    assert query.lower().startswith(intent.query[:20])


def test_random_characters_never_raise() -> None:
    draw = np.random.default_rng(0)
    ranges = ((0x20, 0x7F), (0x0, 0x20), (0x80, 0x600), (0x4E00, 0x9FFF), (0x2000, 0x2100), (0x1F300, 0x1F700))
    for _ in range(300):
        low, high = ranges[int(draw.integers(len(ranges)))]
        codes = np.concatenate((draw.integers(low, high, 30), draw.integers(0x20, 0x7F, 10)))
        query = "".join(map(chr, draw.permutation(codes).tolist()))
        intent = MADE.understand(query)
        assert all(token.strip() for token in intent.tokens)
