"""What a method puts beside the numbers of a text model: the body keeps its tensors and their names.

A part reaches into the body through hooks, so that one set of weights serves bodies with different parts, and what is
saved of the body is what was loaded. Layers are found by the names that BERT, RoBERTa, XLM-R and DistilBERT give them.
"""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import Linear, Module, ModuleList, Parameter, ParameterDict
from torch.nn.functional import dropout, gelu, softmax
from torch.utils.hooks import RemovableHandle
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask

if TYPE_CHECKING:
    from shopkeeper.encode.model import TextModel

ATTENTION = ("attention.self", "attention")
AFTER_ATTENTION = ("attention.output.dense", "attention.out_lin")
AFTER_FEED_FORWARD = ("output.dense", "ffn.lin2")
PREFIXED = "shopkeeper_prefix"
UNHEARD = -4.0
"""What a new prompt adds to every attention score it gets: next to nothing is read of it before it has learnt."""


class Part(Module):
    """Numbers beside a model's own. `method` and `settings` say how to make it again."""

    method: str = ""
    settings: Mapping[str, Any] = {}

    def put(self, model: "TextModel") -> None:
        """From now on the model answers with this part."""
        self._handles = self.hooks(model)
        model.part = self

    def take_out(self, model: "TextModel") -> None:
        """The model answers as it did before `put`."""
        for handle in self._handles:
            handle.remove()
        model.part = None

    def hooks(self, model: "TextModel") -> list[RemovableHandle]:
        """What was put into the body; nothing by default."""
        return []

    def after(self, pooled: Tensor) -> Tensor:
        """The vectors (b, dimensions) that become the answer, of those that were pooled."""
        return pooled


class Bottlenecks(Part):
    """Two small layers with a residual behind each feed-forward block, and behind each attention where asked for."""

    def __init__(self, model: "TextModel", width: int, attention: bool) -> None:
        super().__init__()
        self.places = [*([AFTER_ATTENTION] if attention else []), AFTER_FEED_FORWARD]
        sizes = [linear.out_features for linear in self._linears(model)]
        self.down = ModuleList(Linear(size, width) for size in sizes)
        self.up = ModuleList(Linear(width, size) for size in sizes)
        for parameter in self.up.parameters():
            torch.nn.init.zeros_(parameter)

    def hooks(self, model: "TextModel") -> list[RemovableHandle]:
        return [
            linear.register_forward_hook(partial(self._through, at)) for at, linear in enumerate(self._linears(model))
        ]

    def _linears(self, model: "TextModel") -> list[Any]:
        return [_named(layer, place) for layer in model.layers for place in self.places]

    def _through(self, at: int, module: Module, given: Any, output: Tensor) -> Tensor:
        added: Tensor = self.up[at](gelu(self.down[at](output)))
        return output + added


class Prefix(Part):
    """Keys and values that every word of every layer may attend to, beside the words, each head through a gate."""

    def __init__(self, model: "TextModel", tokens: int) -> None:
        super().__init__()
        heads = int(model.body.config.num_attention_heads)
        shape = (len(model.layers), heads, tokens, model.dimensions // heads)
        self.keys = Parameter(torch.randn(shape))
        self.values = Parameter(torch.randn(shape))
        self.gates = Parameter(torch.zeros(*shape[:2], 1, 1))

    def hooks(self, model: "TextModel") -> list[RemovableHandle]:
        AttentionInterface.register(PREFIXED, _prefixed)
        AttentionMaskInterface.register(PREFIXED, eager_mask)
        for at, layer in enumerate(model.layers):
            _named(layer, ATTENTION).prefix = partial(self._read, at)
        model.body.config._attn_implementation = PREFIXED
        return []

    def take_out(self, model: "TextModel") -> None:
        super().take_out(model)
        model.body.config._attn_implementation = "eager"

    def _read(self, at: int, query: Tensor) -> Tensor:
        """What (b, heads, t, size) the words' scaled queries of this shape get from the prefix of layer `at`."""
        # as wide as the batch: the int8 export cannot hold a matrix of three dimensions
        keys, values = (numbers[at].expand(query.shape[0], -1, -1, -1) for numbers in (self.keys, self.values))
        shares = softmax(query @ keys.transpose(-1, -2), -1)
        return self.gates[at] * (shares @ values)


def _prefixed(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **said: Any
) -> tuple[Tensor, Tensor]:
    """Attention over the words as ever, and what the prefix adds to it."""
    asked = query * said["scaling"]
    scores = asked @ key.transpose(2, 3)
    shares = softmax(scores if attention_mask is None else scores + attention_mask, -1)
    heard = dropout(shares, said["dropout"], module.training) @ value + module.prefix(asked)
    return heard.transpose(1, 2).contiguous(), shares


class Prompt(Part):
    """Words that nobody types, in front of those of every text; pooling leaves them out."""

    def __init__(self, model: "TextModel", tokens: int) -> None:
        super().__init__()
        norm = model.body.embeddings.LayerNorm
        with torch.no_grad():
            like_words = torch.randn(tokens, model.dimensions) * norm.weight + norm.bias
        self.words = Parameter(like_words)
        self.heard = Parameter(torch.full((tokens,), UNHEARD))

    def hooks(self, model: "TextModel") -> list[RemovableHandle]:
        # behind the positions' embeddings, so that the typed words keep theirs
        return [
            model.body.embeddings.register_forward_hook(self._in_front),
            model.body.register_forward_pre_hook(self._attended, with_kwargs=True),
            model.body.register_forward_hook(self._left_out),
        ]

    def _in_front(self, module: Module, given: Any, output: Tensor) -> Tensor:
        # `shape`, as the exporter takes what `len` says for a constant
        return torch.cat([self.words.expand(output.shape[0], -1, -1).to(output.dtype), output], 1)

    def _attended(self, module: Module, given: Any, named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        mask = named["attention_mask"]
        absent = (1 - mask).to(torch.float32) * torch.finfo(torch.float32).min
        whole = torch.cat([self.heard.expand(mask.shape[0], -1), absent], 1)
        return given, named | {"attention_mask": whole[:, None, None, :]}

    def _left_out(self, module: Module, given: Any, output: Any) -> Any:
        output.last_hidden_state = output.last_hidden_state[:, len(self.words) :]
        return output


class Turn(Part):
    """A matrix that every pooled vector is multiplied with: 1 on its diagonal and what was learnt."""

    def __init__(self, model: "TextModel") -> None:
        super().__init__()
        self.learnt = Parameter(torch.zeros(model.dimensions, model.dimensions))

    def after(self, pooled: Tensor) -> Tensor:
        return pooled + pooled @ self.learnt


class Differences(Part):
    """Differences of low rank beside linear layers: `down` (rank, n_in) and `up` (n_out, rank), by layer."""

    def __init__(self, pairs: Mapping[str, tuple[Tensor, Tensor]]) -> None:
        super().__init__()
        self.down = ParameterDict({name: Parameter(down) for name, (down, _) in pairs.items()})
        self.up = ParameterDict({name: Parameter(up) for name, (_, up) in pairs.items()})

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> "Differences":
        """The part whose `state_dict` these are."""
        names = [name.removeprefix("down.") for name in tensors if name.startswith("down.")]
        return cls({name: (tensors[f"down.{name}"], tensors[f"up.{name}"]) for name in names})

    def hooks(self, model: "TextModel") -> list[RemovableHandle]:
        return [
            model.body.get_submodule(name.replace("/", ".")).register_forward_hook(partial(self._beside, name))
            for name in self.down
        ]

    def _beside(self, name: str, module: Module, given: tuple[Tensor], output: Tensor) -> Tensor:
        down, up = self.down.get_parameter(name), self.up.get_parameter(name)
        return output + given[0] @ down.T @ up.T


def linears(model: "TextModel") -> list[str]:
    """The names of all linear layers in the transformer's layers; a pooler above them is never asked."""
    inside = {id(module) for layer in model.layers for module in layer.modules()}
    return [name for name, module in model.body.named_modules() if isinstance(module, Linear) and id(module) in inside]


def fold(model: "TextModel") -> Differences:
    """Adds PEFT's differences of low rank to the matrices they stand beside; gives them back as a part."""
    pairs = {}
    for name, module in model.body.named_modules():
        if hasattr(module, "lora_A") and "default" in module.lora_A:
            pairs[name.removeprefix("base_model.model.").replace(".", "/")] = _pair(module)
    model.body = model.body.merge_and_unload()
    return Differences(pairs)


def _pair(module: Any) -> tuple[Tensor, Tensor]:
    """`down` and `up` of one of PEFT's layers; ranks that AdaLoRA took away are left out."""
    down, up, scale = module.lora_A["default"], module.lora_B["default"], module.scaling["default"]
    if not hasattr(module, "lora_E"):
        return down.weight.detach().clone(), up.weight.detach() * scale
    values = module.lora_E["default"].detach()
    kept = (values != 0).flatten()
    scale = scale / (module.ranknum["default"].detach() + 1e-5)  # as PEFT divides
    return (down.detach() * values)[kept], up.detach()[:, kept] * scale


def _named(layer: Any, names: tuple[str, ...]) -> Any:
    """The module of the layer under the first of the names that it has."""
    modules = dict(layer.named_modules())
    return next(modules[name] for name in names if name in modules)
