"""The lower layers stay as they are; what they do is the same for every shop."""

from typing import TYPE_CHECKING

from pydantic import Field

from shopkeeper.encode.within import Chosen
from shopkeeper.errors import TrainingError
from shopkeeper.settings import PluginSettings

if TYPE_CHECKING:
    from torch.nn import Parameter

    from shopkeeper.encode.model import TextModel


class Frozen(Chosen):
    """Only the upper layers learn. Gradients end where learning ends, which is what a step's time is made of."""

    class Settings(PluginSettings):
        learning_rate: float = Field(5e-5, gt=0, description="The highest learning rate.")
        layers: int = Field(3, ge=1, description="So many layers from the top learn.")

    def prepare(self, model: "TextModel") -> "list[Parameter]":
        layers = list(model.layers)
        if self.settings.layers > len(layers):
            raise TrainingError(
                f"encode.frozen.layers: {self.settings.layers} layers from the top, and {model.weights.model} has "
                f"{len(layers)}. Allowed: 1 to {len(layers)}"
            )
        learning = {id(each) for layer in layers[-self.settings.layers :] for each in layer.parameters()}
        names = {name for name, each in model.body.named_parameters() if id(each) in learning}
        return self.choose(model, names.__contains__)
