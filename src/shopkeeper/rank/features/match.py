"""How well the product matches the words beside the best match on the page."""

import numpy as np

from shopkeeper import plugins
from shopkeeper.settings import PluginSettings
from shopkeeper.types import Batch, Candidates, FloatArray, Snapshot


class Match:
    """Each source's score over the best that it gives for the request, from 0 to 1, in a search alone.

    0 is the least that a score can mean, of words as of cosines, and so is a score that the source does not know; NaN
    where the source was not asked or found nothing at all.
    Source: Bruch, Gai, Ingber, "An analysis of fusion functions for hybrid retrieval", TOIS 2023, section 4.1.
    """

    class Settings(PluginSettings): ...

    names: tuple[str, ...]

    def __init__(self, settings: Settings) -> None:
        self.names = tuple(plugins.names("source"))

    def fit(self, snapshot: Snapshot) -> None:
        """Nothing to learn: all is in the candidates."""

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        table = np.full((len(candidates.rows), len(self.names)), np.nan, np.float32)
        searches = np.array([request.scene == "search" and bool(request.query) for request in batch.requests], bool)
        own = searches[candidates.request_of()]
        if not own.any():
            return table
        place = candidates.request_of()[own]
        for name, scores in zip(candidates.sources, candidates.scores[own].T, strict=True):
            known = np.nan_to_num(scores, nan=0.0).clip(min=0.0)
            best = np.zeros(len(batch), np.float32)
            np.maximum.at(best, place, known)
            table[own, self.names.index(name)] = _shares(known, best[place])
        return table


def _shares(known: FloatArray, best: FloatArray) -> FloatArray:
    return np.divide(known, best, out=np.full(len(known), np.nan, np.float32), where=best > 0)
