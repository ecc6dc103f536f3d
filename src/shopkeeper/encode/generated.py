"""Queries made from the catalogue's own words, and typed as shoppers type: what a shop has before it has searches."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from shopkeeper.encode.slips import slipped
from shopkeeper.text import has_han, is_code, other_numbers, tokens

_FILLERS = (
    "the a an of for with and to in on by from at or is as up per pc pcs new inch cm mm m w x s "
    "的 了 和 与 及 或 在 是 为 用 等 型 款 新 个 一"
)
FILLERS = frozenset(_FILLERS.split())
"""Words that no query begins or ends with."""
LENGTHS = (0.4, 0.4, 0.2)
"""How many of the queries have one, two and three words."""
RARE = (2, 3, 3)
"""Phrases of one, two and three words in fewer products than this are not asked for."""
BRANDED = 0.12
OTHER_NUMBER, TURNED, SLIP, GLUED = 0.15, 0.10, 0.08, 0.03
"""How many queries have their last word in the other number, their words in another order, a slip of the pen, and two
words written as one."""
KNOWN_WORDS = 14
"""Of a product, a shopper who knows it remembers some of its first so many words."""

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """What a shopper means, and what the same shopper types."""

    meant: str
    typed: str


def generated(
    fields: Sequence[Sequence[str]],
    brands: Sequence[str],
    n: int,
    draw: np.random.Generator,
    lengths: Sequence[float] = LENGTHS,
) -> list[Query]:
    """At most `n` queries, each typed differently: phrases of the products' fields, some behind a brand.

    A phrase is drawn by the square root of the number of products that hold it: what is common is asked for more often,
    but not as much more. Fewer come where the catalogue has fewer phrases; `lengths` are the shares of one, two and
    three words.
    """
    by_length = _phrases(fields)
    weights = [np.sqrt(np.array(list(phrases.values()), np.float64)) for phrases in by_length]
    known = [list(phrases) for phrases in by_length]
    shares = np.array([share if phrases else 0.0 for share, phrases in zip(lengths, known, strict=True)])
    named = [brand for brand, count in Counter(filter(None, brands)).items() if count >= RARE[-1]]
    found: dict[str, Query] = {}
    misses = 0
    while len(found) < n and shares.any() and misses < 10 * n:
        length = int(draw.choice(len(shares), p=shares / shares.sum()))
        drawn = draw.choice(len(known[length]), 64, p=weights[length] / weights[length].sum())
        for phrase in (known[length][place] for place in drawn.tolist()):
            brand = tokens(named[int(draw.integers(len(named)))]) if named and draw.random() < BRANDED else []
            words = list(dict.fromkeys((*brand, *phrase)))
            typed = joined(mistyped(words, draw))
            misses += typed in found
            found.setdefault(typed, Query(joined(words), typed))
    return list(found.values())[:n]


def known_items(
    fields: Sequence[Sequence[str]], rows: Sequence[int], draw: np.random.Generator
) -> list[tuple[int, str]]:
    """(row, query) for those of the rows with words enough: three to five of the product's first words, as typed."""
    found = []
    for row in rows:
        words = list(dict.fromkeys(word for text in fields[row] for word in tokens(text) if word not in FILLERS))
        words = [word for word in words if len(word) > 1 or has_han(word)][:KNOWN_WORDS]
        if len(words) < 3:
            continue
        some = draw.choice(len(words), min(int(draw.integers(3, 6)), len(words)), replace=False)
        found.append((row, joined(mistyped([words[place] for place in sorted(some.tolist())], draw))))
    return found


def mistyped(words: Sequence[str], draw: np.random.Generator) -> list[str]:
    """The words as somebody may type them; most often as they are."""
    typed, chance = list(words), draw.random()
    if chance < OTHER_NUMBER:
        others = other_numbers(typed[-1]) if len(typed[-1]) > 3 and not is_code(typed[-1]) else []
        typed[-1:] = others[:1] or typed[-1:]
    elif chance < OTHER_NUMBER + TURNED:
        typed = [typed[place] for place in draw.permutation(len(typed)).tolist()]
    elif chance < OTHER_NUMBER + TURNED + SLIP:
        place = int(draw.integers(len(typed)))
        typed[place] = slipped(typed[place], draw)
    elif chance < OTHER_NUMBER + TURNED + SLIP + GLUED and len(typed) > 1:
        place = int(draw.integers(len(typed) - 1))
        typed[place : place + 2] = [typed[place] + typed[place + 1]]
    return typed


def joined(words: Sequence[str]) -> str:
    """The words with spaces between, none between Chinese ones."""
    text = ""
    for word in words:
        text += word if not text or (has_han(text[-1]) and has_han(word[0])) else f" {word}"
    return text


def _phrases(fields: Sequence[Sequence[str]]) -> list[dict[Phrase, int]]:
    """Phrases of one, two and three words, each with how many products hold it, without the rare ones."""
    counts: list[Counter[Phrase]] = [Counter() for _ in LENGTHS]
    for texts in fields:
        said = [tokens(text) for text in texts]
        for length, count in enumerate(counts, start=1):
            runs = (phrase for words in said for phrase in _runs(words, length) if _askable(phrase))
            # each once, in the order of the text: a set's order changes from process to process
            count.update(list(dict.fromkeys(runs)))
    return [
        {phrase: times for phrase, times in count.items() if times >= least}
        for count, least in zip(counts, RARE, strict=True)
    ]


def _runs(words: Sequence[str], length: int) -> Iterator[Phrase]:
    return (tuple(words[start : start + length]) for start in range(len(words) - length + 1))


def _askable(phrase: Phrase) -> bool:
    """Whether somebody may ask for this: it says what a thing is, and holds at most one number or code."""
    if phrase[0] in FILLERS or phrase[-1] in FILLERS:
        return False
    codes = sum(map(is_code, phrase))
    telling = (word for word in phrase if word not in FILLERS and not is_code(word))
    return codes <= 1 and any(len(word) > 1 or has_han(word) for word in telling)
