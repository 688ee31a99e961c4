"""The request that tries a system, the token that it has, and which answers pass."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from moto import mock_aws

from keyline.errors import KeylineError
from keyline_deploy.environment import load
from keyline_deploy.systems import systems
from keyline_ops.deployed import Deployed
from keyline_ops.smoke.request import SmokeRequest, smoke_requests
from keyline_ops.smoke.run import api_urls, try_systems
from keyline_ops.smoke.token import canary_token

REQUEST = SmokeRequest("orders", "/orders/1")
PROBLEM = {"Content-Type": "application/problem+json"}


def tried(answer: httpx.Response | httpx.HTTPError) -> str:
    """Return what is wrong with an answer."""
    asked: list[tuple[str, Mapping[str, str]]] = []

    def send(url: str, headers: Mapping[str, str]) -> httpx.Response:
        asked.append((url, headers))
        if isinstance(answer, httpx.Response):
            return answer
        raise answer

    (outcome,) = try_systems([REQUEST], {"orders": "https://api.invalid"}, "abc", send)
    ((url, headers),) = asked
    assert url == "https://api.invalid/orders/1"
    assert headers["Authorization"] == "Bearer abc"
    return outcome.fault


def test_a_system_passes_that_has_read() -> None:
    assert tried(httpx.Response(200)) == ""
    assert tried(httpx.Response(404, headers=PROBLEM)) == ""


def test_every_other_answer_fails() -> None:
    assert "answers 404" in tried(httpx.Response(404)), "the API knows no such route"
    assert "refuses the canary with 401" in tried(httpx.Response(401))
    assert "refuses the canary with 403" in tried(httpx.Response(403, headers=PROBLEM))
    for code in (204, 302, 400, 429, 500, 502, 503):
        assert f"answers {code}" in tried(httpx.Response(code, headers=PROBLEM))
    assert "does not answer" in tried(httpx.ConnectTimeout("too late"))


def test_every_system_with_an_api_has_a_request_of_its_own_document() -> None:
    found = {each.system: each.path for each in smoke_requests(systems())}
    assert found.keys() == {s.name for s in systems() if any(f.routes for f in s.functions)}
    assert not [path for path in found.values() if "{" in path or "None" in path]


def document(root: Path, system: str, paths: Mapping[str, Any]) -> None:
    folder = root / "systems" / system
    folder.mkdir(parents=True)
    (folder / "openapi.json").write_text(json.dumps({"paths": paths}))


def parameter(name: str, place: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "required": True, "schema": {}, **more}


def test_the_request_is_the_read_that_needs_least_with_its_examples(tmp_path: Path) -> None:
    system = next(s for s in systems() if any(function.routes for function in s.functions))
    id, day = parameter("id", "path", example="a/b"), parameter("day", "query")
    with_example = {**day, "schema": {"examples": ["2026-01-31"]}}
    paths: dict[str, Any] = {
        "/b/{id}": {"get": {"parameters": [id, with_example]}},
        "/a/{id}": {"get": {"parameters": [id, day]}, "delete": {}},
        "/writes": {"post": {}},
    }
    document(tmp_path, system.name, paths)
    (request,) = smoke_requests([system], tmp_path)
    assert request.path == "/b/a%2Fb?day=2026-01-31"

    document(tmp_path / "least", system.name, {**paths, "/z": {"get": {"parameters": []}}})
    (request,) = smoke_requests([system], tmp_path / "least")
    assert request.path == "/z"

    document(tmp_path / "none", system.name, {"/a/{id}": paths["/a/{id}"]})
    with pytest.raises(KeylineError, match="no GET route whose parameters have examples"):
        smoke_requests([system], tmp_path / "none")


@pytest.fixture
def where(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield Deployed(load("dev"))


def keep(**secret: str) -> None:
    boto3.client("secretsmanager", region_name="us-east-1").create_secret(
        Name="keyline/canary/dev", SecretString=json.dumps(secret)
    )


CANARY = {"client_id": "canary", "client_secret": "word", "scope": "orders:read"}


def test_the_canary_gets_its_token_from_the_issuer(
    where: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(token_url="https://login.invalid/token", **CANARY)
    asked: list[tuple[Any, ...]] = []

    def post(url: str, *, data: Any, auth: Any, **_: Any) -> httpx.Response:
        asked.append((url, data, auth))
        return httpx.Response(200, json={"access_token": "abc"})

    monkeypatch.setattr(httpx, "post", post)
    assert canary_token(where) == "abc"
    form = {"grant_type": "client_credentials", "scope": "orders:read"}
    assert asked == [("https://login.invalid/token", form, ("canary", "word"))]


@pytest.mark.parametrize(
    ("secret", "answer", "says"),
    [
        ({}, 200, "is not what a canary has"),
        ({**CANARY, "token_url": "http://login.invalid"}, 200, "is not an https address"),
        ({**CANARY, "token_url": "https://login.invalid"}, 401, "it answers 401"),
        ({**CANARY, "token_url": "https://login.invalid"}, 200, "gives no token"),
    ],
)
def test_a_canary_without_a_token_is_an_error_that_tells_no_secret(
    secret: dict[str, str],
    answer: int,
    says: str,
    where: Deployed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep(**secret)
    monkeypatch.setattr(httpx, "post", lambda *_, **__: httpx.Response(answer, json={}))
    with pytest.raises(KeylineError, match=says) as told:
        canary_token(where)
    assert "word" not in str(told.value)


def test_an_environment_without_a_canary_is_an_error(where: Deployed) -> None:
    with pytest.raises(KeylineError, match="secret keyline/canary/dev"):
        canary_token(where)


def test_an_api_is_where_its_stack_says(where: Deployed) -> None:
    template = {
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {"ApiUrl": {"Value": "https://orders.invalid"}},
    }
    client = boto3.client("cloudformation", region_name="us-east-1")
    client.create_stack(StackName="orders-service-dev", TemplateBody=json.dumps(template))
    assert api_urls(where, ["orders"]) == {"orders": "https://orders.invalid"}
    with pytest.raises(KeylineError, match="stack other-service-dev"):
        api_urls(where, ["other"])
