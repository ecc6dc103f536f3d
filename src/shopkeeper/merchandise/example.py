"""A commented file to begin with: every table once, all of it switched off."""

from pathlib import Path

from shopkeeper.errors import RuleError
from shopkeeper.merchandise.said import RULES_FILE
from shopkeeper.types import Language


def example(language: Language) -> str:
    """The text of the example."""
    return (Path(__file__).parent / f"example.{language}.toml").read_text(encoding="utf-8")


def write_example(shop: Path, language: Language) -> Path:
    """Writes the example into the shop's folder. Raises RuleError where there is such a file."""
    path = shop / RULES_FILE
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(example(language))
    except FileExistsError:
        raise RuleError(f"{path} is there already; nothing was written. Move it away for a fresh example.") from None
    return path
