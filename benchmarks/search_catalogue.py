"""The whole search of a shop against what people judged, part by part.

    python -m benchmarks.search_catalogue --data FOLDER [--write]

The folder is that of Icecat: its 19,406 products are put into a shop with title, short description, brand, type and
attributes, the shop learns (no events; the language model as it comes), and each of the 56 queries that have a relevant
product is asked as a shopper would ask it. nDCG@10 with gain 2^r - 1, what nobody judged counting 0; `judged@10`: the
share of the first ten places that somebody judged; `condensed`: nDCG@10 of the judged products alone, in the order of
the page (of 300 places; what is not on it counts as not found). The ratings were pooled from a lexical engine: what
only another kind of search finds counts 0 in the first figure and nothing in the last.

bm25, frozen   for comparison: BM25 over all words of title, short description and type, and the untouched encoder on
               title and short description, each over all products; `ranks`: their reciprocal ranks
words          the shop without meaning and without understanding what words state, only what holds every word where
               anything does
understood     with what words state
words_relaxed  where fewer than twelve hold every word, those that hold some come after them
fused          with meaning, by weighted reciprocal ranks
blend          scores in place of ranks, in equal parts: the whole search as it comes, without labels; taught_blend:
               with the weights that other queries taught
trees          lambdarank over all features, taught by other queries
sparse         learned pieces of words alone (recall.sparse); fused_sparse: fused with them, too; blend_sparse:
               taught_blend with them, too; trees_sparse: trees with them, too
cross_encoder  taught_blend whose first ten the packaged cross-encoder reads once more (rank.rerank), as other folds
               choose what that counts; needs the package that shopkeeper/encode/pair_scorer.py names.
               cross_encoder_sparse: the same of blend_sparse
shop           what a shop does that was given the judgments: of fused, blend and trees what other queries chose, taught
               by them

What is taught is measured in five folds by query, and `shop` chooses inside the other four folds.

`lead` is the shop's less bm25's, `gains` one part's less another's, a paired bootstrap over queries, 95 %; `ms` the
median time of a page in this process. Settings were chosen on the queries whose hash is even (`validation`); `test` has
the others.
"""

import argparse
import csv
import gzip
import logging
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from benchmarks.judged import Judged, K, Values, icecat
from benchmarks.page import write
from shopkeeper.encode.bm25 import Bm25
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.weights import choose, find
from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import Stages, open_shop, scorer_of
from shopkeeper.flow.learn import learn
from shopkeeper.flow.sample import sampled
from shopkeeper.flow.search_order import FOLDS, Asked, Searching, choice, crossed, folds, ordered, reread, taught
from shopkeeper.flow.shop import today
from shopkeeper.intake.judgments import judgments
from shopkeeper.measure.ranking import graded_ndcg_at
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.settings import BLEND, FUSED, Settings
from shopkeeper.store.folder import create, open_folder
from shopkeeper.types import FloatArray, IntArray, Product

log = logging.getLogger("benchmarks.search_catalogue")
DEPTH, TREES = 300, "lambdarank"
PIECES = "\n[recall.sparse]\nenabled = true\nminutes = 10\n"
SETTINGS = '[shop]\nname = "icecat"\n\n[encode]\nminutes = 0\n\n[learn]\nmin_events = 0\n'
RANKS = {"rank": {"rankers": {"search": FUSED}}}
PARTS: Mapping[str, Mapping[str, Mapping[str, object]]] = {
    "words": RANKS
    | {"understand": {"filters": False}, "recall": {"semantic": {"enabled": False}, "lexical": {"enough": 1}}},
    "understood": RANKS | {"recall": {"semantic": {"enabled": False}, "lexical": {"enough": 1}}},
    "words_relaxed": RANKS | {"recall": {"semantic": {"enabled": False}}},
    "fused": RANKS,
    "blend": {},
    "sparse": RANKS
    | {"recall": {"semantic": {"enabled": False}, "lexical": {"enabled": False}, "sparse": {"enabled": True}}},
    "fused_sparse": RANKS | {"recall": {"sparse": {"enabled": True}}},
}


GAINS = (
    ("blend_sparse", "taught_blend"),
    ("trees_sparse", "trees"),
    ("cross_encoder", "taught_blend"),
    ("cross_encoder_sparse", "blend_sparse"),
)
READING: Mapping[str, Mapping[str, object]] = {
    "blend_sparse": {},
    "cross_encoder_sparse": {"rerank": {"top": K, "weight": 1.0}},
}
"""By part with pieces that is taught, what else its pages do."""


@dataclass(frozen=True)
class Lists:
    """What each query found: rows int64 (b, DEPTH), best first, padded with -1; `ms` of each page."""

    rows: IntArray
    ms: Values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with products.jsonl.gz and ratings.csv")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/search_catalogue.md")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    started, judged = time.process_time(), icecat(asked.data)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "icecat"
        made(path, asked.data)
        lists = {**compared(judged), **{name: part(path, judged, tables) for name, tables in PARTS.items()}}
        lists |= taught_parts(path, judged)
    figures = measured(judged, lists) | {"cpu_s": time.process_time() - started, "data_hash": judged.data_hash}
    if asked.write:
        write("search_catalogue", __doc__ or "", figures, figures["data_hash"])
    print(orjson.dumps(figures, option=orjson.OPT_SERIALIZE_NUMPY).decode())


def made(path: Path, data: Path) -> None:
    """The shop, learnt; its rows are the lines of the file."""
    create(path, SETTINGS + PIECES)
    with open_folder(path, writable=True) as folder:
        rows = folder.products.upsert(list(products(data)))
    assert np.array_equal(rows, np.arange(len(rows))), "a product's id comes twice"
    learn(path)
    (path / "settings.toml").write_text(SETTINGS, encoding="utf-8")  # the parts that search by pieces say so


def products(data: Path) -> Iterator[Product]:
    """The catalogue's products, prices in units; the type is their category."""
    for line in gzip.decompress((data / "products.jsonl.gz").read_bytes()).splitlines():
        told = orjson.loads(line)
        types = [str(told.get(f"attr_t_{name}", "")) for name in ("product_type", "type")]
        yield Product(
            product_id=str(told["id"]),
            title=str(told["title"]),
            description=str(told.get("short_description", "")),
            brand=str(told.get("supplier", "")),
            category=tuple(kind for kind in types if kind and not kind.isdigit() and kind != "Original")[:1],
            price=told["price"] / 100 if told.get("price") else None,
            currency="USD",
            attributes={key.removeprefix("attr_t_"): str(said) for key, said in told.items() if "attr_t_" in key},
        )


def part(path: Path, judged: Judged, tables: Mapping[str, Mapping[str, object]]) -> Lists:
    """The pages of the shop with these sections of settings in place of its own."""
    rows, ms = np.full((len(judged.queries), DEPTH), -1, np.int64), np.empty(len(judged.queries))
    with open_shop(path, writable=False, patient=True, settings=_with(path, tables)) as shop:
        for at, query in enumerate(judged.queries):
            started = time.perf_counter()
            page = answer(ask(shop, scene="search", query=query, k=DEPTH), shop)
            ms[at] = 1000 * (time.perf_counter() - started)
            rows[at, : len(page.items)] = [item.row for item in page.items]
    return Lists(rows, ms)


def _with(path: Path, tables: Mapping[str, Mapping[str, object]]) -> Settings:
    with open_folder(path, writable=False) as folder:
        return Settings({**folder.settings.tables, **{name: dict(table) for name, table in tables.items()}})


def taught_parts(path: Path, judged: Judged) -> dict[str, Lists]:
    """What judgments of other queries make of the search; a page's time with each is that of the whole way."""
    here, asked = _asked(path, judged, {"rank": {"rerank": {"top": K}}})
    settings = here.settings
    found = {name: crossed(settings, asked, way) for name, way in (("taught_blend", "blend"), ("trees", TREES))}
    found["shop"], found["cross_encoder"] = _chosen(settings, asked), reread(here, asked, "blend").lists
    here, asked = _asked(path, judged, {**PARTS["fused_sparse"], "rank": {"rerank": {"top": K}}})
    found |= {
        name: crossed(here.settings, asked, way) for name, way in (("blend_sparse", "blend"), ("trees_sparse", TREES))
    }
    found["cross_encoder_sparse"] = reread(here, asked, "blend").lists
    lists = {name: _padded(rows) for name, rows in found.items()}
    for name, more in READING.items():  # before the next version, which has no pieces
        tables = {**PARTS["fused_sparse"], "rank": {"rankers": {"search": "blend"}, **more}}
        lists[name] = replace(lists[name], ms=part(path, judged, tables).ms)
    for name, way in (("taught_blend", "blend"), ("trees", TREES)):
        named = f'{SETTINGS}\n[rank]\nrankers = {{search = "{way}"}}\n'
        (path / "settings.toml").write_text(named, encoding="utf-8")
        learn(path)  # with all judgments: for a page's time alone, since it has seen every query
        lists[name] = replace(lists[name], ms=part(path, judged, {"rank": {"rankers": {"search": way}}}).ms)
    reading = {"rank": {"rankers": {"search": "blend"}, **READING["cross_encoder_sparse"]}}
    lists["cross_encoder"] = replace(lists["cross_encoder"], ms=part(path, judged, reading).ms)
    return lists


def _asked(path: Path, judged: Judged, tables: Mapping[str, Mapping[str, object]]) -> tuple[Searching, Asked]:
    """The shop with these sections in place of its own, and every query's candidates by it."""
    with open_shop(path, writable=False, patient=True, settings=_with(path, tables)) as shop:
        own = shop.trained
        stages = Stages(own.sources, own.features, own.rankers)
        held = (own.understanding, own.structured, shop.catalog, today(), shop.settings, shop.plan)
        here = Searching(stages, *held, scorer_of(shop.settings))
        _write_judgments(path / "judgments.csv", judged, shop.catalog.product_ids)
        task, _ = sampled(judgments(path / "judgments.csv"), shop.catalog)
        assert task.queries == tuple(judged.queries)
        return here, Asked.of(here, task)


def _chosen(settings: Settings, asked: Asked) -> list[IntArray]:
    """Each query as the other folds choose and teach."""
    fold = folds(asked, settings.learn.seed)
    found: list[IntArray] = [np.empty(0, np.int64)] * len(fold)
    for number in range(FOLDS):
        others = asked.only(np.flatnonzero(fold != number))
        way, _ = choice(settings, others, BLEND)
        log.info("fold=%d chosen=%s", number, way)
        ranker = taught(settings, way, others.wide)
        for at in np.flatnonzero(fold == number).tolist():
            found[at] = asked.plain[at].rows.astype(np.int64) if way == FUSED else ordered(ranker, asked.wide[at])
    return found


def _write_judgments(file: Path, judged: Judged, ids: Sequence[str]) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(("query", "product_id", "rating"))
        for query, own, grades in zip(judged.queries, judged.rows, judged.grades, strict=True):
            rows.writerows((query, ids[row], grade) for row, grade in zip(own.tolist(), grades.tolist(), strict=True))


def _padded(lists: Sequence[IntArray]) -> Lists:
    rows = np.full((len(lists), max(DEPTH, *map(len, lists))), -1, np.int64)
    for line, own in zip(rows, lists, strict=True):
        line[: len(own)] = own
    return Lists(rows, np.full(len(lists), np.nan))


def compared(judged: Judged) -> dict[str, Lists]:
    """Plain BM25, the plain encoder, and their reciprocal ranks."""
    model = TextModel.load(find(choose("auto", judged.titles)))
    cosines = model.vectors(judged.queries, "query") @ model.vectors(judged.corpus.texts, "passage").T
    words = Bm25(judged.corpus.fields).scores(judged.queries)
    both = [np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1) for scores in (words, cosines)]
    ranks: FloatArray = np.sum([1.0 / (61.0 + places) for places in both], axis=0, dtype=np.float32)
    return {"bm25": _best(words), "frozen": _best(cosines), "ranks": _best(ranks)}


def _best(scores: FloatArray) -> Lists:
    ranked = np.argsort(-scores, axis=1, kind="stable")[:, :DEPTH]
    return Lists(ranked.astype(np.int64), np.full(len(ranked), np.nan))


def measured(judged: Judged, lists: Mapping[str, Lists]) -> dict[str, Any]:
    """A row a part, the last against plain BM25."""
    half, found = judged.validation, {name: scores(judged, own.rows) for name, own in lists.items()}
    keys = ("ndcg@10", "condensed_ndcg@10")
    leads = {key: paired_bootstrap(found["shop"][key], found["bm25"][key]) for key in keys}
    gains = {
        f"{name} over {other}": {key: paired_bootstrap(found[name][key], found[other][key]) for key in keys}
        for name, other in GAINS
    }
    return {
        "benchmark": "search_catalogue",
        "queries": len(judged.queries),
        "products": len(judged.corpus),
        **{key: float(values.mean()) for key, values in found["shop"].items()},
        "lead": {key: [lead.mean, lead.low, lead.high] for key, lead in leads.items()},
        "gains": {
            name: {key: [gain.mean, gain.low, gain.high] for key, gain in own.items()} for name, own in gains.items()
        },
        "parts": {
            name: {
                **{key: round(float(values.mean()), 4) for key, values in own.items()},
                **{
                    f"{key}.{side}": round(float(own[key][which].mean()), 4)
                    for key in leads
                    for side, which in (("validation", half), ("test", ~half))
                },
                **({} if np.isnan(lists[name].ms).any() else {"ms": round(float(np.median(lists[name].ms)), 2)}),
            }
            for name, own in found.items()
        },
    }


def scores(judged: Judged, rows: IntArray) -> dict[str, Values]:
    """By query, of rows int64 (b, w) best first."""
    condensed = np.full(rows.shape, -1, np.int64)
    for line, own, known in zip(condensed, rows, judged.rows, strict=True):
        kept = own[np.isin(own, known)]
        line[: len(kept)] = kept
    return {
        "ndcg@10": graded_ndcg_at(rows[:, :K], judged.rows, judged.grades, K),
        "condensed_ndcg@10": graded_ndcg_at(condensed[:, :K], judged.rows, judged.grades, K),
        "judged@10": np.array([np.isin(own[:K], known).mean() for own, known in zip(rows, judged.rows, strict=True)]),
    }


if __name__ == "__main__":
    main()
