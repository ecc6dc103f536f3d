"""Low-rank adaptation that spends its ranks where they matter."""

from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from shopkeeper.encode.within import Folded
from shopkeeper.settings import PluginSettings

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter

    from shopkeeper.encode.model import TextModel

WARM, FINAL = 0.1, 0.3
"""The shares of the steps before the first rank is taken away and after the last one."""
ALLOCATIONS = 50
_RUNNING, _LEFT = ("ipt", "exp_avg_ipt", "exp_avg_unc"), "left"
"""PEFT's names of what it carries from step to step."""


class Adalora(Folded):
    """Differences as three factors, the middle one a diagonal; its least important numbers are taken away on the way.

    They start with rank `start`, and `rank` is left on average; folded in afterwards as with LoRA. The outer factors
    are kept near orthogonal. Where training ends early, more ranks are left.
    Source: Zhang et al., "AdaLoRA", ICLR 2023; through PEFT.
    """

    class Settings(PluginSettings):
        learning_rate: float = Field(1e-2, gt=0, description="The highest learning rate.")
        start: int = Field(12, ge=1, description="Rank of the differences at the beginning; at least `rank`.")
        rank: int = Field(8, ge=1, description="Mean rank at the end.")
        alpha: int = Field(32, ge=1, description="A difference counts alpha / start.")
        dropout: float = Field(0.05, ge=0, lt=1, description="Dropout before the differences.")
        orthogonal: float = Field(0.1, ge=0, description="Weight of the pull towards orthogonal factors.")

        @model_validator(mode="after")
        def _ranks_fall(self) -> "Adalora.Settings":
            if self.rank > self.start:
                raise ValueError(f"rank {self.rank} is above start {self.start}: ranks are taken away, never added")
            return self

    def prepare(self, model: "TextModel") -> "list[Parameter]":
        from peft import AdaLoraConfig

        from shopkeeper.encode.parts import linears

        config = AdaLoraConfig(
            init_r=self.settings.start,
            target_r=self.settings.rank,
            lora_alpha=self.settings.alpha,
            lora_dropout=self.settings.dropout,
            target_modules=linears(model),
            total_step=1,  # `after_step` knows better
        )
        learnt = self.wrap(model, config)
        named = [(name, each) for name, each in model.body.named_parameters() if each.requires_grad]
        outer = [(name, each) for name, each in named if "lora_E" not in name]
        for name, parameter in outer:
            pull = partial(_orthogonal, parameter, "lora_A" in name, self.settings.orthogonal / len(outer))
            parameter.register_hook(pull)
        return learnt

    def after_step(self, model: "TextModel", step: int, steps: int) -> None:
        """Takes ranks away: the schedule of the budget is that of the training."""
        allocator = model.body.base_model
        config = allocator.peft_config["default"]
        config.total_step, config.tinit, config.tfinal = steps, int(WARM * steps), int(FINAL * steps)
        config.deltaT = max(1, steps // ALLOCATIONS)
        allocator.update_and_allocate(step)

    def memory(self, model: "TextModel") -> "dict[str, Tensor]":
        """The running importance of each number, and which ranks are left."""
        import torch

        allocator = model.body.base_model
        ranks, left = allocator.rankallocator, allocator.peft_config["default"].rank_pattern or {}
        kept = {f"{part}.{name}": own for part in _RUNNING for name, own in getattr(ranks, part).items()}
        return kept | {f"{_LEFT}.{name}": torch.tensor(own) for name, own in left.items()}

    def remember(self, model: "TextModel", memory: "dict[str, Tensor]") -> None:
        allocator = model.body.base_model
        held: dict[str, dict[str, Tensor]] = {part: {} for part in (*_RUNNING, _LEFT)}
        for key, own in memory.items():
            part, _, name = key.partition(".")
            held[part][name] = own
        for part in _RUNNING:
            setattr(allocator.rankallocator, part, held[part])
        allocator.peft_config["default"].rank_pattern = {name: own.tolist() for name, own in held[_LEFT].items()}


def _orthogonal(parameter: "Tensor", rows: bool, weight: float, gradient: "Tensor") -> Any:
    """The gradient with that of weight * |P P' - 1|, P having orthogonal rows (or columns) at its best."""
    import torch

    with torch.no_grad():
        factor = parameter if rows else parameter.T
        off = factor @ factor.T - torch.eye(len(factor))
        pull = 2 * weight * (off @ factor) / off.norm().clamp(min=1e-6)
        return gradient + (pull if rows else pull.T)
