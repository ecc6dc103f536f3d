"""What a search loses to typing errors: English ones of the keyboard, Chinese ones of sound.

    python -m benchmarks.typos --data FOLDER_OF_ICECAT [--zh FOLDER_OF_ZH_QUERIES] [--words] [--write]

English: the 56 rated queries of 19,406 products, asked of the shop's own search: understanding, recall (words, and
with less weight meaning, by the frozen encoder; `--words` leaves it out) and the fused order. nDCG@10, gain 2^r - 1,
rated by nobody 0. An error is drawn evenly over the letters of the query's plain words (letters alone, `SHORTEST` or
more; of a code, a unit or a shorter word none is touched), and over its kinds: the letter left out, doubled, exchanged
with the next one, replaced by a key beside it, or a key beside it struck too. The first letter is drawn like any
other. One that gives the same query is drawn again; two errors are one after another. `lost` is 1 - mean(typed) /
mean(clean) over the queries that have such a word; `short` is the same with errors in words of three letters alone,
which is reported, not promised. Codes are never mistyped; 200 of the titles' codes a seed are asked as they stand:
`codes_changed` counts those that are corrected, `codes_lost` those whose page holds no title with the code.

Chinese: no rated queries exist, so catalogue and queries are both of 100,000 queries of a shop, nearly all of them
rare: those of six characters or more are the titles; of those of two to five Chinese characters 500 are asked that a
title holds literally, and the titles that do are relevant (grade 1). `homophone` replaces one character by a common
one of the same pinyin without tones, `two_homophones` two, `pinyin` writes the whole query in toneless pinyin,
`pinyin_spaced` with a space after each syllable. Words alone, no encoder.

Three seeds; the interval is a bootstrap over queries of the mean loss, 95 %. Settings were chosen on the queries whose
hash is even (`validation`) with seeds from 100 on (`--seeds 100 101 102`), and are judged by the others (`test`) and
all. `microseconds` is how long understanding takes without an encoder, over every query as asked.
"""

import argparse
import gzip
import hashlib
import logging
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks.judged import Judged, K, icecat
from benchmarks.page import write
from shopkeeper import plugins
from shopkeeper.encode.open import open_encoder
from shopkeeper.encode.slips import exchanged, misheard, neighbours
from shopkeeper.measure.ranking import graded_ndcg_at
from shopkeeper.measure.statistics import bootstrap
from shopkeeper.portrait import NO_PORTRAIT
from shopkeeper.ports import Encoder, Source
from shopkeeper.rank.order import top
from shopkeeper.recall.gather import Plan, gather
from shopkeeper.settings import Settings
from shopkeeper.testing import worlds
from shopkeeper.text import UNITS
from shopkeeper.types import Batch, Catalog, FloatArray, IntArray, Intent, Request
from shopkeeper.understand.lexicon import catalog_texts
from shopkeeper.understand.understanding import Understanding

log = logging.getLogger("benchmarks.typos")
SHORTEST, DAY, CHUNK = 4, 20_000.0, 256
CODES, ASKED, TITLE = 200, 500, 6
_HAN = re.compile(r"[\u4e00-\u9fff]{2,5}")
Values = NDArray[np.float64]
Slip = Callable[[str, np.random.Generator], str]


@dataclass(frozen=True)
class Search:
    """A shop's search over one catalogue: understanding, recall and the fused order."""

    understanding: Understanding
    sources: Mapping[str, Source]
    plan: Plan

    @classmethod
    def over(cls, catalog: Catalog, encoder: Encoder | None, vectors: FloatArray | None) -> "Search":
        """The search of a shop with its settings as they come and nothing bought yet."""
        settings = Settings({})
        sources: dict[str, Any] = {
            name: plugins.load("source", name)(settings.of("source", name)) for name in ("lexical", "semantic")
        }
        snapshot = worlds.snapshot(catalog, [], DAY, vectors)
        for source in sources.values():
            source.fit(snapshot)
        understanding = Understanding(encoder, catalog_texts(catalog))
        understanding.find_in(sources["lexical"].says)
        return cls(understanding, sources, Plan.of(settings))

    def intents(self, queries: Sequence[str]) -> list[Intent]:
        """What is understood of each query."""
        return [self.understanding.understand(query) for query in queries]

    def ranked(self, queries: Sequence[str]) -> IntArray:
        """int64 (n, K): the rows of each query's page, -1 where it ends."""
        pages = []
        for query, intent in zip(queries, self.intents(queries), strict=True):
            request = Request(request_id="", scene="search", day=DAY, query=query)
            found = gather(self.sources, Batch((request,), (intent,), (NO_PORTRAIT,)), self.plan)
            pages.append(top(found.candidates, found.candidates.shares.sum(axis=1), K)[0])
        return np.array(pages)


@dataclass(frozen=True)
class Asked:
    """Queries with what is relevant to each, and which of them settings were chosen on."""

    queries: list[str]
    rows: list[IntArray]
    grades: list[IntArray]
    validation: NDArray[np.bool_]

    def ndcg(self, search: Search, typed: Sequence[str]) -> Values:
        """Of each query as typed, by what is relevant to it as meant."""
        return np.asarray(graded_ndcg_at(search.ranked(typed), self.rows, self.grades, K), np.float64)

    def take(self, kept: Sequence[int]) -> "Asked":
        """These queries alone."""
        own = [(self.queries[at], self.rows[at], self.grades[at]) for at in kept]
        queries, rows, grades = (list(column) for column in zip(*own, strict=True))
        return Asked(queries, rows, grades, self.validation[list(kept)])


def mistyped(query: str, draw: np.random.Generator, shortest: int = SHORTEST, longest: int = 99) -> str:
    """The query with one error of the keyboard in a plain word of so many letters; as it is where it has none."""
    places = [
        at
        for word in re.finditer(r"[^\s-]+", query)
        if plain(word[0]) and shortest <= len(word[0]) <= longest
        for at in range(*word.span())
    ]
    typed = query
    while places and typed == query:
        at, kind = places[int(draw.integers(len(places)))], int(draw.integers(5))
        near = neighbours(query[at])
        beside = near[int(draw.integers(len(near)))]
        if kind == 2:
            typed = exchanged(query, at) if at + 1 in places else query
        else:
            typed = query[:at] + ("", query[at] * 2, "", beside, query[at] + beside)[kind] + query[at + 1 :]
    return typed


def plain(word: str) -> bool:
    """Whether a word is of letters alone and no unit."""
    return word.isascii() and word.isalpha() and word.lower() not in UNITS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of Icecat")
    parser.add_argument("--zh", type=Path, help="folder of 100,000 Chinese queries")
    parser.add_argument("--words", action="store_true", help="without the encoder")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--write", action="store_true", help="write the figures to docs/benchmarks/typos.md")
    asked = parser.parse_args()
    if asked.data is None and asked.zh is None:
        parser.error("nothing to measure: name --data, --zh or both")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    figures: dict[str, Any] = {"benchmark": "typos", "seeds": asked.seeds}
    hashes = []
    for part, folder, measure in (("en", asked.data, _english), ("zh", asked.zh, _chinese)):
        if folder is not None:
            figures[part], data_hash = measure(folder, asked)
            hashes.append(data_hash)
    if asked.write:
        write("typos", __doc__ or "", figures, " ".join(hashes))
    print(orjson.dumps(figures, option=orjson.OPT_SERIALIZE_NUMPY).decode())


def _english(folder: Path, asked: argparse.Namespace) -> tuple[dict[str, Any], str]:
    judged = icecat(folder)
    catalog = _catalog(judged)
    search, queries = (
        _search(judged, catalog, asked.words),
        Asked(judged.queries, judged.rows, judged.grades, judged.validation),
    )

    def twice(query: str, draw: np.random.Generator) -> str:
        return mistyped(mistyped(query, draw), draw)

    def short(query: str, draw: np.random.Generator) -> str:
        return mistyped(query, draw, 3, 3)

    kinds: dict[str, Slip] = {"one": mistyped, "two": twice, "short": short}
    figures, seen = _lost(search, queries, kinds, asked.seeds)
    return figures | _codes(search, catalog, asked.seeds) | {"microseconds": _timed(catalog, seen)}, judged.data_hash


def _catalog(judged: Judged) -> Catalog:
    """The shop: titles, brands, and what kind of thing a product is as its category."""
    kinds = [own[0] if own else "" for own in judged.corpus.categories]
    names = sorted(set(kinds))
    places = {name: place for place, name in enumerate(names)}
    return worlds.catalog(
        judged.titles,
        brands=list(judged.corpus.brands),
        descriptions=[fields[1] for fields in judged.corpus.fields],
        categories=np.array([places[kind] for kind in kinds], np.int32),
        category_paths=[(name,) if name else () for name in names],
    )


def _search(judged: Judged, catalog: Catalog, words: bool) -> Search:
    if words:
        return Search.over(catalog, None, None)
    with tempfile.TemporaryDirectory() as cache:
        encoder = open_encoder(Settings({}).encode, judged.titles, Path(cache))
        if encoder is None:
            raise SystemExit("no weights are installed: pass --words")
        texts = judged.corpus.texts
        parts = [encoder.encode(texts[at : at + CHUNK], "passage") for at in range(0, len(texts), CHUNK)]
        return Search.over(catalog, encoder, np.concatenate(parts))


def _lost(
    search: Search, queries: Asked, kinds: Mapping[str, Slip], seeds: Sequence[int]
) -> tuple[dict[str, Any], list[str]]:
    """What each kind of error costs, and every query as it was asked."""
    clean = queries.ndcg(search, queries.queries)
    figures: dict[str, Any] = {"queries": len(clean), "ndcg": round(float(clean.mean()), 4)}
    seen = list(queries.queries)
    for name, slip in kinds.items():
        typed = [_typed(queries.queries, slip, seed) for seed in seeds]
        kept = [at for at, query in enumerate(queries.queries) if any(own[at] != query for own in typed)]
        if not kept:
            continue
        own = queries.take(kept)
        found = np.array([own.ndcg(search, [each[at] for at in kept]) for each in typed])
        figures[name] = _told(clean[kept], found, own.validation)
        seen.extend(query for each in typed for query in each)
        log.info("%s=%s", name, figures[name])
    return figures, seen


def _typed(queries: Sequence[str], slip: Slip, seed: int) -> list[str]:
    """Each query's errors depend on the seed and the query alone."""
    draws = (np.random.default_rng([seed, *hashlib.sha256(query.encode()).digest()[:4]]) for query in queries)
    return [slip(query, draw) for query, draw in zip(queries, draws, strict=True)]


def _told(clean: Values, found: Values, validation: NDArray[np.bool_]) -> dict[str, Any]:
    """float64 (n,) and (seeds, n): the loss over all, over each half and by seed."""
    mean = found.mean(axis=0)
    interval = bootstrap((clean - mean) / clean.mean())
    halves = {"validation": validation, "test": ~validation}
    return {
        "queries": len(clean),
        "clean": round(float(clean.mean()), 4),
        "typed": round(float(mean.mean()), 4),
        "lost": round(1 - float(mean.mean() / clean.mean()), 4),
        "interval": [round(interval.low, 4), round(interval.high, 4)],
        "by_seed": [round(1 - float(each.mean() / clean.mean()), 4) for each in found],
        **{name: round(1 - float(mean[half].mean() / clean[half].mean()), 4) for name, half in halves.items()},
    }


def _codes(search: Search, catalog: Catalog, seeds: Sequence[int]) -> dict[str, int]:
    """How many queries that are codes are corrected, and how many find no title that holds the code."""
    codes = sorted({code for title in catalog.titles for code in title.split() if _is_code(code)})
    changed = lost = 0
    for seed in seeds:
        drawn = np.random.default_rng(seed).permutation(len(codes))[:CODES]
        for code in (codes[at] for at in drawn.tolist()):
            intent = search.understanding.understand(code)
            changed += intent.correction is not None
            page = search.ranked([code])[0]
            holding = {row for row in page.tolist() if row >= 0 and code.lower() in catalog.titles[row].lower()}
            lost += not holding
    return {"codes": len(seeds) * min(CODES, len(codes)), "codes_changed": changed, "codes_lost": lost}


def _is_code(word: str) -> bool:
    return re.fullmatch(r"(?=.*\d.*\d)(?=.*[A-Z])[A-Z0-9][A-Z0-9-]{4,}[A-Z0-9]", word) is not None


def _chinese(folder: Path, asked: argparse.Namespace) -> tuple[dict[str, Any], str]:
    content = (folder / "train.query.txt.gz").read_bytes()
    lines = gzip.decompress(content).decode().splitlines()
    said = list(dict.fromkeys("".join(line.partition("\t")[2].split()) for line in lines))
    titles = [text for text in said if len(text) >= TITLE]
    queries = [text for text in said if _HAN.fullmatch(text)]
    chosen = list(_held([queries[at] for at in np.random.default_rng(0).permutation(len(queries)).tolist()], titles))
    even = [int(hashlib.sha256(query.encode()).hexdigest()[:8], 16) % 2 == 0 for query, _ in chosen]
    own = Asked(
        [query for query, _ in chosen],
        [rows for _, rows in chosen],
        [np.ones(len(rows), np.int64) for _, rows in chosen],
        np.array(even, bool),
    )
    catalog = worlds.catalog(titles)
    search = Search.over(catalog, None, None)
    kinds: dict[str, Slip] = {
        "homophone": misheard,
        "two_homophones": lambda query, draw: misheard(misheard(query, draw), draw),
        "pinyin": lambda query, _: _pinyin(query, ""),
        "pinyin_spaced": lambda query, _: _pinyin(query, " "),
    }
    figures, seen = _lost(search, own, kinds, asked.seeds)
    about = {"titles": len(titles), "microseconds": _timed(catalog, seen)}
    return figures | about, hashlib.sha256(content).hexdigest()


def _held(queries: Sequence[str], titles: Sequence[str]) -> Iterator[tuple[str, IntArray]]:
    """The first queries that titles hold, with the rows of these titles."""
    whole, starts = "\n".join(titles), np.cumsum([0, *(len(title) + 1 for title in titles)])
    n = 0
    for query in queries:
        found = [match.start() for match in re.finditer(re.escape(query), whole)]
        rows = np.unique(np.searchsorted(starts, found, side="right") - 1)
        if len(rows):
            yield query, rows.astype(np.int64)
            n += 1
        if n == ASKED:
            return


def _pinyin(query: str, between: str) -> str:
    from pypinyin import lazy_pinyin

    return between.join(lazy_pinyin(query))


def _timed(catalog: Catalog, queries: Sequence[str]) -> dict[str, float]:
    """Microseconds of the processor, p50 and p99, of each query once."""
    understanding = Understanding(None, catalog_texts(catalog))
    understanding.understand("warm 起来")
    took = []
    for query in queries:
        started = time.thread_time_ns()
        understanding.understand(query)
        took.append((time.thread_time_ns() - started) / 1000)
    return {f"p{q}": round(float(np.percentile(took, q)), 1) for q in (50, 99)}


if __name__ == "__main__":
    main()
