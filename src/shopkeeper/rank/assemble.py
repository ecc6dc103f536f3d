"""One table for the ranker: every feature's columns side by side."""

from collections.abc import Mapping

import numpy as np

from shopkeeper.ports import Feature
from shopkeeper.types import Batch, Candidates, FeatureTable


def assemble(features: Mapping[str, Feature], batch: Batch, candidates: Candidates) -> FeatureTable:
    """The table of all features for all candidates; a column is named `feature.column`.

    Columns come in the mapping's order. Infinite values become NaN: a ranker splits on them otherwise.
    """
    names: list[str] = []
    table = np.empty((len(candidates.rows), sum(len(feature.names) for feature in features.values())), np.float32)
    for file, feature in features.items():
        start = len(names)
        names.extend(f"{file}.{name}" for name in feature.names)
        if len(candidates.rows):
            table[:, start : len(names)] = feature.values(batch, candidates)
    table[np.isinf(table)] = np.nan
    return FeatureTable(tuple(names), table)
