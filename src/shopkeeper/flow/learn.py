"""From the shop's files to a new version, promoted or refused."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from shopkeeper.encode.vectors import forget_vectors
from shopkeeper.expansions import Expansions
from shopkeeper.flow.adapt import adapted
from shopkeeper.flow.again import reading
from shopkeeper.flow.behaviour import Behaviour
from shopkeeper.flow.build import Stages, encoder_of, scorer_of, stages, unjudged
from shopkeeper.flow.check import Checked, check
from shopkeeper.flow.choices import Followed, followed, mined_from
from shopkeeper.flow.click_chances import taught_clicks
from shopkeeper.flow.expanding import expansions
from shopkeeper.flow.gains import Shelved
from shopkeeper.flow.heads import taught_heads
from shopkeeper.flow.judge import Learnt, judged
from shopkeeper.flow.past import past_queries
from shopkeeper.flow.search_order import Searching, SearchOrder, search_order
from shopkeeper.flow.shop import today
from shopkeeper.flow.standings import ratings_table
from shopkeeper.flow.state import encoder_said
from shopkeeper.flow.structured import structured_of
from shopkeeper.flow.teach import ranker_of, taught
from shopkeeper.flow.trial import tried
from shopkeeper.flow.vectors import Shelf, catalogue_vectors
from shopkeeper.flow.windows import up_to, window
from shopkeeper.flow.write import Learning, sealed
from shopkeeper.ports import Encoder
from shopkeeper.quality.inspect import require_learnable
from shopkeeper.rank.train import Trained, Window
from shopkeeper.recall.gather import Plan
from shopkeeper.settings import Settings
from shopkeeper.store.contexts import moments_of
from shopkeeper.store.folder import ShopFolder
from shopkeeper.store.snapshot import snapshot
from shopkeeper.types import Catalog, FloatArray, Scene, Snapshot
from shopkeeper.understand.lexicon import catalog_texts
from shopkeeper.understand.mining import CatalogWords
from shopkeeper.understand.understanding import Understanding

if TYPE_CHECKING:
    import ibis

Progress = Callable[[str, int, int], None]
"""Called with the step, how far it is and how far it goes; 0 where that is not known."""

OPENING_S = 3.0
"""An encoder that is exported already is open within this; what takes longer is the export."""


def learn(
    path: Path, tell: Progress = lambda step, done, total: None, encode: Mapping[str, object] | None = None
) -> Learnt:
    """A new version of the shop in this folder, and whether it now serves. Versions beyond `keep_versions` go.

    `encode` holds settings of the language model that count this time in place of the shop's own.
    Raises UnlearnableShop where the data cannot be learnt from, ShopLocked where another process is learning.
    """
    return reading(path, partial(_learn, tell=tell, encode=encode or {}), tell)


def _learn(folder: ShopFolder, tell: Progress, encode: Mapping[str, object]) -> Learnt:
    """As `learn`, from the folder as it is opened."""
    with folder.versions.drafting() as draft:
        folder.settings = folder.settings.with_table("encode", encode) if encode else folder.settings
        # first: what a server takes after this differs from it, and is shown to the version when it is loaded
        texts = folder.products.checksums()
        catalog, settings = folder.products.catalog(), folder.settings
        with ThreadPoolExecutor(1) as aside:  # the first export of an encoder takes a core for half a minute
            opening = aside.submit(encoder_of, folder, catalog) if len(catalog) >= settings.learn.min_products else None
            tell("checking the data", 0, 0)
            checked = check(folder)
            require_learnable(checked.report)
            if opening and wait([opening], OPENING_S).not_done:
                tell("preparing the language model (once)", 0, 0)
        encoder = opening.result() if opening else None
        goods, pieces = _shelved(folder, draft.path, checked, encoder, catalog, tell) if encoder else (None, None)
        encoder, vectors = (goods.encoder, goods.vectors) if goods else (None, None)
        last_seq = folder.events.last_seq() if checked.events is None else checked.last_seq  # later ones are replayed
        whole, past = known(folder, checked.events, catalog, vectors)
        whole, days = replace(whole, expansions=pieces), settings.learn.holdout_days
        held = window(whole, whole.day - days, days)
        parts, plan = stages(settings), Plan.of(settings)
        lessons = taught(parts, held.snapshot, settings, plan, tell)
        tell("measuring on held-out days", 0, 0)
        parts.fit(held.snapshot)
        understanding = Understanding(encoder, catalog_texts(catalog), settings.understand, folder.path)
        mine = partial(mined_from, settings.understand.synonyms.mined, CatalogWords(catalog), encoder)
        understanding.mean(mine(past.before(held.snapshot.day)))
        contests = tried(parts, _orders(settings, lessons, held), held, parts.known_to(understanding), plan)
        tell("learning everything", 0, 0)
        parts.fit_whole(whole)
        understanding.mean(synonyms := mine(past))
        _heads(settings, draft.path, goods, understanding)
        taught_clicks(folder, draft.path, catalog, settings.learn.seed)
        order = _search_order(folder, draft.path, parts, understanding, whole, plan)
        asked = past_queries(past.events, settings)
        learning = Learning(whole, checked.report.data_hash, last_seq, parts, encoder, lessons, contests, asked, texts)
        learning = replace(learning, order=order, mined=synonyms, ratings=ratings_table(past.events, catalog))
        version = sealed(folder, draft, learning)
        learnt = replace(judged(folder, version, contests), order=order)
        folder.versions.prune(settings.learn.keep_versions)
        forget_vectors(folder.path / "cache", set(map(encoder_said, folder.versions.list())))
        return learnt


def _orders(settings: Settings, lessons: dict[str, Trained], held: Window) -> Mapping[Scene, str]:
    """What orders home pages and searches before anybody judged a search."""
    known = held.snapshot
    search = unjudged(settings, len(known.catalog), by_meaning=known.vectors is not None)
    return {"home": ranker_of(settings, lessons), "search": search}


def known(
    folder: ShopFolder, repaired: "ibis.Table | None", catalog: Catalog, vectors: FloatArray | None
) -> tuple[Snapshot, Followed]:
    """What is known up to now, and what followed searches."""
    learning = folder.settings.learn
    whole = snapshot(folder, vectors=vectors, seed=learning.seed, events=repaired, catalog=catalog)
    events = folder.events.table() if repaired is None else repaired
    whole = up_to(replace(whole, moments=moments_of(events, catalog)), today())
    past = followed(folder, events, catalog, whole.day, whole.day - learning.holdout_days)
    return replace(whole, choices=past.choices), past


def _heads(settings: Settings, draft: Path, goods: Shelved | None, understanding: Understanding) -> None:
    """Writes to the draft what the vectors of searches tell beside themselves, where the settings ask for it."""
    structured = structured_of(settings.understand, goods.catalog, understanding, draft) if goods else None
    if goods is not None and structured is not None and settings.understand.category_prior:
        taught_heads(draft, goods, understanding, structured, settings.learn.seed)


def _search_order(
    folder: ShopFolder, draft: Path, parts: Stages, understanding: Understanding, whole: Snapshot, plan: Plan
) -> SearchOrder | None:
    """How searches are ordered, by the shop's judgments; None where it has none."""
    settings, catalog = folder.settings, whole.catalog
    judging = (folder.path / settings.learn.judgments).is_file()
    structured = structured_of(settings.understand, catalog, understanding, draft) if judging else None
    scorer = scorer_of(settings) if judging else None
    here = Searching(parts, understanding, structured, catalog, whole.day, settings, plan, scorer)
    return search_order(here, folder.path)


def _shelved(
    folder: ShopFolder, draft: Path, checked: Checked, encoder: Encoder, catalog: Catalog, tell: Progress
) -> tuple[Shelved, Expansions | None]:
    """The goods as the language model finds them after it learnt, and as pieces of words, as the settings ask for."""
    shelf, n = Shelf.of(folder, len(catalog)), len(catalog)
    vectors = catalogue_vectors(folder, encoder, shelf, n, partial(tell, "encoding products"))
    behaviour = Behaviour(folder, checked.events, catalog, shelf)
    goods = Shelved(catalog, shelf, encoder, vectors, today())
    return adapted(folder, draft, goods, behaviour, tell), expansions(folder, goods, tell)
