"""The quick way of a route: what is well-formed goes straight to its function, what is odd goes FastAPI's own way.

FastAPI resolves the parameters of a route anew for every request, which takes longer than some pages take to be made.
Here they are read by a table that is made once from the same signature. What does not fit at the first try (no JSON, a
wrong type, a missing field) is left to FastAPI: so there is one place that says what is wrong, and one document.
"""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from contextvars import copy_context
from functools import partial
from typing import Any, get_args, get_type_hints

from fastapi import APIRouter, Request, Response, params
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.types import Receive, Scope, Send

from shopkeeper.serve.access import STRAIGHT, front_of
from shopkeeper.serve.body import whole_json
from shopkeeper.serve.schemas import ProblemOut

Read = Callable[[Request], Any]
PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"model": ProblemOut, "description": meaning}
    for code, meaning in {
        400: "The body is no JSON.",
        401: "No key, or one that is not known.",
        403: "A public key where a secret one is needed.",
        404: "No such shop, product or page.",
        408: "The body has not come whole in time.",
        409: "The shop has not learnt yet, or takes no writing here.",
        413: "The body is too large.",
        415: "The body was not sent as JSON.",
        422: "The request cannot be read; `where` names the place.",
        429: "Too many requests; Retry-After says when to come again.",
        500: "Something broke on our side; the log has it under `request_id`.",
        503: "The server is stopping; send the request again.",
        507: "No room is left where the shop is kept.",
    }.items()
}


class _AnyId(PathConvertor):
    """An id to the end of the path, whatever it holds: Starlette's own `path` ends at a line break."""

    regex = r"[\s\S]*"


register_url_convertor("id", _AnyId())


class QuickRoute(APIRoute):
    """A route of a shop: its function is plain, takes the shop first and returns a Response."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:
        super().__init__(path, endpoint, **more)
        self._reads = _reads(endpoint)
        self._enter = next(iter(self._reads.values()))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers from a worker thread, or hands on to FastAPI."""
        response: Response | None = None
        if scope["method"] in (self.methods or ()):
            request = Request(scope)
            self._enter(request)  # who may not come in is told so before anything is read
            answering = partial(copy_context().run, self._answer, request)
            response = await asyncio.get_running_loop().run_in_executor(front_of(request).threads, answering)
        await (response or super().handle)(scope, receive, send)

    def _answer(self, request: Request) -> Response | None:
        """The function's response; None where the request does not fit."""
        try:
            given = {name: read(request) for name, read in self._reads.items()}
        except (ValidationError, KeyError):
            return None
        try:
            response: Response = self.endpoint(**given)
        except StopIteration as error:  # a future does not take it: the caller would wait for ever
            raise RuntimeError("StopIteration left the page") from error
        return response


def shop_router(tag: str) -> APIRouter:
    """A router for routes of a shop, which go the quick way."""
    return APIRouter(prefix="/v1/{shop}", tags=[tag], responses=PROBLEMS, route_class=QuickRoute)


def _reads(endpoint: Callable[..., Any]) -> Mapping[str, Read]:
    """How each argument of the function is read; KeyError and ValidationError mean that it cannot be."""
    hints = get_type_hints(endpoint, include_extras=True)
    return {name: _read(parameter, hints[name]) for name, parameter in inspect.signature(endpoint).parameters.items()}


def _read(parameter: inspect.Parameter, hint: Any) -> Read:
    if hint is Request:
        return lambda request: request
    kind = next((part for part in get_args(hint)[1:] if isinstance(part, params.Depends | params.Param)), None)
    if isinstance(kind, params.Depends):
        return STRAIGHT[kind.dependency]
    adapter, name = TypeAdapter[Any](hint), parameter.name
    if isinstance(kind, params.Path):
        return lambda request: adapter.validate_python(request.path_params[name])
    if isinstance(kind, params.Query):
        default = parameter.default
        if default is parameter.empty:
            return lambda request: adapter.validate_python(request.query_params[name])
        return lambda request: adapter.validate_python(request.query_params.get(name, default))
    return lambda request: adapter.validate_json(whole_json(request.scope))
