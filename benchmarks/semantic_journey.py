"""What a shopper's history finds by meaning alone, before and after product vectors learnt what is bought together.

    python -m benchmarks.semantic_journey [--method linear] [--from-week 47 --to-week 48] [--seeds 3] [--write]

Complete Journey: the first basket of each household in the two weeks, and what the semantic source offers on home from
its twenty latest lines; no other source, no ranker. Capped recall at 10 against all 92k products. The
pairs of texts that the vectors learn from are of purchases two weeks and more before the target; those of the two weeks
between measure when to stop. A tenth of the texts, by a hash, is in no pair: their products are `cold`, all others
`warm`. For `warm` and `cold` the source offers products of these alone and is judged by those that were bought.

`before` are the vectors of the untouched encoder, `after` the mean over seeds, `interval` a paired bootstrap over
households of the gain, 95 %; `times` is after / before. All settings of the source are the defaults but for `history`.
`own_weight` is the same where each has the popularity weight that was best for it, so that none leads by popularity.
Settings were chosen on weeks 45 and 46. `later_pairs` with step 0 says that the held-out pairs were no better and the
vectors stayed. `cpu_s`: one training, and applying it to all products; pairs are counted once.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks import complete_journey
from benchmarks.complete_journey import Journey
from benchmarks.next_basket import Task
from benchmarks.page import write
from shopkeeper import plugins
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.open import open_encoder
from shopkeeper.encode.pairs import numbered, together
from shopkeeper.encode.vectors import encode_products, product_text
from shopkeeper.encode.weights import choose, find
from shopkeeper.intake.readers.complete_journey import CompleteJourney
from shopkeeper.measure.ranking import recall_at
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.profile.profiles import Profiles
from shopkeeper.recall.sources.semantic import Semantic
from shopkeeper.settings import Settings
from shopkeeper.store.offline import Nearness
from shopkeeper.types import Batch, BoolArray, FloatArray, IntArray, Intent, Request, RowArray

K, HISTORY, CHUNK = 10, 20, 256
LIMIT = Settings({}).recall.limit
"""Of so many offered the first K count: what is bought more may come before what is nearer, as in a shop."""
COLD = 10
"""One of so many texts is in no pair."""
WEEKS_BETWEEN = 2
RATES: Mapping[str, float] = {"linear": 2e-3}
STEPS = 600
OWN_WEIGHT = {"before": 6.0, "after": 2.0}
NEARNESS = Nearness(actions=("purchase",))
Values = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """What was known, what was then bought, and what the encoder reads of each product."""

    task: Task
    texts: list[str]
    vectors: FloatArray

    @property
    def cold(self) -> BoolArray:
        """bool (n_products,): those whose texts are in no pair."""
        return np.array([is_cold(text) for text in self.texts], bool)


def main() -> None:
    asked = _arguments()
    journey = complete_journey.read(Path(asked.data) if asked.data else None, asked.to_week)
    task = Task.of(journey, asked.from_week, asked.to_week)
    texts = texts_of(journey, [Path(asked.data)] if asked.data else [])
    encoder = open_encoder(Settings({}).encode, texts, asked.cache)
    assert encoder is not None
    world = World(task, texts, encode_products(encoder, texts, asked.cache, workers=1))
    figures = measured(world, journey, asked)
    if asked.write:
        write("semantic_journey", __doc__ or "", figures, journey.sha256)
    print(orjson.dumps(figures, option=orjson.OPT_SERIALIZE_NUMPY).decode())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", choices=plugins.names("method"), default="linear")
    parser.add_argument("--from-week", type=int, default=47)
    parser.add_argument("--to-week", type=int, default=48)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=STEPS, help="of one training")
    parser.add_argument("--data", default="", help="folder of the Parquet files; the package's own by default")
    parser.add_argument("--cache", type=Path, required=True, help="folder where the untouched vectors are kept")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/semantic_journey.md")
    asked = parser.parse_args()
    if not 4 <= asked.from_week <= asked.to_week:
        parser.error(f"weeks {asked.from_week} to {asked.to_week}: want 4 <= from-week <= to-week")
    return asked


def texts_of(journey: Journey, paths: Sequence[Path]) -> list[str]:
    """What the encoder reads of each row, as in a shop; empty for products that are sold but not described."""
    products = next(iter(CompleteJourney(CompleteJourney.Settings()).read(paths))).columns
    names = ("product_id", "title", "brand", "category", "attributes")
    told = zip(*(products[name].to_pylist() for name in names), strict=True)
    text_of = {own[0]: product_text(own[1], own[2], own[3], orjson.loads(own[4])) for own in told}
    return [text_of.get(product_id, "") for product_id in journey.catalog.product_ids]


def is_cold(text: str) -> bool:
    """Whether the text is in no pair; those of no text never are."""
    digest = blake2b(text.encode(), digest_size=8).digest()
    return not text or int.from_bytes(digest, "big") % COLD == 0


def measured(world: World, journey: Journey, asked: argparse.Namespace) -> dict[str, Any]:
    """Before and after, of all products, of warm and of cold ones."""
    started = time.process_time()
    corpus = pairs_before(world, journey, asked.from_week)
    pairs_s = time.process_time() - started
    before, own_before = (found(world, world.vectors, weight) for weight in (None, OWN_WEIGHT["before"]))
    after, own_after, seconds, best = [], [], [], []
    for seed in range(asked.seeds):
        started = time.process_time()
        vectors, told = adapted(world, corpus, asked, seed)
        seconds.append(time.process_time() - started)
        best.append(told)
        after.append(found(world, vectors, None))
        own_after.append(found(world, vectors, OWN_WEIGHT["after"]))
    gains, own = _gains(before, after), _gains(own_before, own_after)
    return {
        "benchmark": "semantic_journey",
        "method": asked.method,
        "from_week": asked.from_week,
        "to_week": asked.to_week,
        **gains.pop("all"),
        **gains,
        "own_weight": OWN_WEIGHT | own,
        "cpu_s": float(np.mean(seconds)),
        "pairs_cpu_s": pairs_s,
        "pairs": 0 if corpus.pairs is None else len(corpus.pairs),
        "texts": len(set(world.texts)),
        "cold_products": int(world.cold.sum()),
        "seeds": [{name: float(np.nanmean(values)) for name, values in run.items()} for run in after],
        "later_pairs": best,
        "data_sha256": journey.sha256,
    }


def pairs_before(world: World, journey: Journey, week: int) -> Corpus:
    """The texts with their pairs of purchases before the weeks between, and of those weeks to measure with."""
    known, texts = world.task.snapshot, world.texts
    edge = journey.start_of(week - WEEKS_BETWEEN)
    cold = np.array([is_cold(text) for text in dict.fromkeys(texts)], bool)
    pairs = together(known.interactions, texts, edge, NEARNESS).without(cold)
    between = known.interactions.filter(known.interactions.day >= edge)
    later = together(between, texts, known.day, NEARNESS).without(cold)
    nothing = [""] * len(texts)
    return Corpus(texts, [(text,) for text in texts], nothing, world.vectors, pairs=pairs, later=later)


def adapted(world: World, corpus: Corpus, asked: argparse.Namespace, seed: int) -> tuple[FloatArray, dict[str, float]]:
    """The vectors of all products after learning, and what it gained on pairs of later days."""
    import torch

    from shopkeeper.encode.model import TextModel
    from shopkeeper.encode.parts import Turn
    from shopkeeper.encode.training import Schedule, train

    method, task = plugins.load("method", asked.method), plugins.load("task", "recommendation")
    rate = {"learning_rate": RATES[asked.method]} if asked.method in RATES else {}
    model = TextModel.load(find(choose("auto", world.texts)))
    schedule = Schedule(steps=asked.steps, every=100, seed=seed)
    history = train(model, method(method.Settings(**rate)), task(task.Settings()), corpus, schedule)
    told = {"step": history.best.step, "before": history.points[0].score, "after": history.best.score}
    if isinstance(model.part, Turn):
        with torch.inference_mode():
            turned = model.part.after(torch.from_numpy(world.vectors))
            return torch.nn.functional.normalize(turned, dim=1).numpy(), told
    places = numbered(world.texts)
    return model.vectors(list(dict.fromkeys(world.texts)), "passage")[places], told


def found(world: World, vectors: FloatArray, popularity_weight: float | None) -> dict[str, Values]:
    """Recall of each household, of all products, warm and cold ones; NaN where nothing of these was bought."""
    given = {} if popularity_weight is None else {"popularity_weight": popularity_weight}
    source = Semantic(Semantic.Settings(history=HISTORY, **given))
    source.fit(replace(world.task.snapshot, vectors=vectors))
    cold = world.cold
    parts = {"all": None, "warm": ~cold, "cold": cold}
    return {name: _recall(world.task, source, allowed) for name, allowed in parts.items()}


def _recall(task: Task, source: Semantic, allowed: BoolArray | None) -> Values:
    if allowed is not None:
        allowed.flags.writeable = False  # the source remembers what is open under a mask that cannot change
    profiles, users = Profiles(task.snapshot.log), task.labels.users
    ranked = np.full((len(users), K), -1, np.int64)
    for start in range(0, len(users), CHUNK):
        own = users[start : start + CHUNK]
        for place, offer in enumerate(source.recall(_batch(task, own, profiles, allowed), LIMIT), start):
            first = offer.rows[:K]
            ranked[place, : len(first)] = first
    targets: list[IntArray] = [rows if allowed is None else rows[allowed[rows]] for rows in task.targets]
    return recall_at(ranked, targets, K)


def _batch(task: Task, users: RowArray, profiles: Profiles, allowed: BoolArray | None) -> Batch:
    day = task.snapshot.day
    requests = tuple(
        Request(request_id=str(user), scene="home", day=day, user=int(user), allowed=allowed) for user in users
    )
    return Batch(requests, (Intent(),) * len(users), profiles.portraits(users, day))


def _gains(before: Mapping[str, Values], runs: Sequence[Mapping[str, Values]]) -> dict[str, dict[str, Any]]:
    """Of each part what it gained, over the households that bought something of it."""
    gains = {}
    for name, old in before.items():
        new = np.mean([run[name] for run in runs], axis=0)
        known = ~np.isnan(old)
        lead = paired_bootstrap(new[known], old[known])
        first, then = float(old[known].mean()), float(new[known].mean())
        gains[name] = {
            "before": first,
            "after": then,
            "gain": then - first,
            "interval": [lead.low, lead.high],
            "times": then / first,
            "households": int(known.sum()),
        }
    return gains


if __name__ == "__main__":
    main()
