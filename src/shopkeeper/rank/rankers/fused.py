"""The fused score of the recall sources: the order where nobody has shown what is right."""

from typing import ClassVar

import numpy as np

from shopkeeper.settings import PluginSettings
from shopkeeper.types import Candidates, FeatureTable, FloatArray, IntArray


class Fused:
    """Scores with the sum of the sources' shares; a part is a source's share."""

    files: ClassVar[tuple[str, ...]] = ()

    class Settings(PluginSettings): ...

    def __init__(self, settings: Settings) -> None:
        pass

    def learn(self, table: FeatureTable, labels: FloatArray, offsets: IntArray) -> None:
        """Nothing to learn: the weights of the sources are settings."""

    def score(self, candidates: Candidates, table: FeatureTable) -> FloatArray:
        return np.asarray(candidates.shares.sum(axis=1), np.float32)

    def parts(self, candidates: Candidates, table: FeatureTable) -> tuple[tuple[str, ...], FloatArray]:
        return candidates.sources, candidates.shares
