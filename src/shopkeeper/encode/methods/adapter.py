"""Small layers between the large ones, which stay as they are."""

from typing import TYPE_CHECKING

from pydantic import Field

from shopkeeper.encode.beside import Beside
from shopkeeper.settings import PluginSettings

if TYPE_CHECKING:
    from shopkeeper.encode.model import TextModel
    from shopkeeper.encode.parts import Part


class Adapter(Beside):
    """A bottleneck with a residual behind each attention and each feed-forward block; it starts as nothing.

    Source: Houlsby et al., ICML 2019; behind the feed-forward block alone: Pfeiffer et al., EACL 2021.
    """

    class Settings(PluginSettings):
        learning_rate: float = Field(1e-3, gt=0, description="The highest learning rate.")
        width: int = Field(48, ge=1, description="Numbers in the bottleneck.")
        attention: bool = Field(True, description="Whether there is one behind attention too.")

    def part(self, model: "TextModel") -> "Part":
        from shopkeeper.encode.parts import Bottlenecks

        return Bottlenecks(model, self.settings.width, self.settings.attention)
