"""Every failure in one shape: {"error": {"code", "message", "where", "request_id"}}, or a page to people.

The message says what is wrong, what was given, what is allowed. Where a known error class stands for a status, the
table below is the only place that says so.
"""

import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Union, get_args, get_origin

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from shopkeeper import errors
from shopkeeper.errors import ShopkeeperError, did_you_mean

STATUS: Mapping[type[ShopkeeperError], tuple[int, str]] = {
    errors.UnknownProduct: (404, "unknown_product"),
    errors.UnknownShop: (404, "unknown_shop"),
    errors.RequestError: (422, "invalid_request"),
    errors.RuleError: (422, "invalid_rules"),
    errors.NoVersion: (409, "not_learnt"),
    errors.ShopLocked: (409, "read_only"),
    errors.StorageFull: (507, "storage_full"),
    errors.ShopkeeperError: (500, "internal"),
}
"""Status and code of each error class; the first that fits counts."""

HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 400: "bad_request"}
NOT_AN_OBJECT = frozenset({"model_type", "model_attributes_type", "dict_type"})
NEEDS_JSON = "the body was not read as JSON: send the header Content-Type: application/json"
SHOWN = 80
"""At most so many characters of a refused value are repeated in a message."""


Paged = Callable[[Request, "Refused"], Response | None]
"""What the storefront puts into the app's state as `failure_page`: None where the asker is a program."""


def legible(text: str) -> str:
    """The text as UTF-8 can carry it: halves of characters, which JSON can smuggle in, become question marks."""
    return text.encode("utf-8", "replace").decode()


class Refused(Exception):
    """A request turned away at the edge, with its status, code and place."""

    def __init__(self, status: int, code: str, message: str, *, where: str = "", **headers: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.where = status, code, message, where
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def failure(error: Refused, request_id: str, rows: Sequence[Mapping[str, Any]] = ()) -> Response:
    """The response for a refusal; `rows` lists what is wrong row by row, where there are rows."""
    told: dict[str, Any] = {
        "code": error.code,
        "message": legible(error.message),
        "where": legible(error.where),
        "request_id": request_id,
    }
    if rows:
        told["rows"] = rows
    return Response(orjson.dumps({"error": told}), error.status, error.headers, "application/json")


def told(request: Request, error: Refused) -> Response:
    """The refusal as the asker reads it: a page to people where the app has pages, JSON to programs."""
    state = getattr(request.scope.get("app"), "state", None)  # the edge may stand around something else than an app
    page: Paged | None = getattr(state, "failure_page", None)
    return (page and page(request, error)) or failure(error, request.state.request_id)


def refusal(error: Exception) -> Refused | None:
    """What a known exception means to the caller; None for one that is our own bug."""
    match error:
        case Refused():
            return error
        case ShopkeeperError():
            status, code = next(found for kind, found in STATUS.items() if isinstance(error, kind))
            return Refused(status, code, str(error)) if status != 500 else None
        case HTTPException():
            code = HTTP_CODES.get(error.status_code, "refused")
            message = (
                str(error.detail) if error.status_code == 400 else f"{error.detail}: see /openapi.json for what is here"
            )
            return Refused(error.status_code, code, message, **dict(error.headers or {}))
    return None


def install(app: FastAPI) -> None:
    """Makes every known failure of the app's routes answer in the one shape; the edge catches the rest."""

    def handle(request: Request, error: Exception) -> Response:
        body = getattr(request.scope.get("route"), "body_field", None)
        refused = _invalid(error, body) if isinstance(error, RequestValidationError) else refusal(error)
        if refused is None:
            raise error
        return told(request, refused)

    for kind in (Refused, RequestValidationError, ShopkeeperError, HTTPException):
        app.add_exception_handler(kind, handle)


def _invalid(error: RequestValidationError, body_field: Any) -> Refused:
    first = telling(error.errors())
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "json_invalid":
        message = f"the body is not JSON: {first['ctx']['error']} at byte {first['loc'][-1]}"
        return Refused(400, "not_json", message, where="body")
    if first["loc"] == ("body",) and isinstance(first["input"], bytes):
        return Refused(415, "not_json", NEEDS_JSON, where="header Content-Type")
    model = _model_in(body_field.field_info.annotation) if body_field else None
    return Refused(422, "invalid_request", reason(first, model), where=where)


def telling(found: Sequence[Any]) -> Any:
    """The error that helps most: an unknown field before the missing one that it may be a misspelling of."""
    return next((error for error in found if error["type"] == "extra_forbidden"), found[0])


def reason(first: Mapping[str, Any], model: type[BaseModel] | None = None) -> str:
    """What a pydantic error says, in one readable line: what is wrong, what was given, which fields there are."""
    given = first.get("input")
    if first["type"] == "extra_forbidden":
        allowed = sorted(_fields(model, first["loc"][:-1]))
        hint = did_you_mean(str(first["loc"][-1]), allowed)
        return "no such field." + (f" Allowed: {', '.join(allowed)}.{hint}" if allowed else "")
    if first["type"] == "missing":
        return "is required"
    if first["type"] in NOT_AN_OBJECT:
        return "must be a JSON object"
    message = str(first["msg"]).removeprefix("Value error, ")
    message = "must be" + message[15:] if message.startswith("Input should be") else message[:1].lower() + message[1:]
    if isinstance(given, str | int | float | bool) and first["type"] != "value_error":
        message += f", got {str(given)[:SHOWN]!r}" if isinstance(given, str) else f", got {given}"
    return message


def _fields(model: type[BaseModel] | None, path: Sequence[int | str]) -> Sequence[str]:
    """Field names of the model at the end of the path through nested models and lists."""
    for part in path:
        if model is None or not isinstance(part, str) or part not in model.model_fields:
            continue
        model = _model_in(model.model_fields[part].annotation)
    return tuple(model.model_fields) if model else ()


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and get_origin(annotation) is None and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType, list, tuple):
        return next(filter(None, map(_model_in, get_args(annotation))), None)
    return None
