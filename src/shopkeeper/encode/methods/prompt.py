"""Words that nobody types, in front of every text: a few thousand numbers learn."""

from typing import TYPE_CHECKING

from pydantic import Field

from shopkeeper.encode.beside import Beside
from shopkeeper.settings import PluginSettings

if TYPE_CHECKING:
    from shopkeeper.encode.model import TextModel
    from shopkeeper.encode.parts import Part


class Prompt(Beside):
    """Soft words in front of the typed ones, which all layers may attend to; typed words keep their positions.

    Each has a learnt share of being heard that starts near nothing: what a pretrained model makes of random words would
    cost it more than a short training gives back. Answering costs as many tokens more.
    Source: Lester, Al-Rfou, Constant, EMNLP 2021; own, as PEFT's moves the typed words to other positions.
    """

    class Settings(PluginSettings):
        learning_rate: float = Field(0.3, gt=0, description="The highest learning rate.")
        tokens: int = Field(8, ge=1, description="So many words are put in front.")

    def part(self, model: "TextModel") -> "Part":
        from shopkeeper.encode.parts import Prompt

        return Prompt(model, self.settings.tokens)
