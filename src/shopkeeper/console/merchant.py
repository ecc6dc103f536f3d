"""Behind the counter: versions and their scores, what is switched on, where the quality report is."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shopkeeper import plugins
from shopkeeper.console.guest import Guest
from shopkeeper.console.language import Words
from shopkeeper.flow.state import mined_of
from shopkeeper.understand.synonyms import in_use
from shopkeeper.understood import Mined

KINDS = ("source", "feature", "rule")


@dataclass(frozen=True, slots=True)
class Contest:
    """One measure of a version: what it reached, and what simple baselines reach, each with its interval."""

    measure: str
    ours: str
    between: str
    baselines: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Learnt:
    """One version as the merchant reads it."""

    name: str
    current: bool
    contests: tuple[Contest, ...]


@dataclass(frozen=True, slots=True)
class Counter:
    """What the merchant's page shows; `plugins` holds (name, on, what it does) by kind, `synonyms` what was
    mined and whether it is used."""

    versions: tuple[Learnt, ...]
    plugins: Mapping[str, tuple[tuple[str, bool, str], ...]]
    synonyms: tuple[tuple[Mined, bool], ...]
    n_products: int
    n_shoppers: int
    report: bool


def counter(guest: Guest) -> Counter:
    """What is learnt and what is on in this shop."""
    shop = guest.shop
    current = shop.version.number if shop.version else None
    versions = tuple(
        Learnt(info.name, info.number == current, _contests(info.manifest.get("scores", {}), guest.words))
        for info in sorted(shop.folder.versions.list(), key=lambda info: -info.number)
    )
    catalog = shop.catalog
    return Counter(
        versions=versions,
        plugins={kind: tuple(_plugins(guest, kind)) for kind in KINDS},
        synonyms=_synonyms(guest),
        n_products=int((~catalog.deleted).sum()),
        n_shoppers=sum(map(bool, shop.folder.users.ids().to_pylist())),  # the row of an erased shopper stays
        report=report(guest) is not None,
    )


def report(guest: Guest) -> Path | None:
    """The quality report's page in the reader's language, None before the first check."""
    folder = guest.shop.folder.path / "reports"
    names = [f"quality.{guest.words.language}.html", "quality.html"]
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _synonyms(guest: Guest) -> tuple[tuple[Mined, bool], ...]:
    """What the serving version mined, and whether the settings allow it."""
    shop = guest.shop
    said = shop.settings.understand.synonyms
    return tuple((own, in_use(own, said)) for own in mined_of(shop.version)) if shop.version else ()


def _plugins(guest: Guest, kind: str) -> list[tuple[str, bool, str]]:
    on = set(guest.shop.settings.enabled(kind))
    found = []
    for name in plugins.names(kind):
        own = (plugins.load(kind, name).__doc__ or "").strip().split("\n")[0]  # of a plug-in that came from elsewhere
        found.append((name, name in on, guest.words.get(f"{kind}.{name}", own)))
    return found


def _contests(scores: Any, words: Words) -> tuple[Contest, ...]:
    """The scores of a manifest that are written as measures with baselines; others are passed over."""

    def named(name: str) -> str:
        return words.get(f"contest.{name.replace(' ', '_')}", name.replace("_", " "))

    found = []
    for measure, score in scores.items() if isinstance(scores, Mapping) else ():
        if isinstance(score, Mapping) and isinstance(score.get("ours"), Mapping):
            beside = score.get("baselines", {})
            rows = tuple((named(name), *_interval(each)) for name, each in beside.items())
            title, _, metric = measure.partition(".")
            found.append(Contest(f"{named(title)} {metric}".strip(), *_interval(score["ours"]), rows))
    return tuple(found)


def _interval(score: Mapping[str, Any]) -> tuple[str, str]:
    return f"{score['mean']:.3f}", f"{score['low']:.3f} – {score['high']:.3f}"
