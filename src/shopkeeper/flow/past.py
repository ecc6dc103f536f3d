"""What shoppers searched for before, as completions: only what several of them asked, and often enough."""

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from shopkeeper.settings import Settings
from shopkeeper.text import normalise

if TYPE_CHECKING:
    import ibis

LONGEST = 100
"""Characters of a query that may be suggested: as many as a prefix may have."""
MOST = 5_000
"""The most asked queries that a version keeps."""


def past_queries(events: "ibis.Table", settings: Settings) -> Mapping[str, int]:
    """How often each query was asked, in normal form, the most asked first.

    A query is in it once `learn.suggest_after` searches by `learn.suggest_shoppers` different shoppers asked it: what
    one shopper alone types is nobody else's business. Searches that name no shopper count as searches, but as nobody's:
    each may be by a shopper who is counted already. Nothing in it says who asked.
    """
    asked = events.filter((events["action"] == "search") & (events["query"] != ""))
    lines = asked.group_by("query", "user_id").aggregate(n=asked.count()).to_pyarrow()
    times: dict[str, int] = defaultdict(int)
    shoppers: dict[str, set[str]] = defaultdict(set)
    for query, user_id, n in zip(*(lines.column(name).to_pylist() for name in ("query", "user_id", "n")), strict=True):
        key = normalise(query)
        if key and len(key) <= LONGEST:
            times[key] += n
            shoppers[key].update({user_id} - {None, ""})
    least, different = settings.learn.suggest_after, settings.learn.suggest_shoppers
    kept = [key for key in times if times[key] >= least and len(shoppers[key]) >= different]
    return {key: times[key] for key in sorted(kept, key=lambda key: (-times[key], key))[:MOST]}
