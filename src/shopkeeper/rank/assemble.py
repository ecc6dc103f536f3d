"""One table for the ranker: every feature's columns side by side."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from shopkeeper.ports import Feature, Ranker
from shopkeeper.types import Batch, Candidates, FeatureTable


def assemble(features: Mapping[str, Feature], batch: Batch, candidates: Candidates) -> FeatureTable:
    """The table of all features for all candidates; a column is named `feature.column`.

    Columns come in the mapping's order. Infinite values become NaN: a ranker splits on them otherwise.
    """
    names = columns_of(features)
    table = np.empty((len(candidates.rows), len(names)), np.float32)
    start = 0
    for feature in features.values() if len(candidates.rows) else ():
        end = start + len(feature.names)
        table[:, start:end] = feature.values(batch, candidates)
        start = end
    infinite = np.isinf(table)
    if infinite.any():
        table[infinite] = np.nan
    return FeatureTable(names, table)


def read_by(ranker: Ranker, features: Mapping[str, Feature]) -> dict[str, Feature]:
    """Those of the features that the ranker reads, as it met them when it was taught."""
    return {file: features[file] for file in ranker.files if file in features}


def teachable(features: Mapping[str, Feature]) -> dict[str, Feature]:
    """Those of the features that rankers may learn by: one may say `taught = False` of itself."""
    return {file: own for file, own in features.items() if getattr(own, "taught", True)}


def columns_of(features: Mapping[str, Feature]) -> tuple[str, ...]:
    """The full names of all columns of the features."""
    return _names(tuple((file, tuple(feature.names)) for file, feature in features.items()))


@lru_cache(maxsize=16)
def _names(files: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[str, ...]:
    """The columns' full names, made once for the features of a shop."""
    return tuple(f"{file}.{name}" for file, names in files for name in names)
