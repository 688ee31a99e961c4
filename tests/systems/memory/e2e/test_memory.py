"""The memory of a user over HTTP, with real tokens, streams and a real redis."""

from __future__ import annotations

import pytest

from tests.support.client import assert_problem
from tests.support.platform import Running
from tests.systems.memory.e2e.api import SCOPES, Api, fresh

pytestmark = pytest.mark.xdist_group("memory")


@pytest.mark.requirement("I-19", "I-45", "I-49", "I-50")
def test_what_is_saved_is_recalled_at_once_and_forgotten_for_good(
    api: Api, running: Running
) -> None:
    token, session = api.token(fresh()), fresh()
    for n in range(3):
        api.save(token, session, f"Penguins, part {n}.")
        found = api.context(token, session, "penguins")
        assert [turn["summary"] for turn in found["session"]] == [
            f"Penguins, part {k}." for k in range(n + 1)
        ]
    running.settle()
    assert len(api.get("/history", token)["turns"]) == 3
    search = api.call("POST", "/searches", token=token, json={"query": "penguins part"})
    assert len(search.json()["turns"]) == 3

    forgotten = api.call("DELETE", "/history", token=token).json()
    assert (forgotten["turns"], forgotten["complete"]) == (3, True)
    assert api.get("/history", token)["turns"] == []
    assert api.context(token, session, "penguins")["text"] == ""


def test_another_user_and_another_scope_reach_nothing(api: Api) -> None:
    owner, session = fresh(), fresh()
    (turn,) = api.save(api.token(owner), session, "Mine alone.")
    stranger = api.token(fresh())
    assert_problem(api.call("GET", f"/turns/{turn}", token=stranger), 404, "path.turnId")
    path = f"/sessions/{session}"
    assert_problem(api.call("GET", path, token=stranger), 404, "path.sessionId")
    reader = api.token(owner, scopes=SCOPES[:1])
    assert api.call("DELETE", path, token=reader).status_code == 403
    assert api.call("GET", path, token="none").status_code == 401
    assert len(api.get(path, api.token(owner))["turns"]) == 1
