"""The JSON API against its own description, and its promises about errors, keys and repeats."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import server
from api import Api, assert_problem, base_url

JSON = "application/json"
METHODS = ("get", "put", "post", "delete", "patch")
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def fuzzed_world() -> Iterator[dict]:
    """A world of its own: requests made at random stop terminals and move the clock."""
    with server.demo("sqlite") as world:
        yield world


def test_each_operation_keeps_to_its_description(fuzzed_world: dict, subtests: pytest.Subtests):
    """Requests that the description allows, and ones that it does not, made up by schemathesis."""
    base = base_url(fuzzed_world)
    schema = schemathesis.openapi.from_url(base + "/openapi.json")
    schema.config.update(base_url=base)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert operations, "the description has no operation"
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            with subtests.test(msg=f"{operation.label} {mode.value}"):
                try_out(operation, mode, fuzzed_world["api_keys"][0]["key"])


def try_out(operation: schemathesis.APIOperation, mode: GenerationMode, key: str) -> None:
    """Some requests of one operation; the same ones in every run."""

    @hypothesis.settings(
        max_examples=10,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(operation.as_strategy(generation_mode=mode))
    def answers_as_described(case: schemathesis.Case) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=CHECKS)

    try:
        answers_as_described()
    except Unsatisfiable:
        # An operation without parameters and body has nothing that a request could get wrong.
        assert mode is GenerationMode.NEGATIVE, f"no request can be made up for {operation.label}"


def test_each_operation_is_documented(public: Api):
    response = public.get("/openapi.json")
    assert response.status_code == 200
    document = response.json()
    assert document["openapi"].startswith("3.")
    operations = {
        f"{method.upper()} {path}": path_item[method]
        for path, path_item in document["paths"].items()
        for method in METHODS
        if method in path_item
    }
    for expected in ("GET /v1/explanations", "POST /v1/test/clock", "GET /v1/merchants", "GET /v1/terminals"):
        assert expected in operations
    for name, operation in operations.items():
        assert operation.get("operationId"), name
        assert operation.get("summary") or operation.get("description"), name
        assert any(status.startswith("2") for status in operation["responses"]), name
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(ids) == len(set(ids)), "operation ids are unique"


def test_health(public: Api):
    assert public.get("/healthz").status_code == 200


# Errors ---------------------------------------------------------------------------------------


def test_what_does_not_exist_is_a_problem_document(api: Api):
    assert_problem(api.get("/v1/terminals/00000000"), 404)
    assert_problem(api.get("/v1/no-such-thing"), 404)


def test_an_unknown_explanation_code_is_told_to_anyone(public: Api):
    assert_problem(public.get("/v1/explanations", code="000-000"), 404)


def test_a_body_that_is_no_json_is_a_problem_document(api: Api):
    response = api.request("POST", "/v1/test/clock", data="{", headers={"Content-Type": JSON})
    assert_problem(response, 400)


def test_a_body_that_says_something_else_names_the_parameter(api: Api):
    problem = assert_problem(api.post("/v1/test/clock", {"advance": "a while"}), 422)
    assert problem["param"] == "advance"


# Keys -----------------------------------------------------------------------------------------


def test_without_a_key_nothing_of_a_merchant_is_told(public: Api):
    assert_problem(public.get("/v1/merchants"), 401)


def test_a_wrong_key_is_refused(world: dict):
    assert_problem(Api(base_url(world), "not-a-key").get("/v1/merchants"), 401)


def test_a_key_for_less_is_refused_what_it_does_not_cover(world: dict):
    lesser = [entry for entry in world["api_keys"] if entry["scope"] == "read"]
    assert lesser, f"world.json has no key with the scope `read`: {[key['scope'] for key in world['api_keys']]}"
    reader = Api(base_url(world), lesser[0]["key"])
    assert reader.get("/v1/terminals").status_code == 200
    assert_problem(reader.post("/v1/test/clock", {"advance": "PT1S"}), 403)


# Repeats --------------------------------------------------------------------------------------


def advance(api: Api, duration: str, key: str) -> requests.Response:
    return api.post("/v1/test/clock", {"advance": duration}, Idempotency_Key=key)


def test_the_same_request_with_the_same_key_is_carried_out_once(api: Api):
    key = str(uuid.uuid4())
    first = advance(api, "PT1S", key)
    assert first.status_code == 200, first.text
    assert "Idempotency-Replayed" not in first.headers
    again = advance(api, "PT1S", key)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    other_key = advance(api, "PT1S", str(uuid.uuid4()))
    assert other_key.status_code == 200 and other_key.content != first.content, "the clock moved on"


def test_another_request_with_the_same_key_is_refused(api: Api):
    key = str(uuid.uuid4())
    assert advance(api, "PT1S", key).status_code == 200
    problem = assert_problem(advance(api, "PT2S", key), 422)
    assert problem["code"] == "idempotency_key_reused"
