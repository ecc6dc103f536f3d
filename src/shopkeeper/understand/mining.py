"""Synonyms that shoppers and the catalogue show: candidates, and the tests that they must pass.

reformulations  a search after which nothing was chosen, then, in the same visit, one that says other words in the place
                of some, and led to a choice: who asks for the first may mean the second. One way.
choices         two queries that differ in some words lead to the same products. Both ways.
neighbours      two words of titles that are near in meaning, that products of the same categories say, seldom together
                on one product, and that are not two values of one attribute: black is near to white. Both ways.

Never codes, numbers, units and brands. Sources: Jones, Rey, Madani, Greiner, "Generating query substitutions", WWW
2006 (reformulations); Craswell, Szummer, "Random walks on the click graph", SIGIR 2007 (choices).
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations, pairwise

import numpy as np

from shopkeeper.observed import Choice, Search
from shopkeeper.ports import Encoder
from shopkeeper.text import UNITS, has_han, is_code, singular_of, tokens
from shopkeeper.types import Catalog, FloatArray
from shopkeeper.understand.lexicon import catalog_texts
from shopkeeper.understood import Mined, Way

SOON_DAYS = 5 / 1440
"""A search that follows later is about something else."""
PHRASE = 3
"""The most words that stand for others."""
SUPPORT, KNOWN = 3, 2
"""So many visits or shoppers must show a pair, and so many of them shoppers who are known: what one alone types is
nobody else's business."""
SHARE = 0.3
"""And so large a part of those who gave the words up."""
ALIKE = 0.5
"""The cosine of what is chosen after two queries that mean the same, by product."""
QUERIES_OF_ONE = 50
SAID, WORDS = 5, 4_000
"""A word that fewer titles say has no neighbours; the most said words are looked at."""
NEAR, SAME_SHELF, TOGETHER = 0.85, 0.5, 0.1
"""The cosine of neighbours, that of the categories they are said in, and how often at most they are said together."""

Phrase = tuple[str, ...]
Who = int | str


class CatalogWords:
    """The catalogue as the tests see it."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.brands = {word for brand in set(catalog.brands) for word in tokens(brand)}
        self.said = {word for text in catalog_texts(catalog) for word in _stems(tokens(text))}

    def plain(self, words: Iterable[str]) -> bool:
        """Whether none is a code, a number, a unit or of a brand."""
        return not any(is_code(word) or word in UNITS or word in self.brands for word in words)

    def says(self, words: Iterable[str]) -> bool:
        """Whether the catalogue says each of the words, in this number or the other."""
        return all(word in self.said for word in _stems(words))


def of_reformulations(searches: Sequence[Search], choices: Sequence[Choice], shelf: CatalogWords) -> list[Mined]:
    """Pairs that reformulations show. Words that the catalogue says stand for others only where the same is chosen."""
    told: dict[tuple[Phrase, Phrase], dict[Who, str]] = defaultdict(dict)
    given_up: dict[Phrase, set[Who]] = defaultdict(set)
    for before, after in _reformulated(searches):
        said, meant = _replaced(tokens(before.query), tokens(after.query))
        if said and meant and shelf.plain((*said, *meant)) and shelf.says(meant):
            who: Who = before.user if before.user >= 0 else before.visit
            told[said, meant].setdefault(who, f"{before.query} > {after.query}")
            given_up[said].add(who)
    chosen = _chosen(choices)
    found = []
    for (said, meant), whose in told.items():
        if not _supported(whose) or len(whose) < SHARE * len(given_up[said]):
            continue
        if shelf.says(said) and _cosine(chosen.get(_stems(said)), chosen.get(_stems(meant))) < ALIKE:
            continue
        found.append(Mined(" ".join(said), " ".join(meant), False, "reformulations", len(whose), _most(whose.values())))
    return found


def of_choices(choices: Sequence[Choice], shelf: CatalogWords) -> list[Mined]:
    """Pairs that queries show after which the same products are chosen."""
    chosen = _chosen(choices)
    spelt: dict[Phrase, str] = {}
    for choice in choices:
        spelt.setdefault(_stems(tokens(choice.query)), choice.query)
    of_row: dict[int, list[Phrase]] = defaultdict(list)
    for key, whose in chosen.items():
        for row in whose:
            of_row[row].append(key)
    together = {
        pair
        for keys in of_row.values()
        for pair in combinations(sorted(keys, key=lambda key: (-len(chosen[key]), key))[:QUERIES_OF_ONE], 2)
    }
    support: dict[tuple[Phrase, Phrase], tuple[int, str]] = {}
    for one, other in sorted(together):
        if _cosine(chosen[one], chosen[other]) < ALIKE:
            continue
        said, meant = _replaced(tokens(spelt[one]), tokens(spelt[other]))
        both = [{who for whose in chosen[key].values() for who in whose} for key in (one, other)]
        if not said or not meant or not shelf.plain((*said, *meant)) or not all(map(_supported, both)):
            continue
        common = max(set(chosen[one]) & set(chosen[other]), key=lambda row: (len(chosen[one][row]), -row))
        told = min(map(len, both)), f"{spelt[one]} = {spelt[other]}: {shelf.catalog.titles[common]}"
        pair = (min(said, meant), max(said, meant))
        support[pair] = max(support.get(pair, (0, "")), told)
    return [
        Mined(" ".join(said), " ".join(meant), True, "choices", n, example)
        for (said, meant), (n, example) in support.items()
    ]


def of_neighbours(shelf: CatalogWords, encoder: Encoder) -> list[Mined]:
    """Pairs of words of the titles that are near in meaning and pass every test."""
    lines, words = _lines_of(shelf)
    if len(words) < 2:
        return []
    vectors = encoder.encode(words, "query")
    if float(vectors.mean(axis=0) @ vectors.mean(axis=0)) > 0.5:  # all crowd into a corner: about their mean
        vectors = vectors - vectors.mean(axis=0)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    profiles = _profiles(shelf.catalog, [lines[word] for word in words])
    contrasts = _contrasts(shelf.catalog)
    cosines, shelves = vectors @ vectors.T, profiles @ profiles.T
    first, second = np.nonzero(np.triu((cosines >= NEAR) & (shelves >= SAME_SHELF), 1))
    found = []
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        said, meant = words[one], words[other]
        both = len(lines[said] & lines[meant]) / min(len(lines[said]), len(lines[meant]))
        if both <= TOGETHER and frozenset((said, meant)) not in contrasts and said[:4] != meant[:4]:
            example = f"cosine {cosines[one, other]:.2f}"
            support = min(len(lines[said]), len(lines[meant]))
            found.append(Mined(said, meant, True, "neighbours", support, example))
    return found


def mined(
    ways: Collection[Way],
    searches: Sequence[Search],
    choices: Sequence[Choice],
    shelf: CatalogWords,
    encoder: Encoder | None,
) -> tuple[Mined, ...]:
    """What these ways show, a pair once: the first way that shows it counts; two that stand one way each are one."""
    found: dict[tuple[str, str], Mined] = {}
    candidates = [
        *(of_reformulations(searches, choices, shelf) if "reformulations" in ways else ()),
        *(of_choices(choices, shelf) if "choices" in ways else ()),
        *(of_neighbours(shelf, encoder) if "neighbours" in ways and encoder is not None else ()),
    ]
    for own in candidates:
        back = found.get((own.meant, own.said))
        if back is not None:
            found[own.meant, own.said] = back._replace(both=True)
        elif (own.said, own.meant) not in found:
            found[own.said, own.meant] = own
    return tuple(sorted(found.values(), key=lambda own: (own.by, -own.support, own.said, own.meant)))


def _reformulated(searches: Sequence[Search]) -> Iterator[tuple[Search, Search]]:
    """Searches that led to nothing, with the visit's next one, where that led to something soon."""
    of_visit: dict[str, list[Search]] = defaultdict(list)
    for search in searches:
        of_visit[search.visit].append(search)
    for own in of_visit.values():
        for before, after in pairwise(own):
            if not before.chose and after.chose and after.day - before.day <= SOON_DAYS:
                yield before, after


def _replaced(before: Sequence[str], after: Sequence[str]) -> tuple[Phrase, Phrase]:
    """The words that stand in the place of one another; nothing where they do not all stand side by side."""
    same = set(_stems(before)) & set(_stems(after))
    gone = [at for at, word in enumerate(before) if _stem(word) not in same]
    come = [at for at, word in enumerate(after) if _stem(word) not in same]
    for places in (gone, come):
        if not 0 < len(places) <= PHRASE or places[-1] - places[0] != len(places) - 1:
            return (), ()
    return tuple(before[at] for at in gone), tuple(after[at] for at in come)


def _chosen(choices: Iterable[Choice]) -> dict[Phrase, dict[int, set[Who]]]:
    """Who chose what after each query, by its words."""
    found: dict[Phrase, dict[int, set[Who]]] = defaultdict(lambda: defaultdict(set))
    stems: dict[str, Phrase] = {}
    for choice in choices:
        key = stems.setdefault(choice.query, _stems(tokens(choice.query)))
        found[key][choice.row].add(choice.user if choice.user >= 0 else choice.session)
    return found


def _cosine(one: dict[int, set[Who]] | None, other: dict[int, set[Who]] | None) -> float:
    if not one or not other:
        return 0.0
    shared = sum(len(one[row]) * len(other[row]) for row in one.keys() & other.keys())
    lengths = [sum(len(whose) ** 2 for whose in own.values()) ** 0.5 for own in (one, other)]
    return float(shared / (lengths[0] * lengths[1]))


def _supported(whose: Iterable[Who]) -> bool:
    listed = list(whose)
    return len(listed) >= SUPPORT and sum(isinstance(who, int) for who in listed) >= KNOWN


def _lines_of(shelf: CatalogWords) -> tuple[dict[str, set[int]], list[str]]:
    """Which titles say each word, and the words that may have neighbours, the most said first."""
    lines: dict[str, set[int]] = defaultdict(set)
    for line, title in enumerate(shelf.catalog.titles):
        for word in tokens(title):
            lines[word].add(line)
    kept = [
        word
        for word, said in lines.items()
        if len(said) >= SAID
        and word.isalpha()
        and shelf.plain((word,))
        and (len(word) > 2 or (has_han(word) and len(word) > 1))
    ]
    return lines, sorted(kept, key=lambda word: (-len(lines[word]), word))[:WORDS]


def _profiles(catalog: Catalog, lines: Sequence[set[int]]) -> FloatArray:
    """float32 (n, categories), unit length: how the lines of each word are spread over categories."""
    table = np.zeros((len(lines), len(catalog.category_paths)), np.float32)
    for at, own in enumerate(lines):
        table[at] = np.bincount(catalog.categories[sorted(own)], minlength=table.shape[1])
    unit: FloatArray = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)
    return unit


def _contrasts(catalog: Catalog) -> set[frozenset[str]]:
    """Pairs of words that are two values of one attribute."""
    found: set[frozenset[str]] = set()
    for at in range(len(catalog.attributes.names)):
        words = [own[0] for value in catalog.attributes.texts[at] if len(own := tokens(value)) == 1]
        found.update(map(frozenset, combinations(sorted(set(words))[:500], 2)))
    return found


def _most(texts: Iterable[str]) -> str:
    """What most typed; nothing where nobody typed it but one."""
    text, n = max(Counter(texts).items(), key=lambda each: (each[1], each[0]))
    return text if n >= KNOWN else ""


def _stem(word: str) -> str:
    return singular_of(word) or word


def _stems(words: Iterable[str]) -> Phrase:
    return tuple(sorted({_stem(word) for word in words}))
