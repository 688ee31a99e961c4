"""Sessions, their histories and how both end."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from tests.support.client import assert_problem
from tests.support.platform import Running
from tests.systems.interactions.e2e.api import DATA, Api, fresh, of_kind, without_windows

pytestmark = pytest.mark.xdist_group("interactions")

_write = TypeSerializer().serialize


def rows(running: Running, session: str) -> list[dict[str, Any]]:
    """Return a session's stored checks, oldest first."""
    found = [row for row in of_kind(running, "QUERY") if row["sessionId"] == session]
    return sorted(found, key=lambda row: str(row["PK"]))


def expire(running: Running, *items: dict[str, Any]) -> None:
    """Let the time of items be over, as if it had passed."""
    for item in items:
        running.dynamodb.update_item(
            TableName=DATA,
            Key={"PK": {"S": item["PK"]}, "SK": {"S": item["SK"]}},
            UpdateExpression="SET #ttl = :past",
            ExpressionAttributeNames={"#ttl": "TTL"},
            ExpressionAttributeValues={":past": {"N": str(int(time.time()) - 5)}},
        )


def age(running: Running, row: dict[str, Any], days: float) -> None:
    """Put a check back in time, expiry included, as if it had been made so long ago."""
    moment = datetime.now(UTC) - timedelta(days=days)
    at = f"{moment:%Y-%m-%dT%H:%M:%S.}{moment.microsecond // 1000:03}Z"
    name = f"QUERY#{at}#{row['id']}"
    older = {
        **row,
        **{"PK": name, "GSI1SK": name, "at": at, "TTL": int(moment.timestamp()) + 30 * 86_400},
        "Data": {**row["Data"], "timestamp": at},
    }
    key = {"PK": {"S": row["PK"]}, "SK": {"S": row["SK"]}}
    running.dynamodb.delete_item(TableName=DATA, Key=key)
    item = {name: _write(value) for name, value in older.items()}
    running.dynamodb.put_item(TableName=DATA, Item=item)


@pytest.mark.requirement("M-15", "M-16", "M-18", "M-35", "M-63")
def test_a_session_s_history_is_what_was_checked_in_it_newest_first(api: Api) -> None:
    # Given two users, one with two sessions
    own, other = api.user(), api.user()
    session, second, theirs = api.open(own), api.open(own), api.open(other)

    # When checks are made in all of them, some risky
    made = [
        api.check(session, "  Warfarin " if n % 2 else "aspirin", f"ibuprofen {n}", own)
        for n in range(13)
    ]
    risky = api.check(session, "IBUPROFEN", " warfarin", own)
    apart = api.check(second, "paracetamol", "vitamin c", own)
    foreign = api.check(theirs, "warfarin", "aspirin", other)

    # Then each answer says what was asked, what came of it, and that it is not advice
    assert (made[1]["medA"], made[1]["medB"]) == ("Warfarin", "ibuprofen 1")
    assert risky["isPotentiallyRisky"] and risky["reason"]
    assert not apart["isPotentiallyRisky"]
    assert "medical advice" in risky["advice"]

    # And a history holds its session's, the newest ten unless asked otherwise
    newest = [risky, *made[::-1]]
    assert api.history(session, own) == newest[:10]
    assert api.history(session, own, limit=1) == newest[:1]
    assert api.history(session, own, limit=100) == newest
    assert api.history(second, own) == [apart]
    assert api.history(theirs, other) == [foreign]

    # And the session counts them, in every list of it
    shown = api.get(f"/sessions/{session}", own)
    assert (shown["queryCount"], shown["lastActivity"]) == (14, risky["timestamp"])
    assert shown["createdAt"] <= made[0]["timestamp"] < shown["expiresAt"]
    for found in (api.get("/sessions", own), api.get("/me", own)):
        assert {s["sessionId"]: s["queryCount"] for s in found["sessions"]} == {
            session: 14,
            second: 1,
        }


@pytest.mark.requirement("M-11", "M-35")
def test_checks_of_one_moment_are_all_kept_and_counted(api: Api, running: Running) -> None:
    # Given the sessions of several users
    users = [api.user() for _ in range(4)]
    sessions = [api.open(token) for token in users]

    # When many of them are used at once
    def check(n: int) -> dict[str, Any]:
        return api.check(sessions[n % 4], "warfarin", f"medicine {n}", users[n % 4])

    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(check, range(120)))

    # Then every check has its name and is its session's alone
    assert len({each["id"] for each in made}) == 120
    for at, session in enumerate(sessions):
        mine = {each["id"] for each in made if each["sessionId"] == session}
        assert {row["PK"].partition("#")[2] for row in rows(running, session)} == mine
        assert {each["id"] for each in api.history(session, users[at], limit=100)} == mine
        assert api.get(f"/sessions/{session}", users[at])["queryCount"] == len(mine) == 30


def test_a_history_that_was_cleared_is_empty_and_goes_on(api: Api, running: Running) -> None:
    # Given two sessions with checks
    own = api.user()
    session, second = api.open(own), api.open(own)
    for n in range(30):
        api.check(session, "warfarin", f"medicine {n}", own)
    kept = api.check(second, token=own)

    # When one is cleared, twice
    for _ in range(2):
        cleared = api.call("DELETE", f"/sessions/{session}/history", token=own)
        assert (cleared.status_code, cleared.content) == (204, b"")

    # Then it is empty, stored rows included, and the other is not
    assert api.history(session, own, limit=100) == []
    assert rows(running, session) == []
    assert api.history(second, own) == [kept]

    # And it goes on; the session has counted all that was ever checked
    again = api.check(session, token=own)
    assert api.history(session, own) == [again]
    assert api.get(f"/sessions/{session}", own)["queryCount"] == 31


@pytest.mark.requirement("M-14", "M-16", "X-04")
def test_a_history_leaves_out_what_has_expired_and_is_full_all_the_same(
    api: Api, running: Running
) -> None:
    # Given a session of twenty checks: the newest five have expired, the oldest are 31 days old
    own = api.user()
    session = api.open(own)
    made = [api.check(session, "warfarin", f"medicine {n}", own) for n in range(20)]
    stored = rows(running, session)
    assert [row["PK"].partition("#")[2] for row in stored] == [each["id"] for each in made]
    expire(running, *stored[15:])
    for row in stored[:2]:
        age(running, row, 31)
    age(running, stored[2], 29)

    # When it is read, swept, and read again
    newest = made[14:2:-1]
    for _ in range(2):
        assert api.history(session, own) == newest[:10]
        every = api.history(session, own, limit=100)
        assert [check["medB"] for check in every] == [
            *(check["medB"] for check in newest),
            "medicine 2",
        ]
        running.sweep()

    # Then what has expired is deleted, and nothing else
    assert len(rows(running, session)) == 13


@pytest.mark.requirement("M-32", "M-34", "X-04")
def test_a_session_that_is_over_is_none_before_and_after_it_is_deleted(
    api: Api, running: Running
) -> None:
    # Given a user with two sessions, one of which is over
    user = fresh()
    own = api.user(user)
    session, live = api.open(own), api.open(own)
    api.check(session, token=own)
    (item,) = [s for s in of_kind(running, "SESSION") if s["sessionId"] == session]
    assert (item["PK"], item["SK"]) == (f"USER#{user}", f"SESSION#{session}")
    expire(running, item)

    for deleted in (0, 1):
        # When it is asked for in every way, before DynamoDB has deleted it and after
        before = without_windows(running)
        answers = [
            api.send(session, "warfarin", "aspirin", own),
            api.call("GET", f"/sessions/{session}", token=own),
            api.call("GET", f"/sessions/{session}/history", token=own),
            api.call("DELETE", f"/sessions/{session}/history", token=own),
            api.call("GET", f"/analytics/sessions/{session}"),
        ]

        # Then it does not exist, nothing is stored or deleted, and the other session goes on
        for answer in answers:
            assert_problem(answer, 404)
        for path in ("/sessions", "/me"):
            assert [s["sessionId"] for s in api.get(path, own)["sessions"]] == [live], path
        assert api.get(f"/sessions/{live}", own)["queryCount"] == 0
        assert without_windows(running) == before

        if not deleted:
            assert running.sweep().counts[DATA] >= 1
    left = [s["sessionId"] for s in of_kind(running, "SESSION") if s["PK"] == f"USER#{user}"]
    assert left == [live]
