"""Test who may ask: the specification's own request, refused tokens, and a report's owner."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from tests.support.client import AUDIENCE, assert_problem
from tests.support.forgeries import FORGERIES, Forgery
from tests.support.platform import Running
from tests.systems.reports.e2e.api import ACCESS, REPORTS, Api, everything, fresh

pytestmark = pytest.mark.xdist_group("reports")

PRINTED = """\
curl -X POST http://localhost:3001/reports \\
  -H "Authorization: Bearer <token>" \\
  -d '{"title": "Test Report"}'
"""
"""As the specification has it."""


def keyline_token(root: Path, running: Running, *options: str) -> str:
    """Return what `keyline token` prints for the platform that runs."""
    command = [
        sys.executable,
        "-m",
        "keyline_ops.cli",
        "token",
        "--state",
        str(running.state),
        *options,
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    return subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()


def bash(command: str, running: Running, token: str) -> str:
    """Run a printed command against the API that listens here, with a token."""
    here = command.replace(":3001/", f":{urlsplit(running.url).port}/")
    done = subprocess.run(
        ["bash", "-c", here.replace("<token>", token)],
        env={"PATH": os.environ["PATH"], "NO_PROXY": "*", "TOKEN": token},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.requirement("K-40")
def test_the_specification_s_curl_works_as_it_is_printed(
    api: Api, running: Running, root: Path
) -> None:
    # Given a token of `keyline token`
    token = keyline_token(root, running, "--subject", "ada")

    # When the command of the specification is run, and the one of our guide
    guide = (root / "systems" / "reports" / "README.md").read_text()
    (ours,) = [line for line in guide.splitlines() if line.startswith("curl ")]
    answers = [msgspec.json.decode(bash(command, running, token)) for command in (PRINTED, ours)]

    # Then each has stored a report of this user
    for stored in answers:
        assert (stored["title"], stored["user_id"], stored["version"]) == ("Test Report", "ada", 1)
        assert api.get(f"/reports/{stored['id']}", token) == stored
    assert answers[0]["id"] != answers[1]["id"]


def _identity_token(running: Running) -> str:
    claims = {"token_use": "id", "email": "eve@example.com"}
    return running.platform.issuer.mint("eve", audience=AUDIENCE, claims=claims)


@pytest.mark.requirement("K-38")
@pytest.mark.parametrize("forge", FORGERIES)
def test_a_token_that_is_not_ours_is_refused_and_nothing_is_stored(
    api: Api, running: Running, forge: Forgery, tmp_path: Path
) -> None:
    # Given what is stored
    before = everything(running)

    # When somebody writes and reads with a forged or foreign token
    token = forge(running.platform.issuer, (), tmp_path)
    written = api.call("POST", "/reports", token=token, json={"title": "Mine"})
    read = api.call("GET", "/profile", token=token)

    # Then both are refused, and nothing has changed
    assert (written.status_code, read.status_code) == (401, 401)
    assert written.json() == {"message": "Unauthorized"}
    assert everything(running) == before


@pytest.mark.requirement("K-38")
def test_an_identity_token_opens_no_route(api: Api, running: Running) -> None:
    # Given a token that the issuer signed for this audience, of the other kind
    token = _identity_token(running)
    before = everything(running)

    # When each route is asked with it, by a request that an access token passes with
    bodies = {
        "PATCH": {"version": 1, "title": "Mine"},
        "POST": {"title": "Mine"},
        "PUT": {"model_version": "m", "embedding_vector": [1.0]},
    }
    asked = [route.key.split(" ") for route in running.api.routes]
    answers = [
        api.call(
            method,
            path.format(id=fresh(), productId=fresh()),
            token=token,
            json={"version": 1, "name": "Eve"} if path == "/profile" else bodies.get(method),
            params={"model_version": "m"} if path == "/embeddings" else None,
        )
        for method, path in asked
    ]

    # Then each refuses, and says what to send
    assert len(answers) == 13
    for answer in answers:
        assert_problem(answer, 401, "headers.authorization")
        assert "access token" in answer.json()["suggestion"]
    assert everything(running) == before


def test_without_a_token_no_route_answers(running: Running) -> None:
    statuses = {
        route.key: httpx.request(
            method, f"{running.url}{path.format(id='a', productId='b')}", trust_env=False
        ).status_code
        for route in running.api.routes
        for method, path in [route.key.split(" ")]
    }
    assert len(statuses) == 13
    assert statuses == dict.fromkeys(statuses, 401)


@pytest.mark.requirement("K-06")
@pytest.mark.parametrize("field", ["user_id", "id", "version", "created_at", "owner"])
def test_whose_a_report_is_no_body_says(api: Api, running: Running, field: str) -> None:
    # Given a user and another's report
    ada = api.user()
    report = api.create(api.user())
    before = everything(running)

    # When the user stores and changes one, and says in the body what only the token says
    value = report.get(field, report["user_id"])
    said = {"title": "Mine", field: value}
    stored = api.call("POST", "/reports", token=ada, json=said)
    assert_problem(stored, 400, f"body.{field}")

    # Then nothing is stored
    assert everything(running) == before


@pytest.mark.requirement("K-06", "K-31")
def test_what_no_one_sees_of_another(api: Api, running: Running) -> None:
    # Given a user's reports, and another user
    ada, eve = api.user(), api.user()
    reports = [api.create(ada, f"Secret {number}") for number in range(3)]
    cursor = api.get("/reports", ada, limit=2)["cursor"]
    before = everything(running)
    where = f"/reports/{reports[0]['id']}"

    # When the other asks for them in every way there is
    answers = [
        api.call("GET", where, token=eve),
        api.call("PATCH", where, token=eve, json={"version": 1, "title": "Mine"}),
        api.call("PATCH", where, token=eve, json={"version": 9, "title": "Mine"}),
        api.call("DELETE", where, token=eve),
        api.call("DELETE", where, token=eve, params={"version": 1}),
        api.call("PUT", f"{where}/favorites/p", token=eve),
        api.call("DELETE", f"{where}/favorites/p", token=eve),
    ]
    missing = api.call("GET", f"/reports/{fresh()}", token=eve)

    # Then each is answered as one that is not there, and a cursor is of no use to the other
    told = {**missing.json(), "instance": ""}
    for answer in answers:
        assert_problem(answer, 404, "path.id")
        assert {**answer.json(), "instance": ""} == told
    stolen = api.call("GET", "/reports", token=eve, params={"limit": 2, "cursor": cursor})
    assert_problem(stolen, 400, "query.cursor")
    assert api.get("/reports", eve) == {"reports": [], "cursor": None}
    assert everything(running) == before
    assert len([i for i in running.items(REPORTS) if i["user_id"] == reports[0]["user_id"]]) == 3


@pytest.mark.requirement("K-73")
def test_neither_tokens_nor_texts_nor_vectors_reach_the_logs(api: Api, running: Running) -> None:
    # Given a marker and a number that no log line may hold
    marker, number = fresh(), 0.123456789012345
    token = api.token(f"subject-{marker}", claims={**ACCESS, "email": f"{marker}@example.com"})

    # When they are stored, shown, changed and refused
    report = api.create(token, f"Title {marker}", author=marker, reference=marker)
    where = f"/reports/{report['id']}"
    api.call("PUT", f"{where}/favorites/{marker}", token=token).raise_for_status()
    api.call("PATCH", where, token=token, json={"version": 1, "title": marker}).raise_for_status()
    api.call("PATCH", where, token=token, json={"version": 1, "title": f"{marker} again"})
    api.call("PATCH", where, token=api.user(), json={"version": 1, "title": marker})
    api.get("/profile", token)
    api.call("POST", "/reports", token=token, json={"title": marker, "owner": marker})
    assert api.embed(marker, marker, [number] * 3).status_code == 200
    api.get(f"/products/{marker}/similar", token)
    api.embed(marker, marker, [number, float("1e39")])

    # Then neither the logs nor the files that the platform's processes write have them
    lines = [line.text for line in running.platform.logs.lines]
    assert any("PUT /products/{productId}/embedding" in line for line in lines)
    files = [file for file in running.state.rglob("*") if file.suffix in (".log", ".jsonl")]
    assert {"engine.log", "reports-local.access.log"} <= {file.name for file in files}
    texts = lines + [file.read_text() for file in files]
    secrets = (marker, token, str(number))
    assert [secret for secret in secrets if any(secret in text for text in texts)] == []
