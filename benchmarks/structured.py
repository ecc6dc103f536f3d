"""Whether what a query states of brand, type, attributes and price becomes the right filters.

    python -m benchmarks.structured --data FOLDER_OF_ICECAT [--seed 2] [--queries 200] [--write]

Queries are made of products, 200 in English and 200 in Chinese. A product with a type (`attr_t_product_type`, else
`attr_t_type`; those of the table in `benchmarks/icecat_shop.py`) and a price is drawn, with odds that fall with the
root of its type's number of products. The query says its type; with odds of .7 its brand; one or two of its attributes
of the same table (values of at most five words, no lists); with odds of .7, or where it says nothing else, a bound on
its price, rounded to two digits so that the product stays inside. A number is written with its unit, apart or joined;
half of the numbers and a fifth of the other values stand beside their attribute's name, before or behind, and all
numbers that nobody types without (height, width, weight, voltage, maximum memory); of the numbers with a name a third
is a bound (at least, under). In English the shop lists every attribute of Icecat that is a text or a number, under
Icecat's name; in Chinese names, types, values and units are translated by the table, brands are not.

A query is right where every constraint that it was made of is a filter with this very value or these very bounds, and
no other filter is made. A value or number without its attribute's name may be read as any attribute in which the
product itself has it: its words say no more. `fields` is the share found of each kind of constraint; `wrong` of all
filters `made` were of none. Rules were made and settings chosen with seed 1; the reported figures are of seed 2, which
was run once.

`contradictions` are as many queries that mix the brand of one product, the type of another and the price of a third.
`empty` counts pages without a product; `gave_way` pages where some filter was widened or dropped since it left nothing,
and `told` those of them that say so. `read_us` is the time of reading what a query states, in microseconds of the
processor: the median and the 99th percentile.
"""

import argparse
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from benchmarks import icecat_shop as icecat
from benchmarks.page import write
from shopkeeper import plugins
from shopkeeper.amounts import Between
from shopkeeper.flow.narrow import gathered, narrowed
from shopkeeper.portrait import NO_PORTRAIT
from shopkeeper.recall.filter import mask
from shopkeeper.recall.gather import Plan
from shopkeeper.testing import worlds
from shopkeeper.text import language_of, normalise, tokens
from shopkeeper.types import Catalog, Filters, Intent, Request
from shopkeeper.understand.lexicon import Lexicon, catalog_texts
from shopkeeper.understand.structured import Structured
from shopkeeper.understood import Stated

BRAND, PRICE, NAMED_NUMBER, NAMED_VALUE, BOUND, JOINED = 0.7, 0.7, 0.5, 0.2, 1 / 3, 0.5
BELOW = {"en": ("under {}", "below ${}", "cheaper than {}", "up to {}", "less than {} dollars", "{} or less"),
         "zh": ("{}元以下", "{}以内", "不超过{}元", "低于{}元", "{}块以内", "最多{}")}  # fmt: skip
ABOVE = {"en": ("over {}", "above ${}", "more than {}", "at least {} dollars", "{} or more"),
         "zh": ("{}元以上", "{}以上", "高于{}元", "至少{}元")}  # fmt: skip
WITHIN = {"en": ("between {} and {}", "{}-{} dollars", "from {} to {}", "${} to ${}"),
          "zh": ("{}到{}元", "{}-{}块", "{}至{}元之间", "{}~{}元")}  # fmt: skip
LEAST = {"en": "at least {}", "zh": "不少于{}"}
MOST = {"en": "under {}", "zh": "不超过{}"}
ALWAYS_NAMED = {
    icecat.name(key, language)
    for key in ("height", "width", "weight", "battery_voltage", "maximum_internal_memory")
    for language in icecat.LANGUAGES
}
DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True)
class Wanted:
    """A constraint: its kind, its field and value as `Stated` writes them, its words, whether these name the field."""

    kind: str
    field: str
    value: str
    words: str
    named: bool = True


@dataclass(frozen=True)
class Asked:
    """A query, what it was made of, and the product that it was made of."""

    text: str
    wanted: tuple[Wanted, ...]
    row: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of Icecat")
    parser.add_argument("--seed", type=int, default=2, help="1 is for choosing, 2 is reported")
    parser.add_argument("--queries", type=int, default=200, help="of each language")
    parser.add_argument("--show", action="store_true", help="print what was not right")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/structured.md")
    asked = parser.parse_args()
    figures: dict[str, Any] = {"benchmark": "structured", "seed": asked.seed, "queries": asked.queries}
    digest = ""
    for language in icecat.LANGUAGES:
        shelf = icecat.shelf(asked.data, language)
        figures[language], digest = measured(shelf, language, asked), shelf.digest
    if asked.write:
        write("structured", __doc__ or "", figures, digest)
    print(orjson.dumps(figures).decode())


def measured(shelf: icecat.Shelf, language: icecat.Language, asked: argparse.Namespace) -> dict[str, Any]:
    """The figures of one language."""
    catalog, rng = shelf.catalog, np.random.default_rng([asked.seed, language == "zh"])
    structured = Structured(catalog, Lexicon.of(catalog_texts(catalog)).counts)
    queries = [query(shelf, language, row, rng) for row in drawn(catalog, language, asked.queries, rng)]
    found, kinds, made, wrong, right = Counter[str](), Counter[str](), 0, 0, 0
    for one in queries:
        filters = [own for own in structured.read(_intent(one.text)).stated if own.role == "filter"]
        left = list(filters)
        for wanted in one.wanted:
            kinds[wanted.kind] += 1
            match = next((own for own in left if meets(own, wanted, shelf, one.row)), None)
            if match is not None:
                left.remove(match)
                found[wanted.kind] += 1
        whole = not left and len(filters) == len(one.wanted)
        right, made, wrong = right + whole, made + len(filters), wrong + len(left)
        if asked.show and not whole:
            print(one.text, "|", [(own.field, own.value) for own in one.wanted], "|", filters)
    mixed = [contradiction(shelf, language, rng) for _ in queries]
    return {
        "right": round(right / len(queries), 3),
        "fields": {kind: round(found[kind] / n, 3) for kind, n in sorted(kinds.items())},
        "made": made,
        "wrong": wrong,
        "structured": pages(catalog, structured, [one.text for one in queries]),
        "contradictions": pages(catalog, structured, mixed),
        "read_us": timed(structured, [one.text for one in queries]),
    }


def drawn(catalog: Catalog, language: icecat.Language, n: int, rng: np.random.Generator) -> list[int]:
    """Rows of products with a type of the table and a price."""
    kinds = icecat.TYPE_TABLE.values() if language == "zh" else icecat.TYPE_TABLE
    paths = {place for place, path in enumerate(catalog.category_paths) if path and path[0] in set(kinds)}
    rows = np.flatnonzero(np.isin(catalog.categories, sorted(paths)) & (catalog.prices > 1))
    sizes = np.bincount(catalog.categories[rows])
    odds = 1 / np.sqrt(sizes[catalog.categories[rows]])
    return [int(row) for row in rng.choice(rows, n, p=odds / odds.sum())]


def query(shelf: icecat.Shelf, language: icecat.Language, row: int, rng: np.random.Generator) -> Asked:
    """A query for a product, by the rules above."""
    catalog, own = shelf.catalog, shelf.said[row]
    kind = catalog.category_paths[catalog.categories[row]][0]
    head = [Wanted("type", "category", kind, kind)]
    brand = catalog.brands[row]
    if brand and rng.random() < BRAND:
        head.insert(0, Wanted("brand", "brand", brand, brand))
    known = [
        key for key in icecat.TEXTS if icecat.name(key, language) in own and plain(own[icecat.name(key, language)])
    ]
    known += [key for key in icecat.NUMBERS if float(own.get(icecat.name(key, language), "0").split()[0]) > 0]
    taken = rng.permutation(known)[: int(rng.integers(1, 3))].tolist() if known else []
    tail: list[Wanted] = []
    for key in taken:
        place = icecat.name(key, language)
        if key in icecat.TEXTS:
            wanted = value(place, own[place], language, rng)
            (tail if wanted.words != wanted.value or rng.random() < 0.5 else head).insert(0, wanted)
        else:
            tail.append(amount(place, own[place], language, rng))
    if rng.random() < PRICE or len(head) + len(tail) == 1:
        tail.append(price(float(catalog.prices[row]), language, rng))
    everything = [*head, *tail]
    between = "" if language == "zh" and rng.random() < 0.5 else " "
    text = everything[0].words
    for before, one in pairwise(everything):
        joined = between or (" " if before.words[-1].isascii() and one.words[0].isascii() else "")
        text += joined + one.words
    return Asked(text if language == "zh" else text.lower(), tuple(everything), row)


def plain(said: str) -> bool:
    """Whether a value is one that somebody would type."""
    return (
        "," not in said and len(said) > 1 and len(tokens(said)) <= 5 and said.lower() not in ("none", "not available")
    )


def value(place: str, said: str, language: icecat.Language, rng: np.random.Generator) -> Wanted:
    if rng.random() >= NAMED_VALUE:
        return Wanted("value", f"attributes.{place}", said, said, named=False)
    gap = " " if language == "en" else ""
    words = f"{place}{gap or ' '}{said}" if rng.random() < 0.5 else f"{said}{gap or ' '}{place}"
    return Wanted("value", f"attributes.{place}", said, words)


def amount(place: str, said: str, language: icecat.Language, rng: np.random.Generator) -> Wanted:
    bounds = Between.of(said)
    assert bounds is not None
    words = said.replace(" ", "") if rng.random() < JOINED else said
    if rng.random() >= NAMED_NUMBER and place not in ALWAYS_NAMED:
        return Wanted("number", f"ranges.{place}", str(bounds), words, named=False)
    kind, before = "number", rng.random() < 0.5
    if rng.random() < BOUND:
        least = rng.random() < 0.5
        words = (LEAST if least else MOST)[language].format(words)
        bounds = bounds._replace(high=None) if least else bounds._replace(low=None)
        kind = "number's bound"
    words = f"{place} {words}" if before else f"{words} {place}"
    return Wanted(kind, f"ranges.{place}", str(bounds), words)


def price(own: float, language: icecat.Language, rng: np.random.Generator) -> Wanted:
    step = 10.0 ** (math.floor(math.log10(own)) - 1)
    low, high = math.floor(own / step) * step, math.ceil(own * 1.0001 / step) * step
    kind = int(rng.integers(0, 3))
    forms = (BELOW, ABOVE, WITHIN)[kind][language]
    ends = [(high,), (low,), (low, high)][kind]
    form = forms[int(rng.integers(0, len(forms)))]
    digits: Callable[[float], str] = lambda end: f"{end:.10g}"  # noqa: E731
    if language == "zh" and rng.random() < 0.2 and all(end in (100, 200, 300, 500, 1000, 2000) for end in ends):
        digits = lambda end: f"{DIGITS[int(end) // 100]}百" if end < 1000 else f"{DIGITS[int(end) // 1000]}千"  # noqa: E731
    bounds = Between(None if kind == 0 else low, None if kind == 1 else high)
    return Wanted("price", "price", str(bounds), form.format(*map(digits, ends)))


def meets(own: Stated, wanted: Wanted, shelf: icecat.Shelf, row: int) -> bool:
    """Whether the filter is the constraint, or a reading that its words leave open."""
    if own.field == wanted.field and own.value.casefold() == wanted.value.casefold():
        return True
    if wanted.named or own.field.partition(".")[0] not in ("attributes", "ranges"):
        return False
    bounds, same = Between.of(own.value), Between.of(wanted.value)
    if own.field.startswith("ranges."):
        filters = Filters(ranges=((own.field.removeprefix("ranges."), (bounds,)),) if bounds else ())
        return bounds is not None and bounds == same and bool(mask(shelf.catalog, filters)[row])
    filters = Filters(attributes=((own.field.removeprefix("attributes."), (own.value,)),))
    return own.value.casefold() == wanted.value.casefold() and bool(mask(shelf.catalog, filters)[row])


def contradiction(shelf: icecat.Shelf, language: icecat.Language, rng: np.random.Generator) -> str:
    """The brand of one product, the type of another and the price of a third."""
    catalog = shelf.catalog
    first, second, third = drawn(catalog, language, 3, rng)
    cost = price(float(catalog.prices[third]), language, rng).words
    return f"{catalog.brands[first]} {catalog.category_paths[catalog.categories[second]][0]} {cost}"


def pages(catalog: Catalog, structured: Structured, texts: list[str]) -> Mapping[str, float]:
    """Whether the queries' pages, by words alone, have products and say what gave way."""
    kind = plugins.load("source", "lexical")
    lexical = kind(kind.Settings())
    lexical.fit(worlds.snapshot(catalog, [], 0.0))
    empty, gave_way, told = 0, 0, 0
    for text in texts:
        request = Request(request_id="", scene="search", day=0.0, query=text, allowed=mask(catalog, Filters()))
        intent = _intent(text)
        tries = narrowed(structured, request, intent, catalog)
        batch, found = gathered({"lexical": lexical}, Plan(), tries, NO_PORTRAIT)
        empty += not len(found.candidates.rows)
        meant = [own for own in structured.read(intent).stated if own.role == "filter"]
        if not set(meant) <= set(batch.intents[0].stated):
            gave_way += 1
            told += any(own.role in ("widened", "dropped") for own in batch.intents[0].stated)
    return {"empty": empty, "gave_way": gave_way, "told": told}


def timed(structured: Structured, texts: list[str]) -> Mapping[str, int]:
    intents = [_intent(text) for text in texts]
    spans: list[int] = []
    for intent in intents * 5:
        started = time.process_time_ns()
        structured.read(intent)
        spans.append(time.process_time_ns() - started)
    return {"p50": round(float(np.percentile(spans, 50)) / 1e3), "p99": round(float(np.percentile(spans, 99)) / 1e3)}


def _intent(text: str) -> Intent:
    asked = normalise(text)
    return Intent(query=asked, language=language_of(asked), tokens=tuple(tokens(asked)))


if __name__ == "__main__":
    main()
