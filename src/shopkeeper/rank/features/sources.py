"""What the recall sources said of the product."""

import numpy as np

from shopkeeper import plugins
from shopkeeper.settings import PluginSettings
from shopkeeper.types import Batch, Candidates, FloatArray, Snapshot


class Sources:
    """Each source's score and one over its rank, and the fused score; NaN and 0 where it did not offer the product."""

    class Settings(PluginSettings): ...

    names: tuple[str, ...]

    def __init__(self, settings: Settings) -> None:
        self._sources = plugins.names("source")
        self.names = ("fused", *(f"{kind}_{source}" for source in self._sources for kind in ("score", "one_over_rank")))

    def fit(self, snapshot: Snapshot) -> None:
        """Nothing to learn: all is in the candidates."""

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        table = np.full((len(candidates.rows), len(self.names)), np.nan, np.float32)
        table[:, 0] = candidates.fused
        for place, source in enumerate(self._sources):
            scores, inverse = table[:, 1 + 2 * place], table[:, 2 + 2 * place]
            inverse[:] = 0.0
            if source not in candidates.sources:
                continue
            column = candidates.sources.index(source)
            scores[:] = candidates.scores[:, column]
            ranks = candidates.ranks[:, column]
            np.divide(1.0, ranks, out=inverse, where=ranks > 0)
        return table
