"""Test that what was acknowledged outlives a killed engine and killed functions."""

from __future__ import annotations

import httpx
import pytest

from tests.support.kills import WRITERS, acknowledged_under_kills
from tests.support.platform import Running
from tests.systems.interactions.e2e.api import Api, of_kind

pytestmark = pytest.mark.xdist_group("interactions")


@pytest.mark.soak
def test_kills_of_engine_and_functions_lose_no_acknowledged_check(
    api: Api, running: Running
) -> None:
    # Given writers with a session each, who go on until they are told to stop
    token = api.user()
    sessions = [api.open(token) for _ in range(WRITERS)]

    def write(writer: int) -> httpx.Response:
        return api.send(sessions[writer], "warfarin", f"medicine {writer}", token)

    # When the engine and functions are killed again and again among their writes, which succeed
    # or fail cleanly
    acknowledged = [answer.json() for answer in acknowledged_under_kills(running, write)]

    # Then every acknowledged check is there, as it was acknowledged
    rows = [row for row in of_kind(running, "QUERY") if row["sessionId"] in sessions]
    stored = {row["PK"].partition("#")[2]: row["Data"] for row in rows}
    assert len({check["id"] for check in acknowledged}) == len(acknowledged)
    for check in acknowledged:
        assert stored[check["id"]].items() <= check.items()

    # And each session counts the checks that it has: both were written, or neither
    for session in sessions:
        mine = sorted(i for i, data in stored.items() if data["sessionId"] == session)
        assert api.get(f"/sessions/{session}", token)["queryCount"] == len(mine)
        shown = [check["id"] for check in api.history(session, token, limit=100)]
        assert shown == mine[::-1][:100]
