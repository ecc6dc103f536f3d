"""Settings that hold for one run: a TOML file whose values stand in place of the shop's own."""

import tomllib
from pathlib import Path
from typing import Any

from shopkeeper.errors import SettingError
from shopkeeper.settings import SETTINGS_FILE, Settings

Tables = dict[str, dict[str, Any]]

ANSWERING = ("arrange", "recall", "understand")
"""The sections that decide how a search is answered by what was learnt already."""
LEARNT = frozenset({"encode", "intake", "learn", "quality", "rank"})
"""The sections that count when the shop imports or learns."""


def overlay(file: Path, shop: Path, own: Settings) -> tuple[Tables, Settings]:
    """What the file says, and the shop's settings with it: each value in place of the shop's, all others as they are.

    Raises SettingError where the file is no settings file, or says what an answer does not read.
    """
    text = _text(file)
    try:
        tables: Tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{file}: not valid TOML: {error}") from None
    alone = Settings(tables, text, str(file))  # so that what is wrong is said with its line in this file
    alone.check()
    for section in tables:
        if section not in ANSWERING:
            raise SettingError(_elsewhere(file, section, shop))
    merged = Settings({**own.tables, **{name: _merged(own.tables.get(name, {}), tables[name]) for name in tables}})
    for name in sorted(set(merged.enabled("source")) - set(own.enabled("source"))):
        raise SettingError(
            f"{file}: recall.{name}.enabled: '{name}' has learnt nothing in this shop, where it is switched off. "
            f"Switch it on in {shop / SETTINGS_FILE}, then: shopkeeper learn {shop}"
        )
    return tables, merged


def _text(file: Path) -> str:
    if not file.is_file():
        raise SettingError(f"{file}: no such file. Name a TOML file with what differs, such as a [recall.semantic].")
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SettingError(f"{file}: not UTF-8 ({error}). Save the file as UTF-8.") from None


def _merged(own: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """A section with another's values: of a plug-in's table key by key, of any other key the whole value."""
    return own | {
        key: {**own.get(key, {}), **value} if isinstance(value, dict) else value for key, value in given.items()
    }


def _elsewhere(file: Path, section: str, shop: Path) -> str:
    allowed = f"An evaluation may differ in: {', '.join(ANSWERING)}."
    if section not in LEARNT:
        return f"{file}: [{section}] changes no answer of a search. Leave it out. {allowed}"
    return (
        f"{file}: [{section}] counts when the shop learns, not when it answers. Write it into {shop / SETTINGS_FILE}, "
        f"then: shopkeeper learn {shop}, and evaluate the new version. {allowed}"
    )
