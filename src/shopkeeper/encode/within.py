"""What the methods that change a body's own numbers have in common."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from shopkeeper.encode.beside import require_no_part

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter

    from shopkeeper.encode.model import TextModel


class Chosen:
    """Tensors of the body that learn as they are; an adapter holds them whole."""

    def __init__(self, settings: Any) -> None:
        self.settings = settings
        self.learning_rate: float = settings.learning_rate

    def choose(self, model: "TextModel", learns: "Callable[[str], bool]") -> "list[Parameter]":
        """The body's parameters whose names are chosen; no other has gradients from now on."""
        model.requires_grad_(False)
        named = {name: each.requires_grad_(True) for name, each in model.body.named_parameters() if learns(name)}
        self._names = list(named)
        return list(named.values())

    def finish(self, model: "TextModel") -> None:
        """Nothing was put in."""
        model.adapted = (*model.adapted, type(self).__name__.lower())

    def taught(self, model: "TextModel") -> "dict[str, Tensor]":
        return {name: model.body.get_parameter(name).detach() for name in self._names}

    def give(self, model: "TextModel", tensors: "Mapping[str, Tensor]") -> None:
        from torch.nn import Parameter

        for name, tensor in tensors.items():
            before = model.body.get_parameter(name)
            if before.shape != tensor.shape:
                raise RuntimeError(f"{name} is {tuple(tensor.shape)}, in the model {tuple(before.shape)}")
            owner, _, leaf = name.rpartition(".")
            setattr(model.body.get_submodule(owner), leaf, Parameter(tensor))


class Folded:
    """Differences of low rank, folded into the matrices they stand beside; an adapter holds the differences."""

    def __init__(self, settings: Any) -> None:
        self.settings = settings
        self.learning_rate: float = settings.learning_rate

    def wrap(self, model: "TextModel", config: Any) -> "list[Parameter]":
        """What PEFT puts in; no other parameter has gradients from now on."""
        from peft import get_peft_model

        require_no_part(model, type(self).__name__.lower())  # a wrapped body calls none of a part's hooks
        model.requires_grad_(False)
        model.body = get_peft_model(model.body, config)
        return [parameter for parameter in model.body.parameters() if parameter.requires_grad]

    def finish(self, model: "TextModel") -> None:
        from shopkeeper.encode.parts import fold

        self._differences = fold(model)
        model.adapted = (*model.adapted, type(self).__name__.lower())

    def taught(self, model: "TextModel") -> "dict[str, Tensor]":
        return dict(self._differences.state_dict())

    def give(self, model: "TextModel", tensors: "Mapping[str, Tensor]") -> None:
        """The differences stay beside the matrices, which other shops use too."""
        from shopkeeper.encode.parts import Differences

        part = Differences.of(tensors)
        part.method, part.settings = type(self).__name__.lower(), self.settings.model_dump(mode="json")
        part.put(model)
