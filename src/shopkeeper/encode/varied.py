"""The texts of a task, each read as it is or, where the settings ask for it, as somebody else would have written it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field, model_validator

from shopkeeper.encode.augment import Edits, Groups, synonyms, varied
from shopkeeper.settings import PluginSettings
from shopkeeper.types import IntArray

if TYPE_CHECKING:
    from shopkeeper.encode.model import TextModel

log = logging.getLogger(__name__)

WAYS = 1 << 30
"""A text is changed in one of so many ways."""

Share = Annotated[float, Field(ge=0, lt=1)]


class LearnsTexts(PluginSettings):
    """What the table of a task that learns from texts may say of how they vary; what is held out never does."""

    typing: Share = Field(
        0.0, description="The share of words that are mistyped: a neighbouring key, a character of the same sound."
    )
    deletion: Share = Field(0.0, description="The share of words that are left out.")
    swap: Share = Field(0.0, description="The share of words that change places with the next one.")
    synonym: Share = Field(0.0, description="The share of terms that are replaced by another of their group.")
    synonyms: Groups | str = Field(
        (), description="Groups of terms that mean the same; or a file with a group a line, commas between."
    )

    back_translation: tuple[str, str] | None = Field(
        None, description="Two translation models, there and back: paths, hub names, or 'URL MODEL LANGUAGE'."
    )
    translated: Share = Field(0.5, description="How often a text that was translated there and back is read so.")
    translations: int = Field(1000, ge=1, description="So many texts at most are translated, before learning.")

    @model_validator(mode="after")
    def _synonyms_are_there(self) -> "LearnsTexts":
        if self.synonym and not self.synonyms:
            raise ValueError("a share of synonyms needs synonyms: groups of terms, or a file of them")
        return self

    @property
    def edits(self) -> Edits:
        """What is done to a text. Raises TrainingError where the file of synonyms cannot be read."""
        groups = synonyms(Path(self.synonyms)) if isinstance(self.synonyms, str) else self.synonyms
        return Edits(self.typing, self.deletion, self.swap, self.synonym, groups)


@dataclass(frozen=True)
class Varied:
    """Texts that a model learns from. An example is a number: the place of its text, and above it how it varies.

    So a batch is the same in parts, in several processes, and where a killed training goes on.
    """

    texts: Sequence[str]
    ids: Sequence[Sequence[int]]
    edits: Edits
    others: Mapping[int, str]
    """What some texts became in other words, by their place."""
    translated: float

    @classmethod
    def of(cls, model: "TextModel", texts: Sequence[str], asked: LearnsTexts) -> "Varied":
        """Raises TrainingError and WeightsError where the settings name what cannot be read."""
        return cls(texts, model.ids(texts, "query"), asked.edits, _translated(texts, asked), asked.translated)

    def numbered(self, places: IntArray, draw: np.random.Generator) -> IntArray:
        """Examples, int64 (n,), of the texts at these places."""
        if not (self.edits or self.others):
            return places
        return places + len(self.texts) * draw.integers(1, WAYS, len(places))

    def places(self, examples: IntArray) -> IntArray:
        """The places of the examples' texts."""
        return examples % len(self.texts)

    def text(self, example: int) -> str:
        """What is read of an example."""
        way, place = divmod(example, len(self.texts))
        if not (way and (self.edits or self.others)):
            return self.texts[place]
        draw = np.random.default_rng(way)
        other = place in self.others and draw.random() < self.translated
        return varied(self.others[place] if other else self.texts[place], self.edits, draw)

    def read(self, model: "TextModel", examples: IntArray) -> Sequence[Sequence[int]]:
        """The token ids of the examples."""
        if not (self.edits or self.others):
            return [self.ids[example] for example in examples]
        return model.ids([self.text(example) for example in examples.tolist()], "query")


def _translated(texts: Sequence[str], asked: LearnsTexts) -> dict[int, str]:
    if asked.back_translation is None or not asked.translated:
        return {}
    from shopkeeper.encode.translation import back_translated, translator

    there, back = map(translator, asked.back_translation)
    chosen = np.random.default_rng(len(texts)).permutation(len(texts))[: asked.translations].tolist()
    others = back_translated([texts[place] for place in chosen], there, back)
    log.info("translated there_and_back=%d of=%d", len(chosen), len(texts))
    return dict(zip(chosen, others, strict=True))
