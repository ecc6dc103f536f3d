"""Icecat's products many times over, no two alike: a catalogue as large as is asked for, by a seeded generator.

The first 19,406 are Icecat's own. Every other is one of them with other words: its brand is another of Icecat's or one
that nobody has heard of, names are made of syllables and follow Zipf's law, model numbers have other letters and
digits, colours are drawn anew, and amounts (memory, lengths, watts) are a half to four times what they were, the same
in the title, in the description and in the attributes. The price moves by about a third.
"""

import gzip
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from benchmarks.icecat_shop import number
from shopkeeper.types import IntArray, Product

_COLOURS = "Black White Grey Silver Blue Red Beige Green Yellow Pink Orange Gold Brown Purple Cyan Magenta Violet Rose"
COLOURS = tuple(_COLOURS.split())
FACTORS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0)
_PARTS = re.compile(r"\w[\w./-]*\w|\w")
_AMOUNT = re.compile(r"\d{1,4}(?:\.\d{1,2})?")
_SYLLABLES = [first + vowel for first in "bcdfghklmnprstvz" for vowel in "aeiou"]
NAMES_A_PRODUCT = 0.02
"""So many names are made for one product: Icecat has about as many words that few of its titles say."""
BRANDS_A_PRODUCT = 0.003
UNHEARD_OF = 0.3
"""The part of the varied products whose brand is none of Icecat's."""
RARE = 12
"""A word of letters that fewer titles say is a name."""
DIGITS, LETTERS = "0123456789", "ABCDEFGHJKLMNPRSTUVWXYZ"


@dataclass(frozen=True)
class Pieces:
    """A text cut where its words may change: odd places are words, and `kinds` says which sort each is."""

    parts: tuple[str, ...]
    kinds: str


@dataclass(frozen=True)
class Original:
    """An Icecat product: its texts in pieces, and which attributes may change."""

    product: Product
    title: Pieces
    description: Pieces
    attributes: Mapping[str, Pieces]


@dataclass(frozen=True)
class Drawn:
    """What one varied product has in place of the original's."""

    brand: str
    colour: str
    factor: float
    name: str
    code: int


def catalogue(folder: Path, n: int, seed: int = 0) -> Iterator[Product]:
    """`n` products, the same ones for the same seed; those of a smaller catalogue are the first of a larger one."""
    lines = gzip.decompress((folder / "products.jsonl.gz").read_bytes()).splitlines()
    products = [_product(orjson.loads(line)) for line in lines]
    yield from products[:n]
    said = Counter(word for product in products for word in set(_PARTS.findall(product.title)))
    brands = {product.brand for product in products}
    originals = [_original(product, said, brands) for product in products]
    for copy in range(1, -(-n // len(products))):
        before = copy * len(products)
        chosen = _drawn(products, np.random.default_rng((seed, copy)), before)
        for at, original in enumerate(originals[: n - before]):
            yield _varied(original, chosen(at), f"{copy}-{original.product.product_id}")


def in_parts(products: Iterator[Product], size: int) -> Iterator[list[Product]]:
    """So many products at a time."""
    while some := list(islice(products, size)):
        yield some


def _product(told: Mapping[str, Any]) -> Product:
    said = {key[7:]: str(value) for key, value in told.items() if key.startswith("attr_t_")}
    said |= {key[7:]: number(key[7:], float(told[key]), "en") for key in told if key.startswith("attr_n_")}
    kinds = [said[key] for key in ("product_type", "type") if key in said]
    return Product(
        product_id=str(told["id"]),
        title=str(told["title"]),
        description=str(told.get("short_description", "")),
        brand=str(told.get("supplier", "")),
        category=tuple(kind for kind in kinds if not kind.isdigit() and kind != "Original")[:1],
        price=told["price"] / 100 if told.get("price") else None,
        currency="USD",
        attributes=said,
    )


def _original(product: Product, said: Mapping[str, int], brands: set[str]) -> Original:
    def pieces(text: str) -> Pieces:
        parts, kinds, end = [], [], 0
        text = text.replace(product.brand, "\0") if product.brand else text
        for match in re.finditer(rf"\0|{_PARTS.pattern}", text):
            parts += [text[end : match.start()], match[0]]
            kinds.append(_kind(match[0], said))
            end = match.end()
        return Pieces((*parts, text[end:]), "".join(kinds))

    attributes = {name: pieces(value) for name, value in product.attributes.items()}
    changing = {name: own for name, own in attributes.items() if set(own.kinds) & set("ac")}
    return Original(product, pieces(product.title), pieces(product.description), changing)


def _kind(word: str, said: Mapping[str, int]) -> str:
    """b a brand, c a colour, a an amount, m a model number, n a name, - any other word."""
    if word == "\0":
        return "b"
    if word in COLOURS:
        return "c"
    if _AMOUNT.fullmatch(word):
        return "a"
    digits = sum(letter.isdigit() for letter in word)
    if digits > 1 and len(word) > 3:
        return "m"
    return "n" if word.isalpha() and word[0].isupper() and len(word) > 3 and said.get(word, 0) < RARE else "-"


def _drawn(products: Sequence[Product], random: np.random.Generator, before: int) -> Callable[[int], Drawn]:
    """What the products of one round have in place of the originals'; names come in as the catalogue grows."""
    n = len(products)
    brands = random.permutation(n)
    unheard = random.random(n) < UNHEARD_OF
    makers = _zipf(random, n, max(int(BRANDS_A_PRODUCT * (before + n)), 10))
    names = _zipf(random, n, int(NAMES_A_PRODUCT * (before + n)))
    colours = np.minimum(random.geometric(0.25, n) - 1, len(COLOURS) - 1)
    factors = random.integers(len(FACTORS), size=n)
    codes = random.integers(2**62, size=n)

    def drawn(at: int) -> Drawn:
        brand = invented(int(makers[at]) * 7 + 3) if unheard[at] else products[brands[at]].brand
        return Drawn(
            brand, COLOURS[colours[at]], FACTORS[factors[at]], invented(int(names[at]) * 5 + 1), int(codes[at])
        )

    return drawn


def _zipf(random: np.random.Generator, n: int, most: int) -> IntArray:
    """int64 (n,): ranks below `most`, rank r as often as 1 / (r + 3)."""
    weights = np.cumsum(1.0 / (np.arange(most) + 3.0))
    found: IntArray = np.searchsorted(weights, random.random(n) * weights[-1]).astype(np.int64)
    return found


def invented(rank: int) -> str:
    """A name of syllables, another for every rank below half a million."""
    number, said = rank * 7919 + 80, []
    while number:
        number, place = divmod(number, len(_SYLLABLES))
        said.append(_SYLLABLES[place])
    return "".join(said).capitalize()


def _varied(original: Original, drawn: Drawn, product_id: str) -> Product:
    known = original.product
    attributes = dict(known.attributes)
    for name, own in original.attributes.items():
        attributes[name] = _written(own, drawn)
    moved = 0.7 + 0.6 * (drawn.code % 997) / 997
    return Product(
        product_id=product_id,
        title=_written(original.title, drawn),
        description=_written(original.description, drawn),
        brand=drawn.brand,
        category=known.category,
        price=None if known.price is None else round(known.price * moved, 2),
        currency=known.currency,
        attributes=attributes,
    )


def _written(own: Pieces, drawn: Drawn) -> str:
    parts = list(own.parts)
    named = False
    for at, kind in enumerate(own.kinds):
        place = 2 * at + 1
        if kind == "b":
            parts[place] = drawn.brand
        elif kind == "c":
            parts[place] = drawn.colour
        elif kind == "a":
            parts[place] = f"{float(parts[place]) * drawn.factor:g}"
        elif kind == "m":
            parts[place] = _renumbered(parts[place], drawn.code)
        elif kind == "n" and not named:
            parts[place], named = drawn.name, True
    return "".join(parts)


def _renumbered(code: str, seed: int) -> str:
    """The model number with other digits and, where it has several, other capitals."""
    letters = []
    for letter in code:
        if letter.isdigit():
            seed, letter = seed // 7 + 1, DIGITS[seed % 10]  # noqa: PLW2901 the same place, another letter
        elif letter.isupper():
            seed, letter = seed // 5 + 1, LETTERS[seed % 23] if seed % 3 == 0 else letter  # noqa: PLW2901
        letters.append(letter)
    return "".join(letters)
