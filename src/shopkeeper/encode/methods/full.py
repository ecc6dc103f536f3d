"""Every number learns, but for the embeddings where they are asked to stay."""

from typing import TYPE_CHECKING

from pydantic import Field

from shopkeeper.encode.within import Chosen
from shopkeeper.settings import PluginSettings

if TYPE_CHECKING:
    from torch.nn import Parameter

    from shopkeeper.encode.model import TextModel


class Full(Chosen):
    """All layers learn. The table of words stays by default: a shop's few words would pull it away from the others."""

    class Settings(PluginSettings):
        learning_rate: float = Field(5e-5, gt=0, description="The highest learning rate.")
        embeddings: bool = Field(False, description="Whether the table of words learns too.")

    def prepare(self, model: "TextModel") -> "list[Parameter]":
        staying = ("pooler.",) if self.settings.embeddings else ("pooler.", "embeddings.")  # no vector asks the pooler
        return self.choose(model, lambda name: not name.startswith(staying))
