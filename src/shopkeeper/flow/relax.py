"""Where no product is all that was asked for: what gives way, and how the page says so."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from shopkeeper.ports import Source, Yields
from shopkeeper.recall.gather import CHOSEN, WORDS, Found, Plan, gather
from shopkeeper.recall.words import SMALL
from shopkeeper.text import has_han, other_numbers, spans, tokens
from shopkeeper.types import Batch, Catalog, Filters, Intent, Request
from shopkeeper.understand.english import everyday
from shopkeeper.understood import How, Relaxed

READ = 12
"""Of so many products, the first ones shown, is looked which words they have: to read a text takes its time."""


def lenient(sources: Mapping[str, Source], batch: Batch, plan: Plan, found: Found) -> Found:
    """What was found; where that is nothing, and the words are real ones, what is a little less near in meaning.

    Filters that the shopper chose are never the reason to look further away.
    """
    request, intent = batch.requests[0], batch.intents[0]
    if len(found.candidates.rows) or request.scene != "search" or not _chose_nothing(request) or not is_real(intent):
        return found
    yielding = {name: source.lenient() for name, source in sources.items() if isinstance(source, Yields)}
    nearest = gather(yielding, batch, plan) if yielding else found
    spans = {**found.spans_ms, "lenient": nearest.spans_ms["gather"]}
    return replace(nearest, totals=found.totals, facets=found.facets, late=(*found.late, *nearest.late), spans_ms=spans)


def is_real(intent: Intent) -> bool:
    """Whether some word is one of Chinese or of everyday English, not keys struck at random."""
    return not intent.is_code and any(has_han(word) or word in everyday() for word in intent.tokens)


def relaxed(request: Request, intent: Intent, found: Found, shown: Sequence[int], catalog: Catalog) -> Relaxed | None:
    """How the page of a search came about, by the rows it shows; None where they are what was asked for."""
    if request.scene != "search" or (not intent.tokens and not intent.stated):
        return None
    how: list[How] = ["filters"] if any(own.role in ("widened", "dropped") for own in intent.stated) else []
    if len(shown) and not _offered(WORDS, found):
        return Relaxed((*how, "chosen" if _offered(CHOSEN, found) else "meaning"))
    if not found.in_part[0]:
        return Relaxed(tuple(how)) if how else None
    words = list(_words(intent))
    texts = [set(_said(catalog, row)) for row in shown[:READ]]
    held = [tuple(word for word in words if _is_said(word, said)) for said in texts]
    # what one of them has, not what all have together: the most words, and of as many what most of them have
    kept = max(held, key=lambda own: (len(own), held.count(own)), default=())
    dropped = tuple(word for word in words if not any(word in own for own in held))
    return Relaxed((*how, "words"), " ".join(kept), dropped)


def _chose_nothing(request: Request) -> bool:
    return replace(request.filters, in_stock=True) == Filters()


def _offered(source: str, found: Found) -> bool:
    """Whether this source found any of the candidates."""
    candidates = found.candidates
    if source not in candidates.sources:
        return False
    return bool((candidates.ranks[:, candidates.sources.index(source)] > 0).any())


def _words(intent: Intent) -> Iterator[str]:
    """The words that were searched, as they stand in the query and none within another."""
    meant = intent.correction or intent.query
    searched = set(intent.tokens)
    for start, end in spans(meant):
        word = meant[start:end]
        if word not in SMALL and searched.intersection(tokens(word)):
            yield word


def _said(catalog: Catalog, row: int) -> Iterator[str]:
    yield from tokens(catalog.titles[row])
    yield from tokens(catalog.brands[row])
    for name in catalog.category_paths[catalog.categories[row]]:
        yield from tokens(name)
    if catalog.descriptions:
        yield from tokens(catalog.descriptions[row])


def _is_said(word: str, said: set[str]) -> bool:
    return any(form in said for token in tokens(word) for form in (token, *other_numbers(token)))
