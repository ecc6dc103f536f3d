"""Every number learns, but for the embeddings where they are asked to stay."""

from typing import TYPE_CHECKING

from pydantic import Field

from shopkeeper.settings import PluginSettings

if TYPE_CHECKING:
    from torch.nn import Parameter

    from shopkeeper.encode.model import TextModel


class Full:
    """All layers learn. The table of words stays by default: a shop's few words would pull it away from the others."""

    class Settings(PluginSettings):
        learning_rate: float = Field(5e-5, gt=0, description="The highest learning rate.")
        embeddings: bool = Field(False, description="Whether the table of words learns too.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.learning_rate = settings.learning_rate

    def prepare(self, model: "TextModel") -> "list[Parameter]":
        for name, parameter in model.body.named_parameters():
            parameter.requires_grad_(self.settings.embeddings or not name.startswith("embeddings."))
        return [parameter for parameter in model.body.parameters() if parameter.requires_grad]

    def finish(self, model: "TextModel") -> None:
        """Nothing was put in."""
