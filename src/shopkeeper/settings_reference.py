"""Every setting there is, as the page docs/settings.md: `python -m shopkeeper.settings_reference` writes it anew."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic import BaseModel

from shopkeeper import plugins, settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def markdown() -> str:
    """The page: a table for each section of settings.toml and for each plug-in."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Settings"
    yield ""
    yield "Generated from the models in the code. A shop's `settings.toml` names only what differs from the default."
    for section, model in settings.CORE.items():
        yield from _table(f"[{section}]", model)
        for key in model.model_fields:
            if (inner := settings.table_of(model, key)) is not None:
                yield from _table(f"[{section}.{key}]", inner)
    for kind, (stage, folder) in plugins.KINDS.items():
        yield ""
        yield f"## {kind.capitalize()}s: `{stage}/{folder}/`"
        for name, plugin in plugins.all_of(kind).items():
            yield from _table(f"[{stage}.{name}]", plugin.Settings, (plugin.__doc__ or "").partition("\n")[0])


def _table(title: str, model: type[BaseModel], says: str = "") -> Iterator[str]:
    yield from ("", f"### `{title}`", "", says or (model.__doc__ or "").partition("\n")[0], "")
    yield from ("| key | default | what |", "|---|---|---|")
    for key, field in model.model_fields.items():
        if settings.table_of(model, key) is not None:
            continue  # it has a table of its own
        default = "required" if field.is_required() else f"`{field.get_default(call_default_factory=True)!r}`"
        yield f"| `{key}` | {default.replace('|', '&#124;')} | {field.description or ''}{_choices(field.annotation)} |"


def _choices(annotation: object, opening: str = "One of") -> str:
    """What is allowed, where a setting is a choice, a list of choices or a table by choice."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return f" {opening} {', '.join(f'`{choice}`' for choice in parts)}."
    opening = {tuple: "Any of", list: "Any of", dict: "Keys:"}.get(origin, opening) if origin else opening
    return next((said for part in parts if (said := _choices(part, opening))), "")


if __name__ == "__main__":
    PAGE.write_text(markdown(), encoding="utf-8")
