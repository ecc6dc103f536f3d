"""Gradient-boosted trees that learn the order shoppers showed (LightGBM, lambdarank)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.rank.paths import TreePaths
from shopkeeper.settings import PluginSettings
from shopkeeper.types import Candidates, FeatureTable, FloatArray, IntArray

if TYPE_CHECKING:
    import lightgbm


class Lambdarank:
    """The mean score of `models` boosters; a part is what the splits on one feature file's columns add on the way down.

    Source: Burges, MSR-TR-2010-82; Ke et al., NeurIPS 2017.
    """

    reads_features: ClassVar[bool] = True

    class Settings(PluginSettings):
        trees: int = Field(100, ge=1, description="Trees of one booster.")
        leaves: int = Field(8, ge=2, description="Leaves of one tree.")
        learning_rate: float = Field(0.1, gt=0, le=1, description="How much of each tree is taken.")
        min_leaf: int = Field(100, ge=1, description="Fewest candidates in a leaf.")
        l2: float = Field(5.0, ge=0, description="Ridge on the leaves' values.")
        columns: float = Field(0.5, gt=0, le=1, description="Share of the columns a tree may look at.")
        depth_of_truth: int = Field(20, ge=1, description="Only pairs that touch the first so many places are learnt.")
        bins: int = Field(63, ge=2, description="Into so many steps a column is cut: fewer are faster.")
        models: int = Field(1, ge=1, description="Boosters with different seeds whose scores are averaged.")
        threads: int = Field(1, ge=1, description="Threads in training; serving uses one.")
        seed: int = Field(0, description="Seed of the sampling of columns.")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._boosters: list[lightgbm.Booster] = []
        self._paths: list[TreePaths] = []

    def learn(self, table: FeatureTable, labels: FloatArray, offsets: IntArray) -> None:
        import lightgbm

        data = lightgbm.Dataset(
            table.values,
            label=labels,
            group=np.diff(offsets),
            feature_name=list(table.names),
            params={"verbosity": -1, "num_threads": self._settings.threads, "max_bin": self._settings.bins},
            free_raw_data=True,
        )
        self._boosters = [
            lightgbm.train(self._parameters(seed), data, num_boost_round=self._settings.trees)
            for seed in range(self._settings.seed, self._settings.seed + self._settings.models)
        ]
        self._paths = [TreePaths(booster.dump_model()) for booster in self._boosters]

    def score(self, candidates: Candidates, table: FeatureTable) -> FloatArray:
        if not len(candidates.rows):
            return np.empty(0, np.float32)
        values = self._aligned(table)
        scores = [booster.predict(values, num_threads=1) for booster in self._boosters]
        return np.asarray(np.mean(scores, axis=0), np.float32)

    def parts(self, candidates: Candidates, table: FeatureTable) -> tuple[tuple[str, ...], FloatArray]:
        values = self._aligned(table)
        parts = np.zeros((len(values), len(self._paths[0].files) + 1))
        for booster, paths in zip(self._boosters, self._paths, strict=True):
            if len(values):
                parts += paths.parts(np.asarray(booster.predict(values, pred_leaf=True, num_threads=1)))
        return (*self._paths[0].files, "everyone"), (parts / len(self._boosters)).astype(np.float32)

    def save(self, folder: Path) -> None:
        for place, booster in enumerate(self._boosters):
            # LightGBM's own writer does not notice every write that fails
            (folder / f"model_{place}.txt").write_text(booster.model_to_string(), encoding="utf-8")

    def load(self, folder: Path, catalog: object) -> None:
        import lightgbm

        self._boosters = [lightgbm.Booster(model_file=str(path)) for path in sorted(folder.glob("model_*.txt"))]
        self._paths = [TreePaths(booster.dump_model()) for booster in self._boosters]

    def _aligned(self, table: FeatureTable) -> FloatArray:
        """The table's columns in the model's order; a column that the table lacks is NaN."""
        names = self._paths[0].columns
        if names == table.names:
            return table.values
        place = {name: column for column, name in enumerate(table.names)}
        aligned = np.full((len(table.values), len(names)), np.nan, np.float32)
        for column, name in enumerate(names):
            if name in place:
                aligned[:, column] = table.values[:, place[name]]
        return aligned

    def _parameters(self, seed: int) -> dict[str, Any]:
        chosen = self._settings
        return {
            "objective": "lambdarank",
            "max_bin": chosen.bins,
            "learning_rate": chosen.learning_rate,
            "num_leaves": chosen.leaves,
            "min_data_in_leaf": chosen.min_leaf,
            "lambda_l2": chosen.l2,
            "feature_fraction": chosen.columns,
            "lambdarank_truncation_level": chosen.depth_of_truth,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": chosen.threads,
            "seed": seed,
            "verbosity": -1,
        }
