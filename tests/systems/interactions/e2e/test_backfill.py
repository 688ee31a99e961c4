"""An index of old items is filled on a running platform, by the operator's command."""

from __future__ import annotations

import pytest

from tests.support.platform import Running
from tests.systems.interactions.e2e.api import DATA, Api, of_kind
from tests.systems.interactions.e2e.command import keyline

pytestmark = pytest.mark.xdist_group("interactions")

NAME = f"{DATA}/GSI1"


def test_checks_of_before_an_index_come_into_it(api: Api, running: Running) -> None:
    # Given a session's checks, as a release without the index would have stored them
    token = api.user()
    session = api.open(token)
    made = [api.check(session, "warfarin", f"m{n}", token)["id"] for n in range(3)]
    for row in of_kind(running, "QUERY"):
        if row["sessionId"] == session:
            running.dynamodb.update_item(
                TableName=DATA,
                Key={"PK": {"S": row["PK"]}, "SK": {"S": row["SK"]}},
                UpdateExpression="REMOVE GSI1PK, GSI1SK",
            )
    assert api.history(session, token) == []

    # When an operator asks how many lack its key, and fills them
    checks, _ = keyline(running, "migrate", "interactions", NAME, "--step", "backfill", "--dry-run")
    assert checks["written"] == 3
    assert api.history(session, token) == []
    filled, sessions = keyline(running, "migrate", "interactions", NAME, "--step", "backfill")
    assert (filled["written"], sessions["written"]) == (3, 0)

    # Then the history has them, and nothing is left to be done
    assert [check["id"] for check in api.history(session, token)] == made[::-1]
    verdicts = keyline(running, "migrate", "interactions", NAME, "--step", "verify")
    assert all(verdict["faultless"] for verdict in verdicts)
