"""Scores become an order."""

import numpy as np

from shopkeeper.ports import Ranker
from shopkeeper.types import Candidates, FeatureTable, Ranked


def order(ranker: Ranker, name: str, candidates: Candidates, table: FeatureTable) -> Ranked:
    """The candidates of a batch of one, best first; equal scores keep the fused order, then the catalogue's."""
    scores = ranker.score(candidates, table)
    index = np.lexsort((candidates.rows, -candidates.fused, -scores))
    return Ranked(candidates.rows[index], scores[index], index, name)
