"""Whether the category of a search is told by its vector, and whether leaning towards it finds better.

    python -m benchmarks.category_prior --data FOLDER [--write]

The folder is that of Icecat; a product's category is its type, which one in nine has. The shop is made and learns as in
`benchmarks.search_catalogue`, without pieces of words.

`head` is what `learn` measured before it kept the head: searches for products that no head was taught with, by some
words of their titles; `before` what names in the search tell, and how frequent each category is where none does,
`after` with the head in its place. A search scores 2 p less the sum of the squared shares told, p that of the right
category: 1 for the right one told for sure. `first` is the share of these searches that name no category and whose
likeliest category is right, `usual` that of always telling the most frequent one. `teach_s` is the processor time of
teaching and measuring, `us` that of one search without its encoding, in microseconds.

`judged` is nDCG@10 of the 56 judged searches and `condensed` that of judged products alone, `known` the mean
reciprocal rank of a product that is searched for by two words of its title, over 600 such searches for products with
a category; at each lift (`recall.lexical.prior`). The lift was chosen on half of the searches (`validation`, by a
hash of the words); `test` has the others. `gain` is that of the lift that serves over none, a paired bootstrap, 95 %.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from benchmarks.judged import Judged, icecat
from benchmarks.page import write
from benchmarks.search_catalogue import DEPTH, SETTINGS, products, scores
from shopkeeper.encode.card import HEADS, heads_of
from shopkeeper.encode.category_head import CategoryHead
from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.gains import Shelved
from shopkeeper.flow.heads import taught_heads
from shopkeeper.flow.learn import learn
from shopkeeper.flow.shop import Shop, today
from shopkeeper.flow.structured import structured_of
from shopkeeper.flow.vectors import Shelf
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.recall.filter import category_name
from shopkeeper.recall.sources.lexical import Lexical
from shopkeeper.settings import Settings
from shopkeeper.store.folder import create, open_folder
from shopkeeper.text import is_code, tokens
from shopkeeper.types import BoolArray, FloatArray

LIFTS = (0.0, 0.02, 0.05, 0.1, 0.2)
SERVED = Lexical.Settings().prior
KNOWN, WORDS, DEEP = 600, 2, 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with products.jsonl.gz and ratings.csv")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/category_prior.md")
    asked = parser.parse_args()
    judged = icecat(asked.data)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "icecat"
        create(path, SETTINGS + "\n[understand]\ncategory_prior = true\n")
        with open_folder(path, writable=True) as made:
            made.products.upsert(list(products(asked.data)))
        learn(path)
        with open_shop(path, writable=False, patient=True) as shop:
            goods = shelved(shop)
            figures: dict[str, Any] = {"benchmark": "category_prior", **told(shop, goods)}
            searches = known(goods)
        pages = {lift: found(path, lift, judged, searches) for lift in LIFTS}
    figures |= compared(pages, judged, searches)
    if asked.write:
        write("category_prior", __doc__ or "", figures, judged.data_hash)
    print(orjson.dumps(figures, option=orjson.OPT_SERIALIZE_NUMPY).decode())


def shelved(shop: Shop) -> Shelved:
    """The goods of the shop as learning saw them."""
    encoder, vectors = shop.trained.understanding.encoder, shop.trained.vectors
    assert encoder is not None and vectors is not None, "the shop has no language model"
    shelf = Shelf.of(shop.folder, len(shop.catalog))
    return Shelved(shop.catalog, shelf, encoder, np.asarray(vectors, np.float32), today())


def told(shop: Shop, goods: Shelved) -> dict[str, Any]:
    """How well the category is told, and what that costs."""
    version = shop.trained.version.path
    (head,), prior = heads_of(version), CategoryHead.open(version / HEADS)
    understanding = shop.trained.understanding
    plain = structured_of(shop.settings.understand, shop.catalog, understanding, Path("none"))
    assert prior is not None and plain is not None, "the head was refused"
    started = time.process_time()
    with tempfile.TemporaryDirectory() as scratch:
        taught_heads(Path(scratch), goods, understanding, plain, shop.settings.learn.seed)
    taught = time.process_time() - started
    corpus, right, n, most = goods.corpus, 0, 0, 0
    names = [category_name(path) for path in corpus.categories]
    frequent = max(prior.names, key=names.count)
    vectors: list[FloatArray] = []
    for query, place in known(goods, corpus.left_for_the_end):
        intent = plain.read(understanding.understand(query))
        if intent.vector is not None and not any(own.field == "category" for own in intent.stated):
            n, vectors = n + 1, [*vectors, intent.vector]
            right += prior.names[int(prior.shares(intent.vector[None])[0].argmax())] == names[place]
            most += frequent == names[place]
    started = time.process_time()
    for vector in vectors * 10:
        prior.likely(vector)
    spent = 1e6 * (time.process_time() - started) / (10 * len(vectors))
    gain = head.gain
    return {
        "categories": len(prior.names),
        "head": {"searches": gain.n, "before": round(gain.before, 3), "after": round(gain.after, 3),
                 "gain": [round(gain.after - gain.before, 3), round(gain.low, 3), round(gain.high, 3)]},
        "first": round(right / n, 3),
        "usual": round(most / n, 3),
        "unnamed": n,
        "teach_s": round(taught, 1),
        "us": round(spent),
    }  # fmt: skip


def known(goods: Shelved, which: BoolArray | None = None) -> list[tuple[str, int]]:
    """Searches by some words of titles that are neither codes nor numbers, each with the product's place."""
    draw, corpus = np.random.default_rng(7), goods.corpus
    among = np.array([bool(path) for path in corpus.categories]) & (True if which is None else which)
    searches = []
    for place in draw.permutation(np.flatnonzero(among))[:KNOWN].tolist():
        words = list(dict.fromkeys(word for word in tokens(corpus.fields[place][0]) if not is_code(word)))
        if len(words) >= WORDS:
            chosen = np.sort(draw.permutation(len(words))[:WORDS])
            searches.append((" ".join(words[at] for at in chosen.tolist()), place))
    return searches


def found(path: Path, lift: float, judged: Judged, searches: list[tuple[str, int]]) -> dict[str, Any]:
    """What each search finds with this lift."""
    with open_folder(path, writable=False) as folder:
        settings = Settings(
            {**folder.settings.tables, "recall": {"lexical": {"prior": lift}}, "understand": {"category_prior": True}}
        )
    rows = np.full((len(judged.queries), DEPTH), -1, np.int64)
    with open_shop(path, writable=False, patient=True, settings=settings) as shop:
        for line, query in zip(rows, judged.queries, strict=True):
            items = answer(ask(shop, scene="search", query=query, k=DEPTH), shop, logged=False).items
            line[: len(items)] = [item.row for item in items]
        ranks = np.array([reciprocal(shop, query, place) for query, place in searches])
    return {**scores(judged, rows), "known": ranks}


def reciprocal(shop: Shop, query: str, row: int) -> float:
    """1 for the place of the first product with the title of this row, 0 where the page has none."""
    items = answer(ask(shop, scene="search", query=query, k=DEEP), shop, logged=False).items
    titles = [shop.catalog.titles[item.row] for item in items]
    wanted = shop.catalog.titles[row]
    return 1.0 / (titles.index(wanted) + 1) if wanted in titles else 0.0


def compared(pages: dict[float, dict[str, Any]], judged: Judged, searches: list[tuple[str, int]]) -> dict[str, Any]:
    """Each lift's figures on both halves, and the served one's gain."""
    half = {"judged": judged.validation, "condensed": judged.validation}
    keys = {"judged": "ndcg@10", "condensed": "condensed_ndcg@10", "known": "known"}
    half["known"] = np.array([sum(map(ord, query)) % 2 == 0 for query, _ in searches])
    figures: dict[str, Any] = {}
    for name, key in keys.items():
        sides = {"validation": half[name], "test": ~half[name]}
        own = {
            str(lift): {side: round(float(page[key][which].mean()), 4) for side, which in sides.items()}
            for lift, page in pages.items()
        }
        gain = paired_bootstrap(pages[SERVED][key][~half[name]], pages[0.0][key][~half[name]])
        figures[name] = {"lift": own, "gain": [round(each, 4) for each in (gain.mean, gain.low, gain.high)]}
    return figures


if __name__ == "__main__":
    main()
