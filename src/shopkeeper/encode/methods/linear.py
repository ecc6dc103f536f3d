"""A matrix on top: the cheap one, no gradient goes through the transformer."""

from typing import TYPE_CHECKING

from pydantic import Field

from shopkeeper.encode.beside import Beside
from shopkeeper.settings import PluginSettings

if TYPE_CHECKING:
    from shopkeeper.encode.model import TextModel
    from shopkeeper.encode.parts import Part


class Linear(Beside):
    """Every vector of the frozen model is multiplied with a matrix that starts as 1 on its diagonal.

    A map of queries where the task keeps the products' vectors, as `matching` does. Weight decay pulls towards no map.
    Source: Rocchio, 1971 (moving queries, not documents); Mikolov, Le, Sutskever, arXiv 1309.4168 (a linear map between
    two spaces of vectors).
    """

    class Settings(PluginSettings):
        learning_rate: float = Field(1e-4, gt=0, description="The highest learning rate.")

    def part(self, model: "TextModel") -> "Part":
        from shopkeeper.encode.parts import Turn

        return Turn(model)
