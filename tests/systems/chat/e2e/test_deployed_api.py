"""The deployed API, from token to roll-up: the functions have their roles, and no more."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest

from chat.system import READ_SCOPE, SYSTEM
from keyline_deploy.environment import load
from keyline_local import Issuer
from tests.support.deploy.deployment import ENVIRONMENT, DeployedApi, Deployment
from tests.support.tables import attribute_types
from tests.systems.chat.e2e.api import STAFF

pytestmark = pytest.mark.deploy

ROLLUPS = f"ChatDailyRollups-{ENVIRONMENT}"
MESSAGES = f"ChatMessages-{ENVIRONMENT}"


@pytest.fixture(scope="session")
def api(deployment: Deployment) -> DeployedApi:
    return DeployedApi(deployment, SYSTEM, STAFF)


def message(module: int, **fields: Any) -> dict[str, Any]:
    return {
        "moduleId": module,
        "provider": "openai",
        "modelUsed": "gpt-4o-mini",
        "question": "How do I add fractions?",
        "response": "Find a common denominator first. " * 40,
        "tokenCount": 42,
        "responseTime": 830,
        **fields,
    }


def post(api: DeployedApi, conversation: str, body: dict[str, Any]) -> dict[str, Any]:
    path = f"/conversations/{conversation}/messages"
    answer = api.call("POST", path, api.token(), json=body)
    assert answer.status_code == 201, answer.text
    stored: dict[str, Any] = answer.json()
    return stored


@pytest.mark.requirement("T-08", "T-09", "T-25", "T-35", "X-07")
def test_a_message_is_stored_and_read_back_through_every_index(api: DeployedApi) -> None:
    # Given a message with a response long enough to be stored compressed
    sent = message(11, studentId=411, provider="anthropic")

    # When it is posted between two like it
    earlier = post(api, "others", sent)
    stored = post(api, "every-index", sent)
    later = post(api, "others", sent)

    # Then every index shows it as it was sent, alone in its range of time
    assert {name: stored[name] for name in sent} == sent
    then = {"from": stored["timestamp"], "to": stored["timestamp"]}
    found = {
        "conversation": api.get("/conversations/every-index/messages"),
        "module": api.get("/modules/11/messages", **then),
        "student": api.get("/students/411/messages", **then),
        "provider": api.get("/providers/anthropic/messages", **then),
    }
    for name, page in found.items():
        assert page["messages"] == [stored], name
    recent = api.get("/students/411/recent")["messages"]
    assert recent == [later, stored, earlier]


@pytest.mark.requirement("T-22", "T-50")
def test_pages_follow_a_cursor_that_the_deployed_secret_signs(api: DeployedApi) -> None:
    # Given three messages of a module
    newest_first = [post(api, "pages", message(12)) for _ in range(3)][::-1]

    # When they are read two at a time
    first = api.get("/modules/12/messages", limit=2)
    second = api.get("/modules/12/messages", limit=2, cursor=first["cursor"])

    # Then the pages are all there is, and the cursor is good for nobody else
    assert first["messages"] + second["messages"] == newest_first
    assert second["cursor"] is None
    other = api.token("another")
    params = {"limit": 2, "cursor": first["cursor"]}
    assert api.call("GET", "/modules/12/messages", other, params=params).status_code == 400


@pytest.mark.requirement("T-43")
def test_a_message_reaches_the_daily_totals_through_the_stream(api: DeployedApi) -> None:
    # Given messages of a module, of one day unless midnight comes between
    stored = [post(api, "totals", message(13, studentId=s)) for s in (1, 2, 2)]

    # When the stream has been consumed
    _until(api, lambda: counted(api, stored) == len(stored))

    # Then the report, which reads totals, has each message once
    days = {"from": stored[0]["createdAt"][:10], "to": stored[-1]["createdAt"][:10]}
    rows = api.get("/modules/13/reports", **days)["rows"]
    assert sum(row["messages"] for row in rows) == 3
    assert sum(row["tokens"] for row in rows) == 3 * 42
    if len(rows) == 1:
        assert rows[0]["uniqueStudents"] == 2


def counted(api: DeployedApi, messages: list[dict[str, Any]]) -> int:
    """Return how many of the messages are marked as counted."""
    client = api.deployment.client("dynamodb")
    marks = [{"pk": {"S": f"COUNTED#{m['messageId']}"}, "sk": {"S": "-"}} for m in messages]
    found = client.batch_get_item(RequestItems={ROLLUPS: {"Keys": marks}})["Responses"]
    return len(found[ROLLUPS])


def _until(api: DeployedApi, happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline, "nothing came through the stream in a minute"
        time.sleep(0.2)


def _no_token(api: DeployedApi, folder: Path) -> str | None:
    return None


def _another_key(api: DeployedApi, folder: Path) -> str:
    """Return a forger's signature, under the name of the real key."""
    real = api.token("eve")
    claims = jwt.decode(real, options={"verify_signature": False})
    forged = Issuer(api.deployment.issuer.url, folder)._key
    name = jwt.get_unverified_header(real)["kid"]
    return jwt.encode(claims, forged, "RS256", headers={"kid": name})


def _altered(api: DeployedApi, folder: Path) -> str:
    """Return the real signature over another's claims."""
    _, claims, _ = api.token("staff").split(".")
    header, _, signature = api.token("eve").split(".")
    return f"{header}.{claims}.{signature}"


def _expired(api: DeployedApi, folder: Path) -> str:
    return api.token(expires=-60)


def _for_others(api: DeployedApi, folder: Path) -> str:
    return api.token(audience=load("staging").auth.audience)


def _other_issuer(api: DeployedApi, folder: Path) -> str:
    return api.token(claims={"iss": "https://other.example.com"})


@pytest.mark.parametrize(
    "token", [_no_token, _another_key, _altered, _expired, _for_others, _other_issuer]
)
def test_a_token_that_is_not_the_issuers_is_refused_at_the_door(
    api: DeployedApi, tmp_path: Path, token: Callable[[DeployedApi, Path], str | None]
) -> None:
    conversation = f"refused{token.__name__}"
    path = f"/conversations/{conversation}/messages"

    answer = api.call("POST", path, token(api, tmp_path), json=message(14))

    # The door's own answer: the function, which asks for claims as well, would explain itself
    assert answer.status_code == 401, answer.text
    assert answer.json() == {"message": "Unauthorized"}
    assert stored_in(api, conversation) == 0


def test_a_token_without_the_routes_scope_is_refused_at_the_door(api: DeployedApi) -> None:
    reader = api.token(scopes=[READ_SCOPE])

    answer = api.call("POST", "/conversations/no-scope/messages", reader, json=message(15))

    assert answer.status_code == 403, answer.text
    assert answer.json() == {"message": "Forbidden"}
    assert stored_in(api, "no-scope") == 0
    assert api.call("GET", "/modules/15/messages", reader).status_code == 200


def test_what_is_not_declared_is_not_there(api: DeployedApi) -> None:
    assert api.call("GET", "/nothing", api.token()).status_code == 404


def stored_in(api: DeployedApi, conversation: str) -> int:
    found = api.deployment.client("dynamodb").query(
        TableName=MESSAGES,
        KeyConditionExpression="conversationId = :it",
        ExpressionAttributeValues={":it": {"S": conversation}},
        Select="COUNT",
    )
    return int(found["Count"])


@pytest.mark.requirement("T-01", "T-02", "T-03", "T-04", "T-05", "T-06")
def test_the_table_has_the_keys_and_indexes_of_the_specification(
    deployment: Deployment,
) -> None:
    found = deployment.table(f"ChatMessages-{ENVIRONMENT}")

    assert found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert keys(found) == {"HASH": ("conversationId", "S"), "RANGE": ("timestamp", "N")}
    indexes = {index["IndexName"]: index for index in found["GlobalSecondaryIndexes"]}
    by = {"ModuleAnalyticsIndex": "moduleId", "StudentActivityIndex": "studentId"}
    types = dict.fromkeys(by.values(), "N") | {"provider": "S"}
    by["ProviderUsageIndex"] = "provider"
    assert indexes.keys() == by.keys()
    for name, attribute in by.items():
        assert indexes[name]["Projection"] == {"ProjectionType": "ALL"}
        schema = keys({**found, "KeySchema": indexes[name]["KeySchema"]})
        assert schema == {"HASH": (attribute, types[attribute]), "RANGE": ("timestamp", "N")}


def keys(table: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Attribute and type by role in the key."""
    known = attribute_types(table)
    return {
        k["KeyType"]: (k["AttributeName"], known[k["AttributeName"]]) for k in table["KeySchema"]
    }
