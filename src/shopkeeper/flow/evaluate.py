"""The shop's own search against what people said it should find, under one or two settings."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from shopkeeper.errors import RequestError
from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.overlay import Tables, overlay
from shopkeeper.flow.sample import alike, sampled
from shopkeeper.flow.search_order import judged_by
from shopkeeper.intake.judgments import judgments
from shopkeeper.measure import evaluation as measure
from shopkeeper.measure.evaluation import Answers, Evaluation, Looked, Shown, Side, Task
from shopkeeper.measure.evaluation_page import write
from shopkeeper.measure.ranking import Scores
from shopkeeper.settings import Settings
from shopkeeper.store.folder import open_folder
from shopkeeper.text import language_of
from shopkeeper.types import Catalog, IntArray, Item, Page

Progress = Callable[[str, int, int], None]
DEPTH = 1000
"""So many products of each query are looked at, as trec_eval does; `recall.keep` may leave fewer."""
LOOKED = 10
"""So many queries are shown with their pages, and so many products of each page."""
OWN = ""
"""The name of the side that has the shop's own settings."""


@dataclass(frozen=True)
class Run:
    """One side's answers, as rows that stand for their variants, and the first products of each page."""

    side: Side
    answers: Answers
    shown: list[tuple[Shown, ...]]


def evaluate(
    path: Path,
    file: Path,
    configs: Sequence[Path] = (),
    k: int = 10,
    tell: Progress = lambda step, done, total: None,
) -> Evaluation:
    """How well the shop's search finds what the judgments in `file` ask for; also written to the shop's `reports/`.

    Without a config its own settings are measured, one config is compared with them, of two the second with the first.
    Nothing is logged. Raises IntakeError where the judgments, SettingError where a config cannot be used.
    """
    with open_folder(path, writable=False) as folder:
        own = folder.settings
        sides = _sides(path, own, configs)
        task, source = sampled(judgments(file), folder.products.catalog())
        current = folder.versions.current()
        source = replace(source, taught=current is not None and judged_by(current) == source.sha256)
    runs = [_run(path, task, side, tell) for side in sides]
    tell("comparing", 0, 0)
    figures = [measure.figures(run.answers, task, k) for run in runs]
    ups, downs = measure.gained(figures, LOOKED) if len(runs) > 1 else ([], [])
    found = Evaluation(
        shop=own.shop.title or own.shop.name,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        k=k,
        source=source,
        sides=tuple(run.side for run in runs),
        metrics=measure.compared(figures, k),
        queries=measure.by_query(task, figures, k),
        changed=measure.changed([run.answers for run in runs], k),
        winners=_looked(ups, task, runs, figures),
        losers=_looked(downs, task, runs, figures),
        hardest=_looked([] if len(runs) > 1 else measure.worst(figures[0], LOOKED), task, runs, figures),
    )
    write(found, path / "reports")
    return found


@dataclass(frozen=True)
class _Asked:
    """A side before it is asked: its name, what differs from the shop's settings, and the settings."""

    name: str
    tables: Tables
    settings: Settings


def _sides(path: Path, own: Settings, configs: Sequence[Path]) -> list[_Asked]:
    """What is compared, in this order."""
    if len(configs) > 2:
        given = ", ".join(map(str, configs))
        raise RequestError(f"--config: at most two, got {len(configs)}: {given}. Compare two at a time.")
    own.check()
    names = [config.name for config in configs]
    named = names if len(set(names)) == len(names) else list(map(str, configs))
    given_ones = [_Asked(name, *overlay(config, path, own)) for name, config in zip(named, configs, strict=True)]
    return given_ones if len(given_ones) == 2 else [_Asked(OWN, {}, own), *given_ones]


def _run(path: Path, task: Task, side: _Asked, tell: Progress) -> Run:
    """Asks every query of the task, as somebody of whom nothing is known. Nothing of it is logged."""
    failed: Counter[str] = Counter()
    found: list[tuple[IntArray, Scores]] = []
    shown = []
    with open_shop(path, writable=False, patient=True, settings=side.settings) as shop:
        language, stands = language_of(" ".join(shop.catalog.titles[:100])), alike(shop.catalog)
        for at, query in enumerate(task.queries):
            tell(f"asking with {side.name or 'own settings'}", at, len(task.queries))
            page = answer(ask(shop, scene="search", query=query, language=language, k=DEPTH), shop)
            failed.update(late.partition(":")[0] for late in page.late)
            items = _once(page, stands)  # and the page goes: a thousand products with their reasons are large
            found.append((np.array(list(items), np.int64), np.array([item.score for item in items.values()])))
            shown.append(_shown(items, shop.catalog, task, at))
        return Run(Side(side.name, side.tables, shop.trained.version.name, dict(failed)), _answers(found), shown)


def _once(page: Page, stands: IntArray) -> dict[int, Item]:
    """The page's products by the row that stands for their variants, each with its best place, in their order."""
    items: dict[int, Item] = {}
    for item in page.items:
        items.setdefault(int(stands[item.row]), item)
    return items


def _shown(items: Mapping[int, Item], shelf: Catalog, task: Task, at: int) -> tuple[Shown, ...]:
    """The first products of a page, with their ratings."""
    ratings = dict(zip(task.judged[at].tolist(), task.grades[at].tolist(), strict=True))
    first = list(items.items())[:LOOKED]
    return tuple(Shown(shelf.product_ids[one.row], shelf.titles[one.row], ratings.get(row)) for row, one in first)


def _answers(found: Sequence[tuple[IntArray, Scores]]) -> Answers:
    """All lists as wide as the longest."""
    rows = np.full((len(found), max(len(own) for own, _ in found)), -1, np.int64)
    scores: Scores = np.zeros(rows.shape)
    for at, (own, worth) in enumerate(found):
        rows[at, : len(own)], scores[at, : len(own)] = own, worth
    return Answers(rows, scores)


def _looked(
    places: Sequence[int], task: Task, runs: Sequence[Run], figures: Sequence[Mapping[str, Scores]]
) -> tuple[Looked, ...]:
    """The queries at these places with each side's page."""
    relevant = task.relevant()
    return tuple(
        Looked(
            query=task.queries[at],
            n_relevant=len(relevant[at]),
            ndcg=tuple(round(float(own[measure.MAIN][at]), 6) for own in figures),
            pages=tuple(run.shown[at] for run in runs),
        )
        for at in places
    )
