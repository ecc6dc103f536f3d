"""The lower layers stay as they are; what they do is the same for every shop."""

from typing import TYPE_CHECKING

from pydantic import Field

from shopkeeper.errors import TrainingError
from shopkeeper.settings import PluginSettings

if TYPE_CHECKING:
    from torch.nn import Parameter

    from shopkeeper.encode.model import TextModel


class Frozen:
    """Only the upper layers learn. Gradients end where learning ends, which is what a step's time is made of."""

    class Settings(PluginSettings):
        learning_rate: float = Field(5e-5, gt=0, description="The highest learning rate.")
        layers: int = Field(3, ge=1, description="So many layers from the top learn.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.learning_rate = settings.learning_rate

    def prepare(self, model: "TextModel") -> "list[Parameter]":
        layers = list(model.layers)
        if self.settings.layers > len(layers):
            raise TrainingError(
                f"encode.frozen.layers: {self.settings.layers} layers from the top, and {model.weights.model} has "
                f"{len(layers)}. Allowed: 1 to {len(layers)}"
            )
        model.body.requires_grad_(False)
        for layer in layers[-self.settings.layers :]:
            layer.requires_grad_(True)
        return [parameter for parameter in model.body.parameters() if parameter.requires_grad]

    def finish(self, model: "TextModel") -> None:
        """Nothing was put in."""
