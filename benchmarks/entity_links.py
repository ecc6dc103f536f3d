"""Whether a search finds better where a tagger names what the shop's own names do not.

    python -m benchmarks.entity_links --data FOLDER [--keep FOLDER] [--seeds 3] [--write]

The folder is that of Icecat. The shop is made and learns as in `benchmarks.category_prior`; with `--keep` it stays in
that folder, and is taken as it is where it is there. The tagger is taught as in `benchmarks.entities`, by 4,000
products in 60 steps, once for each seed. It reads every search; what it names and no name of the shop says is linked
to values that have all these words: of brands, of categories and types, of attributes that its label knows, the three
that most products have. Products of these are lifted, by how sure the tagger is; nothing is filtered.

`searches` are the 56 judged ones of `benchmarks.search_catalogue` and 598 by two words of a title
(`benchmarks.category_prior`); `unknown` of them say something that the tagger alone names, and of these `linked` some
value has the words: means over the seeds. `judged` is nDCG@10 and `condensed` that of judged products alone, `known`
the mean reciprocal rank of the product searched for, at each lift, for both halves of the searches (`validation`,
`test`); `gain` is that of the lift of .05 over none, a paired bootstrap over searches of their means over the seeds,
95 %. `tag_ms` is the processor's time of the tagger for one search, by PyTorch in float32.
"""

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from benchmarks.catalogues import load
from benchmarks.category_prior import known, reciprocal, shelved
from benchmarks.judged import Judged, Values, icecat
from benchmarks.page import write
from benchmarks.search_catalogue import DEPTH, SETTINGS, products, scores
from shopkeeper import plugins
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.projection import Span
from shopkeeper.encode.tagger import Tagger
from shopkeeper.encode.tasks.entities import LABELS, Entities
from shopkeeper.encode.training import Schedule, train
from shopkeeper.encode.weights import choose, find
from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.learn import learn
from shopkeeper.flow.shop import Shop
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.settings import Settings
from shopkeeper.store.folder import create, open_folder
from shopkeeper.types import Catalog, Intent
from shopkeeper.understand.atoms import phrase
from shopkeeper.understand.structured import Structured
from shopkeeper.understood import Stated

LIFTS, CHOSEN, MOST = (0.0, 0.05, 0.1, 0.2), 0.05, 3
TAUGHT, STEPS, TIMED = 4000, 60, 50


class Links:
    """The values of brands, categories and attributes by label and word, with how many products have each."""

    def __init__(self, catalog: Catalog) -> None:
        self._by_word: dict[tuple[str, str], dict[tuple[str, str], int]] = defaultdict(dict)
        codes, brands = catalog.brand_codes
        self._add("brand", "brand", list(brands), np.bincount(codes, minlength=len(brands)).tolist())
        sizes = np.bincount(catalog.categories, minlength=len(catalog.category_paths)).tolist()
        self._add("type", "category", ["".join(path[-1:]) for path in catalog.category_paths], sizes)
        own = catalog.attributes
        for at, name in enumerate(own.names):
            plain = name.casefold().replace(" ", "_")
            for label in [label for label, names in LABELS.items() if any(fnmatchcase(plain, own) for own in names)]:
                self._add(label, f"attributes.{name}", own.texts[at], own.counts(at).tolist())

    def _add(self, label: str, field: str, texts: Sequence[str], sizes: Sequence[int]) -> None:
        for text, n in zip(texts, sizes, strict=True):
            for word in set(phrase(text)):
                self._by_word[label, word][field, text] = n

    def of(self, words: str, span: Span) -> Iterator[Stated]:
        """What a span of these words may state: values of its label that have all of them."""
        found = [self._by_word.get((span.label, word), {}) for word in phrase(words)]
        fit = [value for value in found[0] if all(value in others for others in found)] if found else []
        for field, value in sorted(fit, key=lambda own: -found[0][own])[:MOST]:
            yield Stated(field, value, words, "boost", round(span.confidence, 3), "meaning")


class Linked(Structured):
    """The shop's reader of what words state, and what a tagger names beside."""

    def __init__(self, shop: Shop, tagger: Tagger) -> None:
        super().__init__(shop.catalog, shop.trained.understanding.lexicon.counts)
        self._tagger, self._links = tagger, Links(shop.catalog)
        self._kept: dict[str, tuple[int, tuple[Stated, ...]]] = {}

    def read(self, intent: Intent, as_words: Collection[str] = ()) -> Intent:
        found = super().read(intent, as_words)
        return replace(found, stated=found.stated + self.beside(intent.query)[1])

    def beside(self, query: str) -> tuple[int, tuple[Stated, ...]]:
        """How many spans the tagger alone names, and the values that they are linked to."""
        if query not in self._kept:
            reading = self._read(query, ())
            said = [(reading.atoms[own.start].start, reading.atoms[own.end - 1].end) for own in reading.spans]
            free = [
                span
                for span in self._tagger.spans([query])[0]
                if all(span.end <= start or end <= span.start for start, end in said)
            ]
            links = [own for span in free for own in self._links.of(query[span.start : span.end], span)]
            self._kept[query] = len(free), tuple(links)
        return self._kept[query]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with products.jsonl.gz and ratings.csv")
    parser.add_argument("--keep", type=Path, help="where the shop is, or is to stay; by default it is removed")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/entity_links.md")
    asked = parser.parse_args()
    judged, (corpus, _) = icecat(asked.data), load(asked.data)
    with tempfile.TemporaryDirectory() if asked.keep is None else nullcontext(asked.keep) as folder:
        path = Path(folder) / "icecat"
        if not (path / "versions" / "current").exists():
            create(path, SETTINGS)
            with open_folder(path, writable=True) as made:
                made.products.upsert(list(products(asked.data)))
            learn(path)
        runs = [measured(path, judged, taught(corpus, seed)) for seed in range(asked.seeds)]
    figures = {"benchmark": "entity_links", "seeds": asked.seeds, **compared(judged, runs)}
    if asked.write:
        write("entity_links", __doc__ or "", figures, judged.data_hash)
    print(orjson.dumps(figures, option=orjson.OPT_SERIALIZE_NUMPY).decode())


def taught(corpus: Corpus, seed: int) -> Tagger:
    """A tagger that learnt some products."""
    some = corpus.some(TAUGHT, np.random.default_rng(seed))
    model = TextModel.load(find(choose("auto", [fields[0] for fields in some.fields])))
    method, task = plugins.load("method", "full"), Entities(Entities.Settings())
    train(model, method(method.Settings()), task, some, Schedule(steps=STEPS, every=STEPS // 2, seed=seed))
    return task.tagger.eval()


def measured(path: Path, judged: Judged, tagger: Tagger) -> dict[str, Any]:
    """What each search finds at each lift, and what the tagger named."""
    pages: dict[float, dict[str, Values]] = {}
    for lift in LIFTS:
        with open_folder(path, writable=False) as folder:
            settings = Settings({**folder.settings.tables, "recall": {"lexical": {"prior": lift}}})
        with open_shop(path, writable=False, patient=True, settings=settings) as shop:
            searches = known(shelved(shop))
            reader = Linked(shop, tagger)
            shop._trained = replace(shop.trained, structured=reader)
            rows = np.full((len(judged.queries), DEPTH), -1, np.int64)
            for line, query in zip(rows, judged.queries, strict=True):
                items = answer(ask(shop, scene="search", query=query, k=DEPTH), shop, logged=False).items
                line[: len(items)] = [item.row for item in items]
            found = np.array([reciprocal(shop, query, place) for query, place in searches])
            pages[lift] = {**scores(judged, rows), "known": found}
    sides = {"judged": judged.queries, "known": [query for query, _ in searches]}
    told = {name: [reader.beside(query) for query in own] for name, own in sides.items()}
    counts = {
        name: (len(own), sum(n > 0 for n, _ in own), sum(bool(links) for _, links in own)) for name, own in told.items()
    }
    started = time.process_time()
    for query in sides["known"][:TIMED]:
        tagger.spans([query])
    return {
        "pages": pages,
        "queries": sides["known"],
        "counts": counts,
        "tag_ms": 1e3 * (time.process_time() - started) / TIMED,
    }


def compared(judged: Judged, runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Each lift's figures on both halves, and the gain of the chosen one."""
    odd = np.array([sum(map(ord, query)) % 2 == 0 for query in runs[0]["queries"]])
    half = {"ndcg@10": judged.validation, "condensed_ndcg@10": judged.validation, "known": odd}
    figures: dict[str, Any] = {"tag_ms": round(float(np.mean([run["tag_ms"] for run in runs])), 1)}
    for name in ("judged", "known"):
        n, unknown, linked = np.mean([run["counts"][name] for run in runs], axis=0)
        figures[f"spans.{name}"] = {
            "searches": int(n), "unknown": round(float(unknown), 1), "linked": round(float(linked), 1)
        }  # fmt: skip
    for name, key in (("judged", "ndcg@10"), ("condensed", "condensed_ndcg@10"), ("known", "known")):
        mean = {lift: np.mean([run["pages"][lift][key] for run in runs], axis=0) for lift in LIFTS}
        sides = {"validation": half[key], "test": ~half[key]}
        lifts = {
            str(lift): {side: round(float(own[which].mean()), 4) for side, which in sides.items()}
            for lift, own in mean.items()
        }
        gain = paired_bootstrap(mean[CHOSEN][~half[key]], mean[0.0][~half[key]])
        figures[name] = {"lift": lifts, "gain": [round(each, 4) for each in (gain.mean, gain.low, gain.high)]}
    return figures


if __name__ == "__main__":
    main()
