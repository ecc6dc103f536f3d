"""Where phrases begin: at each of their first words, in Chinese also as they sound.

The beginnings of a million phrases would be a gigabyte of objects: here they are places in one text.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from shopkeeper.text import has_han
from shopkeeper.types import FloatArray, IntArray, RowArray
from shopkeeper.understand.sounds import initials, sound

STARTS = 5
"""A phrase is found by the beginning of each of its first words."""
KEY = 32
"""Bytes of a beginning that are kept for the search: so many letters, or ten Chinese characters."""
LATER_START = 0.3
"""What a phrase counts that has the prefix at a later word."""
SOUND, INITIALS = "\x01", "\x02"
"""What stands before a beginning that is in pinyin, or in initials: no text in normal form holds these."""
END = b"\0"
"""What ends each text: no normal form holds it, and it comes before whatever one holds."""
BLOCK = 64
"""So many beginnings are looked at together; of each block the first and the heaviest are known."""
PART = 16_384
"""So many phrases or beginnings are read at a time."""
_WORDS = KEY // 8
_SPACE = 32
_AFTER = b"\xff"
"""Comes after every byte of a text."""

Places = NDArray[np.uint32]
Read = tuple[IntArray, RowArray, IntArray]
"""Where beginnings are, of which phrase each is, and whether at a later word, 0 or 1."""


class Beginnings:
    """Beginnings of phrases in order, so that what begins in one way is a slice of them.

    `phrases` int32 (m,): which phrase each is of; `weights` float32 (m,): what that weighs, less at a later word.
    """

    def __init__(self, text: bytes, places: IntArray, phrases: RowArray, weights: FloatArray) -> None:
        """`text`: texts in UTF-8, each followed by END; `places` int64 (m,): where in it each beginning is."""
        assert len(text) < 2**32, "four gigabytes of phrases"
        order = _order(text, places)
        self.phrases = phrases[order]
        self.weights = weights[order]
        self._text = text
        self._places: Places = places[order].astype(np.uint32)
        self._firsts = [self._key(place) for place in self._places[::BLOCK].tolist()]
        blocks = np.arange(0, len(order), BLOCK)
        self._heaviest = np.maximum.reduceat(self.weights, blocks) if len(blocks) else self.weights

    def __len__(self) -> int:
        return len(self._places)

    def slice(self, asked: str) -> tuple[int, int]:
        """Where those that begin with what is asked start and end."""
        key = _asked(asked)
        return self._place(key), self._place(key + _AFTER)

    def holds(self, asked: str) -> bool:
        """Whether any begins with what is asked."""
        key = _asked(asked)
        block = bisect_left(self._firsts, key)
        if block < len(self._firsts) and self._firsts[block].startswith(key):
            return True
        at = self._place(key, block)
        return at < len(self) and self._text.startswith(key, int(self._places[at]))

    def heaviest(self, start: int, end: int, n: int) -> IntArray:
        """int64 (min(n, end - start),): n of a slice that none other of it outweighs, in no order.

        Of whole blocks inside the slice no more than n can hold one: those whose heaviest is among the heaviest.
        """
        first, last = -(-start // BLOCK), end // BLOCK
        if last - first > n:
            blocks = first + np.argpartition(-self._heaviest[first:last], n - 1)[:n]
            inside = (blocks[:, None] * BLOCK + np.arange(BLOCK)).reshape(-1)
            found = np.concatenate((np.arange(start, first * BLOCK), inside, np.arange(last * BLOCK, end)))
        else:
            found = np.arange(start, end)
        return found[np.argpartition(-self.weights[found], n - 1)[:n]] if n < len(found) else found

    def _place(self, key: bytes, block: int | None = None) -> int:
        """How many come before what is asked; `block`: how many blocks' first ones do."""
        end = (bisect_left(self._firsts, key) if block is None else block) * BLOCK
        start = max(end - BLOCK, 0)
        return start + bisect_left(self._places[start:end].tolist(), key, key=self._key)

    def _key(self, place: int) -> bytes:
        # it may run on into the next text: what is asked for holds no END, so that decides before
        return self._text[place : place + KEY]


def all_beginnings(text: bytes, chinese: Sequence[int], weights: FloatArray) -> list[Beginnings]:
    """The beginnings of phrases as they are written, as they sound, and their initials.

    `text`: all phrases in normal form, each followed by END; `chinese`: which hold Chinese characters; weights float32
    (n,) of each.
    """
    written = _of_words(np.frombuffer(text, np.uint8), np.array(chinese, np.int64))
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == END[0])
    cut, sounds, letters = _Listed(), _Listed(), _Listed()
    for number in chinese:
        offset = int(ends[number - 1]) + 1 if number else 0
        phrase = text[offset : int(ends[number])].decode()
        starts = starts_of(phrase)
        cut.add(number, (offset + len(phrase[:start].encode()) for start in starts))
        sounds.add_text(number, sound(phrase), [len(sound(phrase[:start]).encode()) for start in starts])
        if len(said := initials(phrase)) > 1:
            letters.add_text(number, said, [0])
    found = (
        (text, _joined([written, cut.arrays()])),
        (bytes(sounds.text), sounds.arrays()),
        (bytes(letters.text), letters.arrays()),
    )
    factors = np.array([1.0, LATER_START], np.float32)
    return [Beginnings(own, at, of, weights[of] * factors[later]) for own, (at, of, later) in found]


def beginnings(phrase: str) -> list[tuple[str, bool]]:
    """A phrase in normal form from each of its first words on, and whether that is a later one than the first.

    Chinese words are as the segmenter finds them; Chinese also begins as it sounds, and at its start by initials.
    """
    found = dict.fromkeys(phrase[start : start + KEY] for start in starts_of(phrase))
    written = [(beginning, at > 0) for at, beginning in enumerate(found)]
    if not has_han(phrase):
        return written
    sounds = [(SOUND + sound(beginning)[:KEY], late) for beginning, late in written]
    return [*written, *sounds, *([(INITIALS + said[:KEY], False)] if len(said := initials(phrase)) > 1 else [])]


def starts_of(phrase: str) -> list[int]:
    """Where the first words of a phrase in normal form start."""
    if not has_han(phrase):
        return [0, *accumulate(len(word) + 1 for word in phrase.split(" ", STARTS)[:-1])][:STARTS]
    import rjieba

    found = rjieba.tokenize(phrase, "search")
    return [0, *sorted({start for word, start, _ in found if start and word.strip()})][:STARTS]


class _Listed:
    """Beginnings as they are found: of which phrase, where, and whether at a later word."""

    def __init__(self) -> None:
        self.text = bytearray()
        self._places: list[int] = []
        self._phrases: list[int] = []
        self._later: list[int] = []

    def add(self, number: int, places: Iterable[int]) -> None:
        """The beginnings of a phrase at these places, rising."""
        for at, place in enumerate(places):
            self._places.append(place)
            self._phrases.append(number)
            self._later.append(int(at > 0))

    def add_text(self, number: int, said: str, places: Sequence[int]) -> None:
        """The beginnings of a text that stands for a phrase."""
        self.add(number, (len(self.text) + place for place in places))
        self.text += said.encode() + END

    def arrays(self) -> Read:
        """All of them."""
        return np.array(self._places, np.int64), np.array(self._phrases, np.int32), np.array(self._later, np.int64)


def _of_words(text: NDArray[np.uint8], chinese: IntArray) -> Read:
    """Where the first words start of all phrases but the Chinese ones, of which phrase each is, and if a later one."""
    ends = np.flatnonzero(text == END[0])
    wanted = np.ones(len(ends), np.bool_)
    wanted[chinese] = False
    found = [_Listed().arrays()]
    offset = 0
    for first in range(0, len(ends), PART):
        last = min(first + PART, len(ends))
        own = text[offset : ends[last - 1] + 1]
        breaks = np.flatnonzero((own == _SPACE) | (own == END[0]))
        starts = np.concatenate(([0], breaks[:-1] + 1))
        counts = np.diff(np.flatnonzero(own[breaks] == END[0]), prepend=-1)
        phrase = np.repeat(np.arange(len(counts)), counts)
        word = np.arange(len(starts)) - np.repeat(np.cumsum(counts) - counts, counts)
        kept = (word < STARTS) & wanted[first + phrase]
        found.append(
            (offset + starts[kept], (first + phrase[kept]).astype(np.int32), (word[kept] > 0).astype(np.int64))
        )
        offset = int(ends[last - 1]) + 1
    return _joined(found)


def _joined(found: Sequence[Read]) -> Read:
    places, phrases, later = ([read[at] for read in found] for at in range(3))
    return np.concatenate(places), np.concatenate(phrases), np.concatenate(later)


def _order(text: bytes, places: IntArray) -> IntArray:
    """int64 (m,): the places in the order of the KEY bytes there, or of fewer where a text ends before."""
    windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(text + bytes(KEY), np.uint8), KEY)
    keys = np.empty((_WORDS, len(places)), np.uint64)
    for start in range(0, len(places), PART):
        own = windows[places[start : start + PART]]
        own *= np.logical_and.accumulate(own != END[0], axis=1)
        keys[:, start : start + PART] = own.view(">u8").T  # as numbers bytes compare as texts do
    return np.lexsort(keys[::-1])


def _asked(asked: str) -> bytes:
    return asked.encode()[:KEY]
