"""Gradient-boosted trees that learn the order shoppers showed (LightGBM, lambdarank)."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from shopkeeper.rank.forest import MOST_LEAVES, Forest
from shopkeeper.settings import PluginSettings
from shopkeeper.types import Candidates, FeatureTable, FloatArray, IntArray

if TYPE_CHECKING:
    import lightgbm


class Lambdarank:
    """The mean score of `models` boosters; a part is what the splits on one feature file's columns add on the way down.

    Taught twice where some files earn next to nothing: the second time without them, so that no page computes them.
    Source: Burges, MSR-TR-2010-82; Ke et al., NeurIPS 2017.
    """

    class Settings(PluginSettings):
        trees: int = Field(60, ge=1, description="Trees of one booster.")
        leaves: int = Field(8, ge=2, le=MOST_LEAVES, description="Leaves of one tree.")
        learning_rate: float = Field(0.15, gt=0, le=1, description="How much of each tree is taken.")
        min_leaf: int = Field(100, ge=1, description="Fewest candidates in a leaf.")
        l2: float = Field(5.0, ge=0, description="Ridge on the leaves' values.")
        columns: float = Field(0.5, gt=0, le=1, description="Share of the columns a tree may look at.")
        depth_of_truth: int = Field(20, ge=1, description="Only pairs that touch the first so many places are learnt.")
        bins: int = Field(63, ge=2, description="Into so many steps a column is cut: fewer are faster.")
        least_gain: float = Field(
            0.01,
            ge=0,
            lt=1,
            description="A feature file that earns less than this share of the splits' gain is left out.",
        )
        models: int = Field(1, ge=1, description="Boosters with different seeds whose scores are averaged.")
        threads: int = Field(1, ge=1, description="Threads in training; serving uses one.")
        seed: int = Field(0, description="Seed of the sampling of columns.")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._forest: Forest | None = None

    @property
    def files(self) -> tuple[str, ...]:
        return self._forest.files if self._forest else ()

    def learn(self, table: FeatureTable, labels: FloatArray, offsets: IntArray) -> None:
        names, boosters = table.names, self._grown(table, labels, offsets)
        columns = self._worth_it(boosters, names)
        if len(columns) < len(names):
            names = tuple(names[column] for column in columns)
            boosters = self._grown(FeatureTable(names, table.values[:, columns]), labels, offsets)
        self._forest = Forest.of(names, [booster.dump_model() for booster in boosters])

    def score(self, candidates: Candidates, table: FeatureTable) -> FloatArray:
        if not len(candidates.rows):
            return np.empty(0, np.float32)
        return np.asarray(self._known.scores(self._aligned(table)), np.float32)

    def parts(self, candidates: Candidates, table: FeatureTable) -> tuple[tuple[str, ...], FloatArray]:
        return (*self._known.files, "everyone"), np.asarray(self._known.parts(self._aligned(table)), np.float32)

    def save(self, folder: Path) -> None:
        self._known.save(folder / "forest.npz")

    def load(self, folder: Path, catalog: object) -> None:
        self._forest = Forest.load(folder / "forest.npz")

    @property
    def _known(self) -> Forest:
        assert self._forest is not None, "asked before it was taught"
        return self._forest

    def _grown(self, table: FeatureTable, labels: FloatArray, offsets: IntArray) -> "list[lightgbm.Booster]":
        import lightgbm  # half a second that only learning needs

        # what nobody judged is taken for wrong; a label is the place of its grade, since LightGBM wants whole numbers
        grades, places = np.unique(np.nan_to_num(labels).astype(np.float64).round(2), return_inverse=True)
        gains = (np.exp2(grades) - 1.0).tolist()
        data = lightgbm.Dataset(
            table.values,
            label=places,
            group=np.diff(offsets),
            feature_name=[f"c{column}" for column in range(len(table.names))],  # not every name would be taken
            params={"verbosity": -1, "num_threads": self._settings.threads, "max_bin": self._settings.bins},
            free_raw_data=True,
        )
        return [
            lightgbm.train(self._parameters(seed) | {"label_gain": gains}, data, num_boost_round=self._settings.trees)
            for seed in range(self._settings.seed, self._settings.seed + self._settings.models)
        ]

    def _worth_it(self, boosters: "Sequence[lightgbm.Booster]", names: Sequence[str]) -> list[int]:
        """The columns of those files that earn their time; all, where no split earns anything."""
        gains = np.sum([booster.feature_importance("gain") for booster in boosters], axis=0)
        of_file: dict[str, float] = {}
        for name, gain in zip(names, gains.tolist(), strict=True):
            file = name.split(".")[0]
            of_file[file] = of_file.get(file, 0.0) + gain
        least = self._settings.least_gain * float(gains.sum())
        return [column for column, name in enumerate(names) if of_file[name.split(".")[0]] >= least]

    def _aligned(self, table: FeatureTable) -> FloatArray:
        """The table's columns in the model's order; a column that the table lacks is NaN."""
        names = self._known.columns
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
