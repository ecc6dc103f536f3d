"""How long a page takes, over HTTP, with one client: search, home, and from an event to the page that knows it.

    python -m benchmarks.latency [--shop demo-shop] [--requests 2000] [--seed 0] [--write]

Works on a copy of the trained shop, so that the shop learns nothing from being measured, with its rate limit raised.
Queries are what a shopper would type for products that were bought: one to three words of the title or the category,
without numbers and units, in lower case, one in ten with two letters swapped (the log's own searches where it has
hundreds of different ones). Home pages are those of users drawn from the log, a user as often as they buy. Every time
is taken at the client, from the first byte out to the last byte in.

first      the first pages of a fresh server              search, home   pages not asked before, after 200 others
again      the same pages asked once more                 event          cart a product shown, GET the page: the sum
floor      /health: what HTTP, the framework and the client cost alone
"""

import argparse
import gc
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import psutil

from benchmarks.page import write
from benchmarks.server_process import Client, ServerProcess
from shopkeeper.store.folder import open_folder
from shopkeeper.text import has_han, tokens

WARM_UP, FIRST = 200, 50
EVENTS = 300
K = 12
MANY_SEARCHES = 200
"""Of a log with fewer different searches a few answers would be asked for again and again."""


@dataclass(frozen=True)
class Drawn:
    """What is asked: queries and users, and where they come from."""

    shop: str
    data_hash: str
    queries: list[str]
    users: list[str]
    from_log: bool


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--shop", type=Path, default=Path("demo-shop"))
    options.add_argument("--requests", type=int, default=2000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--write", action="store_true", help="write docs/benchmarks/latency.md")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(shutil.copytree(given.shop, Path(temporary) / "shop", ignore=shutil.ignore_patterns("*.lock")))
        raise_limit(copy / "settings.toml")
        drawn = draw(copy, given.requests, given.seed)
        figures = measure(copy, drawn, Path(temporary) / "log")
    if given.write:
        write("latency", __doc__ or "", figures, drawn.data_hash)
    print(orjson.dumps(figures).decode())


def raise_limit(settings: Path) -> None:
    """One client asks faster than the default limit lets one address ask."""
    lines = [line for line in settings.read_text(encoding="utf-8").splitlines() if "requests_per_minute" not in line]
    if "[serve]" not in lines:
        lines.append("[serve]")
    lines.insert(lines.index("[serve]") + 1, "requests_per_minute = 100000000")
    settings.write_text("\n".join(lines) + "\n", encoding="utf-8")


def draw(shop: Path, n: int, seed: int) -> Drawn:
    """`n` queries and users and some more to warm up with, drawn from the shop's log."""
    random = np.random.default_rng(seed)
    with open_folder(shop, writable=False) as folder:
        log, catalog = folder.events.table(), folder.products.catalog()
        searched = log.filter(log.action == "search").query.to_pyarrow().to_pylist()
        bought = (
            log.filter((log.action == "purchase") & (log.user_id != "")).select("user_id", "product_id").to_pyarrow()
        )
        name, data_hash = folder.settings.shop.name, folder.events.data_hash()
    lines = bought.take(random.integers(len(bought), size=3 * n + WARM_UP))
    products = [product for product in lines.column("product_id").to_pylist() if product in catalog.row_of]
    rows = [catalog.row_of[product] for product in products]
    made = [typed(catalog.titles[row], catalog.category_paths[catalog.categories[row]], random) for row in rows]
    many = len(set(searched)) >= MANY_SEARCHES
    queries = [str(query) for query in random.choice(searched, n + WARM_UP)] if many else list(dict.fromkeys(made))
    return Drawn(
        shop=name,
        data_hash=data_hash,
        queries=queries[: n + WARM_UP],
        users=lines.column("user_id").to_pylist()[: n + WARM_UP],
        from_log=many,
    )


def typed(title: str, category: Sequence[str], random: np.random.Generator) -> str:
    """One to three words that stand together in the title, or in the category for one query in five."""
    source = category[-1] if category and random.random() < 0.2 else title
    words = [word for word in tokens(source) if word.isalpha() and (len(word) > 2 or has_han(word))] or tokens(title)
    n = min(len(words), int(random.choice([1, 2, 3], p=[0.3, 0.45, 0.25])))
    start = int(random.integers(len(words) - n + 1))
    query = " ".join(words[start : start + n])
    if len(query) > 4 and random.random() < 0.1:
        at = int(random.integers(1, len(query) - 2))
        query = query[:at] + query[at + 1] + query[at] + query[at + 2 :]
    return query


class Asker:
    """One client in front of one server: asks, and keeps how long every answer took and which stage took it."""

    def __init__(self, client: Client, shop: str) -> None:
        self._client = client
        self._at = f"/v1/{shop}"
        self.stages: dict[str, list[float]] = defaultdict(list)

    def search(self, query: str) -> float:
        self._client.post(f"{self._at}/search", {"query": query, "k": K})
        return self._noted("search")

    def home(self, user_id: str) -> float:
        self._client.post(f"{self._at}/recommend", {"scene": "home", "user_id": user_id, "k": K})
        return self._noted("home")

    def floor(self, _: object) -> float:
        self._client.get("/health")
        return self._client.seconds * 1e3

    def event_to_page(self, user_id: str, number: int) -> tuple[float, float, bool]:
        """Milliseconds of the event, of event and page together, and whether the page differs from the one before.

        The shopper puts a product of the page into the cart.
        """
        asked = {"scene": "home", "user_id": user_id, "session_id": f"latency-{number}", "k": K}
        before = self._client.post(f"{self._at}/recommend", asked)
        shown = before["items"] or self._client.post(f"{self._at}/recommend", {"scene": "trending", "k": K})["items"]
        product_id = shown[number % len(shown)]["product_id"]
        event = {"event_id": f"latency-{number}", "action": "add_to_cart", "product_id": product_id}
        event |= {key: str(asked[key]) for key in ("user_id", "session_id")}
        assert self._client.post(f"{self._at}/events", event)["accepted"] == 1
        event_ms = self._client.seconds * 1e3
        after = self._client.post(f"{self._at}/recommend", asked)
        changed = _shown(before) != _shown(after)
        return event_ms, event_ms + self._client.seconds * 1e3, changed

    def _noted(self, scene: str) -> float:
        for part in self._client.timing.split(", "):
            stage, _, span_ms = part.partition(";dur=")
            self.stages[f"{scene}.{stage}"].append(float(span_ms))
        return self._client.seconds * 1e3


def _shown(page: Mapping[str, Any]) -> list[tuple[str, float]]:
    return [(item["product_id"], item["score"]) for item in page["items"]]


def measure(shop: Path, drawn: Drawn, log: Path) -> dict[str, Any]:
    """The figures of the benchmark's last line."""
    gc.disable()  # the client's collector is not what is measured
    with ServerProcess([shop], log) as server, Client(server.port) as client:
        asker = Asker(client, drawn.shop)
        first = {
            "search": quantiles(_timed(asker.search, drawn.queries[-FIRST:])),
            "home": quantiles(_timed(asker.home, drawn.users[-FIRST:])),
        }
        _timed(asker.search, drawn.queries[-WARM_UP:])
        _timed(asker.home, drawn.users[-WARM_UP:])
        asker.stages.clear()
        queries, users = drawn.queries[:-WARM_UP], drawn.users[:-WARM_UP]
        figures: dict[str, Any] = {
            "search": quantiles(_timed(asker.search, queries)),
            "home": quantiles(_timed(asker.home, users)),
        }
        stages = {name: quantiles(spans) for name, spans in asker.stages.items()}
        again = {"search": quantiles(_timed(asker.search, queries)), "home": quantiles(_timed(asker.home, users))}
        figures["event"] = _events(asker, drawn)
        figures["floor"] = quantiles(_timed(asker.floor, range(500)))
        figures["rss_mb"] = round(psutil.Process(server.process.pid).memory_info().rss / 2**20)
        ready = round(server.ready_s, 2)
    for scene in ("search", "home"):
        figures[scene]["floors"] = round(figures[scene]["p50_ms"] / figures["floor"]["p50_ms"], 1)
    drawn_as = {
        "queries": len(queries),
        "different": len(set(queries)),
        "users": len(set(users)),
        "log": drawn.from_log,
    }
    return {**figures, "first": first, "again": again, "ready_s": ready, "drawn": drawn_as, "stages": stages}


def _timed(ask: Callable[[Any], float], what: Sequence[Any]) -> list[float]:
    return [ask(each) for each in what]


def _events(asker: Asker, drawn: Drawn) -> dict[str, Any]:
    found = [asker.event_to_page(user, number) for number, user in enumerate(drawn.users[:EVENTS])]
    durable, whole, changed = zip(*found, strict=True)
    return {
        **quantiles(whole),
        "durable_p50_ms": quantiles(durable)["p50_ms"],
        "durable_p99_ms": quantiles(durable)["p99_ms"],
        "changed": round(sum(changed) / len(changed), 4),
    }


def quantiles(spans_ms: Sequence[float]) -> dict[str, float]:
    p50, p99 = np.percentile(np.array(spans_ms), [50, 99])
    return {"p50_ms": round(float(p50), 2), "p99_ms": round(float(p99), 2), "max_ms": round(max(spans_ms), 2)}


if __name__ == "__main__":
    main()
