"""What the methods that put a part beside an unchanged body have in common."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shopkeeper.errors import TrainingError

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter

    from shopkeeper.encode.model import TextModel
    from shopkeeper.encode.parts import Part


class Beside(ABC):
    """Only a part learns. It stays in the model, is saved beside its weights and is exported with them."""

    def __init__(self, settings: Any) -> None:
        self.settings = settings
        self.learning_rate: float = settings.learning_rate

    @abstractmethod
    def part(self, model: "TextModel") -> "Part":
        """A new part for this model, which answers with it as it did without it, or very nearly."""

    def prepare(self, model: "TextModel") -> "list[Parameter]":
        require_no_part(model, type(self).__name__.lower())
        model.requires_grad_(False)
        part = self.part(model)
        self._before = {key: value.clone() for key, value in part.state_dict().items()}
        self._put(part, model)
        return list(part.parameters())

    def finish(self, model: "TextModel") -> None:
        """A part that learnt nothing goes again, so that the model is as it came."""
        assert model.part is not None
        now = model.part.state_dict()
        if all(value.equal(now[key]) for key, value in self._before.items()):
            model.part.take_out(model)
        else:
            model.adapted = (*model.adapted, type(self).__name__.lower())

    def taught(self, model: "TextModel") -> "dict[str, Tensor]":
        assert model.part is not None
        return dict(model.part.state_dict())

    def give(self, model: "TextModel", tensors: "Mapping[str, Tensor]") -> None:
        part = self.part(model)
        part.load_state_dict(dict(tensors))
        self._put(part, model)

    def _put(self, part: "Part", model: "TextModel") -> None:
        part.method, part.settings = type(self).__name__.lower(), self.settings.model_dump(mode="json")
        part.put(model)


def require_no_part(model: "TextModel", name: str) -> None:
    """Raises TrainingError where something stands beside the body already."""
    if model.part is not None:
        raise TrainingError(
            f"encode.{name}: {model.weights.model} already answers with a part of '{model.part.method}' and can hold "
            f"one. Load the weights anew and adapt those, or choose 'full' or 'frozen', which change the body itself"
        )
