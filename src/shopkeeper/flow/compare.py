"""Versions and baselines side by side, as their trials measured them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shopkeeper.store.folder import ShopFolder


@dataclass(frozen=True)
class Comparison:
    """`scores`: by contest, then by version name. Versions with one `data_hash` were tried on the same days."""

    current: str
    data_hashes: Mapping[str, str]
    scores: Mapping[str, Mapping[str, Any]]


def compare(folder: ShopFolder) -> Comparison:
    """Every version's scores with intervals, by contest, and which version serves."""
    versions, current = folder.versions.list(), folder.versions.current()
    keys = dict.fromkeys(key for version in versions for key in version.manifest["scores"])
    return Comparison(
        current=current.name if current else "",
        data_hashes={version.name: version.manifest["data_hash"] for version in versions},
        scores={
            key: {v.name: v.manifest["scores"][key] for v in versions if key in v.manifest["scores"]} for key in keys
        },
    )
