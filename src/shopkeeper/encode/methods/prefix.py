"""Keys and values of their own in every layer, which all words may attend to."""

from typing import TYPE_CHECKING

from pydantic import Field

from shopkeeper.encode.beside import Beside
from shopkeeper.settings import PluginSettings

if TYPE_CHECKING:
    from shopkeeper.encode.model import TextModel
    from shopkeeper.encode.parts import Part


class Prefix(Beside):
    """Each head attends to `tokens` learnt keys too, and adds what it reads there through a gate that starts shut.

    Source: Li, Liang, ACL 2021 (prefixes); Zhang et al., "LLaMA-Adapter", ICLR 2024 (a softmax of its own and the gate,
    so that the model starts as it came). Own, as PEFT's random prefixes start as another model and know no DistilBERT.
    """

    class Settings(PluginSettings):
        learning_rate: float = Field(5e-2, gt=0, description="The highest learning rate.")
        tokens: int = Field(16, ge=1, description="Keys and values of each head.")

    def part(self, model: "TextModel") -> "Part":
        from shopkeeper.encode.parts import Prefix

        return Prefix(model, self.settings.tokens)
