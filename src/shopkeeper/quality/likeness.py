"""Which of many titles are nearly the same: MinHash to find candidates, exact comparison to decide.

Source: Broder, On the resemblance and containment of documents, 1997; Leskovec, Rajaraman, Ullman, Mining of Massive
Datasets, chapter 3 (bands).
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SHINGLE = 3
SPELLING = 0.75
"""Words whose letters agree in this share are two spellings of one word; `red` and `blue` are not."""

COMPARED = 100
"""A title is compared with so many that may be like it: where all are alike, the square of them is too many."""

_WORD = re.compile(r"[^\W_]+")
_HAS_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Titles:
    """Distinct (title, brand) in lower case, and how many products have each."""

    names: Sequence[str]
    brands: Sequence[str]
    counts: Sequence[int]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True)
class Likeness:
    """`near` holds (title, the earlier title it is like) by index; `parts` counts products by kind."""

    near: tuple[tuple[int, int], ...]
    parts: dict[str, int]


def compare(titles: Titles, threshold: float, bands: int, rows_per_band: int) -> Likeness:
    """The likeness of all titles to one another, each title to the first it is like.

    Titles are split into words and numbers. Two stems of similarity s meet in one of the bands with probability
    1 - (1 - s^rows_per_band)^bands: 0.99 at s = 0.7 with 16 bands of 4.
    """
    split = [_split(name) for name in titles.names]
    of_stem: dict[str, dict[tuple[str, str], list[int]]] = {}
    for index, (stem, numbers) in enumerate(split):
        of_stem.setdefault(stem, {}).setdefault((numbers, titles.brands[index]), []).append(index)
    like: dict[str, dict[int, int]] = {"near": {}, "word": {}}
    for one, other in _alike(list(of_stem), threshold, bands, rows_per_band):
        kind = "near" if _same_but_for_spelling(one, other) else "word"
        _link(like[kind], of_stem[one], of_stem[other])
    for groups in of_stem.values():
        for members in groups.values():  # the same words and numbers, other punctuation or order of the two
            like["near"].update(dict.fromkeys(members[1:], members[0]))
    sized = _sizes(of_stem, titles)
    counts = titles.counts
    worded = [index for index in like["word"] if index not in like["near"]]
    parts = {
        "near": sum(counts[index] for index in like["near"]),
        "size": sum(counts[index] for index in sized),
        "word": sum(counts[index] for index in worded),
    }
    return Likeness(tuple(sorted(like["near"].items())), parts)


def _split(name: str) -> tuple[str, str]:
    """The words without digits, and those with: `crushed ice, 22 lb` is (`crushed ice lb`, `22`)."""
    words = _WORD.findall(name)
    plain = [word for word in words if not _HAS_DIGIT.search(word)]
    return " ".join(plain), " ".join(word for word in words if _HAS_DIGIT.search(word))


def _alike(stems: list[str], threshold: float, bands: int, rows_per_band: int) -> Iterator[tuple[str, str]]:
    """Pairs of different stems whose triples have at least the threshold's Jaccard similarity, first stem first."""
    import rensa

    stems = [stem for stem in stems if len(stem) > SHINGLE]
    shingles = [frozenset(stem[at : at + SHINGLE] for at in range(len(stem) - SHINGLE + 1)) for stem in stems]
    permutations = bands * rows_per_band
    sketches = rensa.RMinHash.from_token_sets([list(found) for found in shingles], permutations, 0)
    index = rensa.RMinHashLSH(threshold, permutations, bands)
    index.insert_many(sketches)
    for one, found in enumerate(index.query_all(sketches)):
        later = sorted(other for other in found if other > one)[:COMPARED]
        for other in later:
            if _jaccard(shingles[one], shingles[other]) >= threshold:
                yield stems[one], stems[other]


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    common = len(one & other)
    return common / (len(one) + len(other) - common)


def _same_but_for_spelling(one: str, other: str) -> bool:
    """Whether the words that only one of the two has are spellings of one another."""
    first, second = one.split(), other.split()
    left = " ".join(sorted(set(first) - set(second)))
    right = " ".join(sorted(set(second) - set(first)))
    if not left or not right:
        return (not left and not right) or left.replace(" ", "") == right.replace(" ", "")
    return difflib.SequenceMatcher(None, left, right, autojunk=False).ratio() >= SPELLING


def _link(like: dict[int, int], one: dict[tuple[str, str], list[int]], other: dict[tuple[str, str], list[int]]) -> None:
    """Links the titles of two stems that share numbers and brand, the later to the earlier."""
    for key in one.keys() & other.keys():
        first, second = sorted((one[key][0], other[key][0]))
        like.setdefault(second, first)


def _sizes(of_stem: dict[str, dict[tuple[str, str], list[int]]], titles: Titles) -> set[int]:
    """Titles whose words another title of the brand has with other numbers, without the first of each."""
    sized: set[int] = set()
    for groups in of_stem.values():
        of_brand: dict[str, list[int]] = {}
        for (_, brand), members in groups.items():
            of_brand.setdefault(brand, []).extend(members)
        for members in of_brand.values():
            numbers = {_split(titles.names[member])[1] for member in members}
            if len(numbers) > 1:
                sized.update(sorted(members)[1:])
    return sized
