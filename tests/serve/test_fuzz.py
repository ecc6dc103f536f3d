"""Claims, of every route of the document, asked by whatever the document allows and by what it forbids:

1. nothing breaks on our side, and every answer has the status, the type and the form that the document gives for it.
2. what the document forbids to ask is refused.
"""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import Case, CheckFunction, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.openapi import from_url
from schemathesis.schemas import BaseSchema

from benchmarks.server_process import ServerProcess

load_all_checks()


def checks(*names: str) -> list[CheckFunction]:
    """The checks of these names."""
    return cast(list[CheckFunction], CHECKS.get_by_names(list(names)))


OF_ANY_ANSWER = checks(
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"
)
OF_A_REFUSAL = [*OF_ANY_ANSWER, *checks("negative_data_rejection")]
KEY = {"X-API-Key": "the grocer asks for none"}
ASKING = (("post", "/v1/{shop}/search"), ("post", "/v1/{shop}/recommend"), ("get", "/v1/{shop}/suggest"))
TELLING = (
    ("post", "/v1/{shop}/events"),
    ("put", "/v1/{shop}/products"),
    ("get", "/v1/{shop}/products/{product_id}"),
    ("delete", "/v1/{shop}/products/{product_id}"),
    ("delete", "/v1/{shop}/users/{user_id}"),
    ("get", "/v1/{shop}/explain/{request_id}/{product_id}"),
)


@pytest.fixture(scope="module")
def document(learnt: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseSchema]:
    """The document of a server in front of a grocer of this module's own."""
    folder = tmp_path_factory.mktemp("fuzzed")
    copytree(learnt, folder / "grocer")
    with ServerProcess([folder / "grocer"], folder / "server.log") as server:
        yield from_url(f"http://127.0.0.1:{server.port}/openapi.json")


@pytest.mark.server
@pytest.mark.parametrize("route", ASKING + TELLING, ids=" ".join)
def test_what_the_document_allows_is_answered_as_it_says(document: BaseSchema, route: tuple[str, str]) -> None:
    ask(cases(document, route, GenerationMode.POSITIVE), OF_ANY_ANSWER, 100 if route in ASKING else 30)


@pytest.mark.server
@pytest.mark.parametrize("route", TELLING, ids=" ".join)
def test_what_it_forbids_breaks_nothing(document: BaseSchema, route: tuple[str, str]) -> None:
    ask(cases(document, route, GenerationMode.NEGATIVE), OF_ANY_ANSWER, 30)


@pytest.mark.server
@pytest.mark.parametrize("route", ASKING, ids=" ".join)
def test_what_it_forbids_to_ask_is_refused(document: BaseSchema, route: tuple[str, str]) -> None:
    ask(cases(document, route, GenerationMode.NEGATIVE), OF_A_REFUSAL, 100)


def ask(cases: SearchStrategy[Case[Any]], checked: list[CheckFunction], examples: int) -> None:
    """Asks the same questions at every run, and checks each answer."""

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def one(case: Case[Any]) -> None:
        case.call_and_validate(checks=checked)

    one()


def cases(document: BaseSchema, route: tuple[str, str], mode: GenerationMode) -> SearchStrategy[Case[Any]]:
    """What may be asked of a route, or what may not."""
    method, path = route
    asked: SearchStrategy[Case[Any]] = document[path][method].as_strategy(
        mode, path_parameters={"shop": "grocer"}, headers=KEY
    )
    return asked
