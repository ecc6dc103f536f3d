"""Every error a user of Shopkeeper can meet.

ShopkeeperError
├── SettingError            a setting is unknown, mistyped or out of range
├── RuleError               the merchant's rules cannot be read, or contradict one another
├── UnknownPlugin           a name that no file under the plural folder answers to
├── IntakeError             a file cannot be read at all (single rows are rejected, never raised)
├── UnlearnableShop         the data cannot support learning, with the reason
├── StoreError
│   ├── ShopNotFound        there is no shop at this path
│   ├── ShopLocked          another process writes to this shop
│   ├── StorageFull         the disk or quota is exhausted; nothing was acknowledged
│   ├── CorruptVersion      a version's file does not match its manifest
│   ├── ForeignVersion      a version that another release wrote and this one cannot read
│   └── NoVersion           the shop has not learnt yet
├── WeightsError            weights are missing, altered, or of another architecture
├── TrainingError           the language model cannot learn this, or not like this
├── TrainingInterrupted     a training was told to stop; its checkpoint goes on from there
├── RequestError            a request cannot be answered as asked
│   ├── UnknownProduct
│   └── UnknownShop
└── PortInUse               the server's address is taken

A message says what is wrong, where, what was given, what is allowed, and what to do next.
"""

import difflib
from collections.abc import Iterable
from pathlib import Path


class ShopkeeperError(Exception):
    """The root: whatever the command line turns into one readable line."""


class SettingError(ShopkeeperError): ...


class RuleError(ShopkeeperError): ...


class UnknownPlugin(ShopkeeperError):
    """A plug-in name that nothing answers to; names what is available and the nearest spelling."""

    def __init__(self, kind: str, name: str, available: Iterable[str]) -> None:
        names = sorted(available)
        super().__init__(f"no {kind} '{name}'. Available: {', '.join(names)}.{did_you_mean(name, names)}")


class IntakeError(ShopkeeperError): ...


class UnlearnableShop(ShopkeeperError): ...


class StoreError(ShopkeeperError): ...


class ShopNotFound(StoreError): ...


class ShopLocked(StoreError): ...


class StorageFull(StoreError): ...


class CorruptVersion(StoreError): ...


class ForeignVersion(StoreError): ...


class NoVersion(StoreError): ...


class WeightsError(ShopkeeperError): ...


class TrainingError(ShopkeeperError): ...


class TrainingInterrupted(ShopkeeperError): ...


class RequestError(ShopkeeperError): ...


class UnknownProduct(RequestError): ...


class UnknownShop(RequestError): ...


class PortInUse(ShopkeeperError): ...


def not_learnt(shop: Path) -> NoVersion:
    """The error of a shop that is asked for what only a version has, before the first."""
    return NoVersion(f"{shop} has not learnt yet. Run: shopkeeper learn {shop}")


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """ " Did you mean 'x'?" for the nearest allowed word, or an empty string when none is near."""
    near = difflib.get_close_matches(given, list(allowed), n=1, cutoff=0.6)
    return f" Did you mean '{near[0]}'?" if near else ""
