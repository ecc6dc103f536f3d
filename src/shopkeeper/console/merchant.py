"""Behind the counter: versions and their scores, what is switched on, where the quality report is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shopkeeper import plugins
from shopkeeper.console.guest import Guest

KINDS = ("source", "feature", "rule")


@dataclass(frozen=True, slots=True)
class Learnt:
    """One version as the merchant reads it."""

    name: str
    current: bool
    scores: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Counter:
    """What the merchant's page shows; `plugins` holds (name, on, what it does) by kind."""

    versions: tuple[Learnt, ...]
    plugins: Mapping[str, tuple[tuple[str, bool, str], ...]]
    n_products: int
    n_shoppers: int


def counter(guest: Guest) -> Counter:
    """What is learnt and what is on in this shop."""
    shop = guest.shop
    current = shop.version.number if shop.version else None
    versions = tuple(
        Learnt(info.name, info.number == current, tuple(_flat(info.manifest.get("scores", {}))))
        for info in sorted(shop.folder.versions.list(), key=lambda info: -info.number)
    )
    catalog = shop.catalog
    return Counter(
        versions=versions,
        plugins={kind: tuple(_plugins(guest, kind)) for kind in KINDS},
        n_products=int((~catalog.deleted).sum()),
        n_shoppers=len(shop.folder.users),
    )


def _plugins(guest: Guest, kind: str) -> list[tuple[str, bool, str]]:
    on = set(guest.shop.settings.enabled(kind))
    found = []
    for name in plugins.names(kind):
        said = (plugins.load(kind, name).__doc__ or "").strip().split("\n")[0]
        found.append((name, name in on, said))
    return found


def _flat(scores: Any, prefix: str = "") -> list[tuple[str, str]]:
    if isinstance(scores, Mapping):
        return [pair for key, value in scores.items() for pair in _flat(value, f"{prefix} {key}".strip())]
    if isinstance(scores, float):
        return [(prefix, f"{scores:.4f}")]
    return [(prefix, str(scores))] if isinstance(scores, int | str) else []
