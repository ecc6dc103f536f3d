"""What every plug-in promises, checked: one list of cases for all plug-ins that there are, found by where they stand.

A new file under a plural folder is held to its contract by being there. In a test of your own:

    @pytest.mark.parametrize("case", contracts.cases(), ids=str)
    def test_contract(case):
        case()
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from shopkeeper import plugins
from shopkeeper.settings import PluginSettings
from shopkeeper.testing import contract_page, contract_rank, contract_source

Check = Callable[[type[Any]], None]


def settings_are_documented(kind: type[Any]) -> None:
    """Settings have a default and a description each, and refuse unknown keys."""
    assert issubclass(kind.Settings, BaseModel), f"{kind.__name__} needs a nested pydantic model Settings"
    assert issubclass(kind.Settings, PluginSettings), f"{kind.__name__}.Settings must extend PluginSettings"
    for name, field in kind.Settings.model_fields.items():
        assert field.description, f"{kind.__name__}.Settings.{name} has no description"
        assert not field.is_required(), f"{kind.__name__}.Settings.{name} has no default"
    assert kind(kind.Settings()) is not None


def it_is_documented(kind: type[Any]) -> None:
    """The class says in its docstring what it does."""
    assert kind.__doc__ and kind.__doc__.strip(), f"{kind.__name__} has no docstring"


EVERY_PLUGIN: tuple[Check, ...] = (settings_are_documented, it_is_documented)
CONTRACTS: Mapping[str, Sequence[Check]] = {
    "check": contract_page.CHECK_CONTRACT,
    "source": contract_source.CONTRACT,
    "feature": contract_rank.FEATURE_CONTRACT,
    "ranker": contract_rank.RANKER_CONTRACT,
    "rule": contract_page.RULE_CONTRACT,
}
"""By kind of plug-in, what it promises beyond what every plug-in does."""


@dataclass(frozen=True)
class Case:
    """One promise of one plug-in; calling it raises AssertionError where the promise is not kept."""

    kind: str
    name: str
    check: Check

    def __call__(self) -> None:
        self.check(plugins.load(self.kind, self.name))

    def __str__(self) -> str:
        return f"{self.kind}-{self.name}-{self.check.__name__}"


def cases(kinds: Sequence[str] = tuple(plugins.KINDS)) -> list[Case]:
    """All promises of all plug-ins of these kinds, by default of every kind."""
    return [
        Case(kind, name, check)
        for kind in kinds
        for name in plugins.names(kind)
        for check in (*EVERY_PLUGIN, *CONTRACTS.get(kind, ()))
    ]
