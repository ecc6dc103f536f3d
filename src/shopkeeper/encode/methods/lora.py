"""Low-rank adaptation: each matrix learns a difference of low rank beside it."""

from typing import TYPE_CHECKING

from pydantic import Field

from shopkeeper.encode.within import Folded
from shopkeeper.settings import PluginSettings

if TYPE_CHECKING:
    from torch.nn import Parameter

    from shopkeeper.encode.model import TextModel


class Lora(Folded):
    """Differences of rank `rank` in every linear layer; they are folded in afterwards, so that answering costs nothing.

    Source: Hu et al., "LoRA", ICLR 2022; through PEFT.
    """

    class Settings(PluginSettings):
        learning_rate: float = Field(5e-4, gt=0, description="The highest learning rate.")
        rank: int = Field(16, ge=1, description="Rank of the differences.")
        alpha: int = Field(32, ge=1, description="A difference counts alpha / rank.")
        dropout: float = Field(0.05, ge=0, lt=1, description="Dropout before the differences.")

    def prepare(self, model: "TextModel") -> "list[Parameter]":
        from peft import LoraConfig

        from shopkeeper.encode.parts import linears

        config = LoraConfig(
            r=self.settings.rank,
            lora_alpha=self.settings.alpha,
            lora_dropout=self.settings.dropout,
            target_modules=linears(model),
        )
        return self.wrap(model, config)
