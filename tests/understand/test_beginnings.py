"""Claims:

1. a slice holds the beginnings of the first words that begin with what is asked, no others, whatever the letters.
2. beginnings are told apart by their first KEY bytes: what is longer finds what begins with these.
3. the heaviest of a slice are the heaviest, however many blocks it has; a later word counts less.
4. Chinese begins at its words, as it sounds, and by its initials; written in Latin letters it has no sound.
5. no phrases have no beginnings.
"""

import numpy as np
import pytest

from shopkeeper.understand import beginnings
from shopkeeper.understand.beginnings import BLOCK, KEY, LATER_START, STARTS, Beginnings, all_beginnings, starts_of

WORDS = ["milk", "milka", "mil", "m", "é", "ж", "oat", "oat-milk", "a" * 40, "a" * 32, "zz"]


def made(phrases: list[str], weights: list[float] | None = None, chinese: tuple[int, ...] = ()) -> list[Beginnings]:
    text = "".join(f"{phrase}\0" for phrase in phrases).encode()
    return all_beginnings(text, chinese, np.array(weights or [1.0] * len(phrases), np.float32))


def found(listed: Beginnings, asked: str) -> list[int]:
    start, end = listed.slice(asked)
    return sorted(listed.phrases[start:end].tolist())


@pytest.mark.parametrize("part", [1, 7, beginnings.PART])
def test_a_slice_holds_what_begins_so(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginnings, "PART", part)
    random = np.random.default_rng(0)
    phrases = [" ".join(random.choice(WORDS, random.integers(1, 8))) for _ in range(3 * BLOCK)]
    listed = made(phrases)[0]
    begins = [[phrase[start:] for start in starts_of(phrase)] for phrase in phrases]
    assert len(listed) == sum(map(len, begins))
    for asked in ("m", "mi", "milk", "milk ", "milk o", "é", "ж", "oat-", "a" * 30, "zz zz", "zzz", "b", "\U0001f600"):
        wanted = [at for at, own in enumerate(begins) for one in own if one.startswith(asked)]
        assert found(listed, asked) == wanted
        assert listed.holds(asked) == bool(wanted)


def test_words_after_the_first_ones_are_not_looked_for() -> None:
    listed = made(["a b c d e f g"])[0]
    assert (found(listed, "e"), found(listed, "f")) == ([0], [])
    assert len(listed) == STARTS == len(starts_of("a b c d e f g"))


def test_what_is_longer_than_a_key_finds_what_begins_with_the_key() -> None:
    listed = made(["x" * KEY + "1", "x" * KEY + "2", "x" * (KEY - 1) + "y"])[0]
    assert found(listed, "x" * KEY + "2") == [0, 1]
    assert listed.holds("x" * KEY + "3")


@pytest.mark.parametrize("n_phrases", [5, 40 * BLOCK])
def test_the_heaviest_of_a_slice_are_the_heaviest(n_phrases: int) -> None:
    random = np.random.default_rng(1)
    weights = random.integers(1, 500, n_phrases).astype(np.float32)
    listed = made(
        [f"{letter}{at}" for at, letter in enumerate(random.choice(list("ab"), n_phrases))], weights.tolist()
    )[0]
    for asked in ("a", "b"):
        start, end = listed.slice(asked)
        own = listed.weights[start:end]
        for n in (1, 4, 10 * BLOCK):
            best = listed.heaviest(start, end, n)
            assert len(set(best.tolist())) == len(best) == min(n, end - start)
            assert ((best >= start) & (best < end)).all()
            assert sorted(listed.weights[best].tolist()) == sorted(own.tolist())[-n:]


def test_a_later_word_counts_less() -> None:
    listed = made(["oat milk"], [2.0])[0]
    weights = [float(listed.weights[slice(*listed.slice(asked))][0]) for asked in ("oat", "milk")]
    assert weights == [2.0, pytest.approx(2 * LATER_START)]


def test_chinese_begins_at_its_words_as_it_sounds_and_by_initials() -> None:
    written, sounds, letters = made(["oat", "纯牛奶 1升", "milk 牛"], chinese=(1, 2))
    assert (found(written, "纯"), found(written, "牛"), found(written, "牛奶"), found(written, "升")) == (
        [1],
        [1, 2],
        [1],
        [1],
    )
    assert (found(sounds, "chunniu"), found(sounds, "niu"), found(sounds, "milkn")) == ([1], [1, 2], [2])
    assert (found(sounds, "oat"), found(letters, "cnn"), found(letters, "m")) == ([], [1], [])


def test_no_phrases_have_no_beginnings() -> None:
    for listed in made([]):
        assert (len(listed), listed.slice("a"), listed.holds("a")) == (0, (0, 0), False)
        assert len(listed.heaviest(0, 0, 5)) == 0
