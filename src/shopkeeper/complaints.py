"""What is wrong with one value of the settings, in words that say what to write instead."""

from typing import Any

from pydantic import BaseModel

from shopkeeper import plugins
from shopkeeper.errors import did_you_mean

_LIMITS = {"greater_than": ">", "greater_than_equal": ">=", "less_than": "<", "less_than_equal": "<="}


def complaint(error: Any, model: type[BaseModel], path: list[str], place: str, section: str) -> str:
    """What is wrong with one value, what was given, where, and what is allowed."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        allowed = set(model.model_fields)
        allowed |= {name for k, (stage, _) in plugins.KINDS.items() if stage == section for name in plugins.names(k)}
        names = ", ".join(sorted(allowed))
        return f"no such setting ({place}). Allowed: {names}.{did_you_mean(path[-1], allowed)}"
    if kind in _LIMITS:
        must = f"must be {_LIMITS[kind]} {next(iter(context.values()))}"
    elif kind == "literal_error":
        must = f"must be one of {context['expected']}"
    else:
        must = error["msg"][0].lower() + error["msg"][1:]
    field = model.model_fields.get(path[0]) if path else None
    if kind == "string_pattern_mismatch" and field is not None and field.examples:
        must = f"must be written like {field.examples[0]!r}"
    default = "" if field is None or field.is_required() else f" The default is {field.get_default()!r}."
    return f"{must}, got {error['input']!r} ({place}).{default}"
