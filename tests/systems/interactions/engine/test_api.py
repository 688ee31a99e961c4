"""The interactions API's Lambda handlers, called with API Gateway's events."""

from __future__ import annotations

import io
import logging
import time
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interactions.patterns import SESSION_CREATE
from interactions.rules import ADVICE, UNKNOWN
from interactions.system import SYSTEM
from tests.support.weeks import metered
from tests.systems.interactions.on_engine import ADDRESS, Api, MakeMediphant, Mediphant

CHECK = "POST /interactions"
HISTORY = "GET /sessions/{sessionId}/history"
CLEAR = "DELETE /sessions/{sessionId}/history"
OPEN = "POST /sessions"
SESSIONS = "GET /sessions"
SESSION = "GET /sessions/{sessionId}"
ME = "GET /me"
USAGE = "GET /rate-limit"
OWNER = "GET /analytics/sessions/{sessionId}"


def opened(api: Api, user: str = "ada") -> str:
    """Return the id of a new session."""
    answer = api(OPEN, user=user)
    assert answer.status == 201, answer.body
    return str(answer.body["sessionId"])


def two(session: str, first: str = "warfarin", second: str = "ibuprofen") -> dict[str, Any]:
    """Return the body of a check."""
    return {"medA": first, "medB": second, "sessionId": session}


def in_path(session: str) -> dict[str, str]:
    """Path parameters."""
    return {"sessionId": session}


@pytest.mark.requirement("M-15", "M-17", "M-18", "M-63")
def test_a_check_is_answered_kept_and_shown_in_the_history(mediphant: Mediphant) -> None:
    api = mediphant.app("interactions")
    session = opened(api)
    made = api(CHECK, body=two(session, "  Warfarin ", "IBUPROFEN"))
    assert made.status == 201
    (row,) = mediphant.rows("QUERY")
    assert made.body == {
        "id": row["PK"]["S"].partition("#")[2],
        "medA": "Warfarin",
        "medB": "IBUPROFEN",
        "isPotentiallyRisky": True,
        "reason": "increased bleeding risk",
        "timestamp": row["Data"]["M"]["timestamp"]["S"],
        "sessionId": session,
        "unknown": [],
        "advice": ADVICE,
    }
    harmless = api(CHECK, body=two(session, "paracetamol", "water"))
    assert (harmless.body["isPotentiallyRisky"], harmless.body["reason"]) == (False, UNKNOWN)
    shown = api(HISTORY, in_path(session))
    assert shown.status == 200
    assert set(shown.body) == {"checks", "completeFrom"}
    assert shown.body["checks"] == [harmless.body, made.body]
    assert api(SESSION, in_path(session)).body["queryCount"] == 2


@pytest.mark.requirement("M-16")
def test_a_history_shows_ten_unless_more_or_fewer_are_asked_for(mediphant: Mediphant) -> None:
    api = mediphant.app("interactions")
    session = opened(api)
    ids = [api(CHECK, body=two(session, "a", f"b{n}")).body["id"] for n in range(13)]
    for query, count in (("", 10), ("limit=3", 3), ("limit=100", 13)):
        shown = api(HISTORY, in_path(session), query=query).body["checks"]
        assert [check["id"] for check in shown] == ids[::-1][:count]
    for query in ("limit=0", "limit=101", "limit=ten", "limit=1&limit=2", "page=2"):
        assert api(HISTORY, in_path(session), query=query).status == 400


@pytest.mark.requirement("M-19", "M-57", "M-62")
def test_how_many_calls_of_dynamodb_a_request_is(mediphant: Mediphant) -> None:
    """`systems/interactions/README.md` says the same."""
    api = mediphant.app("interactions")
    session = opened(api)
    calls = metered(mediphant.monkeypatch, mediphant.system)

    def of(route: str, path: dict[str, str] | None = None, body: Any = None) -> list[str]:
        calls.clear()
        assert api(route, path, body=body).status < 300
        return [call.pattern for call in calls]

    path = in_path(session)
    assert of(CHECK, body=two(session)) == ["rate-limit-count", "check-add"]
    assert of(HISTORY, path) == ["rate-limit-count", "session-get", "history"]
    assert of(CLEAR, path) == ["session-get", "history-keys", "history-clear"]
    assert of(OPEN) == ["session-open"]
    assert of(SESSIONS) == ["sessions-of-user"]
    assert of(SESSION, path) == ["session-get"]
    assert of(ME) == ["user-and-sessions"]
    assert of(USAGE) == ["rate-limit-window"]
    assert of(OWNER, path) == ["session-owner"]


def test_a_session_of_another_user_is_none_of_mine(mediphant: Mediphant) -> None:
    api = mediphant.app("interactions")
    session = opened(api, "ada")
    api(CHECK, body=two(session), user="ada")
    before = mediphant.rows("QUERY") + mediphant.rows("SESSION")
    refused = [
        api(CHECK, body=two(session), user="grace"),
        api(HISTORY, in_path(session), user="grace"),
        api(CLEAR, in_path(session), user="grace"),
        api(SESSION, in_path(session), user="grace"),
        api(CHECK, body=two("none-such"), user="ada"),
        api(HISTORY, in_path("none-such"), user="ada"),
    ]
    assert [answer.status for answer in refused] == [404] * 6
    in_body, in_the_path = "body.sessionId", "path.sessionId"
    paths = [in_body, in_the_path, in_the_path, in_the_path, in_body, in_the_path]
    assert [answer.body["path"] for answer in refused] == paths
    assert all(a.headers["content-type"] == "application/problem+json" for a in refused)
    assert mediphant.rows("QUERY") + mediphant.rows("SESSION") == before
    assert api(SESSIONS, user="grace").body == {"sessions": [], "cursor": None}


def test_a_request_without_a_user_is_refused(mediphant: Mediphant) -> None:
    api = mediphant.app("interactions")
    for route, path in ((OPEN, None), (ME, None), (HISTORY, in_path("s")), (CHECK, None)):
        assert api(route, path, user=None, body=two("s")).status == 401
    assert mediphant.rows() == []


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        ({"medA": "x" * 101}, 400, "body.medA"),
        ({"medB": ""}, 400, "body.medB"),
        ({"medB": "   "}, 400, "body.medB"),
        ({"medB": 7}, 400, "body.medB"),
        ({"medB": "warfarin"}, 400, "body.medB"),
        ({"medB": "  WarFarin\u00a0"}, 400, "body.medB"),
        ({"medA": "ASA", "medB": "acetylsalicylic  acid"}, 400, "body.medB"),
        ({"medA": "war\nfarin"}, 400, "body.medA"),
        ({"medA": "war\u200bfarin"}, 400, "body.medA"),
        ({"medA": "war\u202efarin"}, 400, "body.medA"),
        ({"medA": "\u200d\u200c"}, 400, "body.medA"),
        ({"medB": "war\u200dfarin"}, 400, "body.medB"),
        ({"medA": "war\u0000farin"}, 400, "body.medA"),
        ({"sessionId": ""}, 400, "body.sessionId"),
        ({"sessionId": "a b"}, 400, "body.sessionId"),
        ({"sessionId": "#" * 65}, 400, "body.sessionId"),
        ({"sessionId": "0f8fad5b\n"}, 400, "body.sessionId"),
        ({"isPotentiallyRisky": False}, 400, "body.isPotentiallyRisky"),
        ({"medA": "x" * 1_000_000}, 413, "body"),
    ],
)
def test_a_wrong_check_stores_nothing_and_costs_nothing_of_the_limit(
    mediphant: Mediphant, body: dict[str, Any], status: int, path: str
) -> None:
    api = mediphant.app("interactions")
    session = opened(api)
    before = mediphant.rows()
    answer = api(CHECK, body={**two(session), **body})
    assert (answer.status, answer.body["path"]) == (status, path)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.body["detail"]
    assert answer.body["suggestion"]
    assert mediphant.rows() == before


NAMES = st.text(max_size=12) | st.sampled_from(["warfarin", " Warfarin", "ASA", "aspirin"])


@pytest.mark.requirement("M-18")
def test_whatever_is_named_is_kept_as_it_was_answered_or_refused_and_not_kept(
    make_mediphant: MakeMediphant,
) -> None:
    mediphant = make_mediphant(rate_limit=100_000)
    api = mediphant.app("interactions")
    session = opened(api)
    kept: list[str] = []

    @given(NAMES, NAMES)
    @settings(max_examples=100, derandomize=True)
    def ask(first: str, second: str) -> None:
        answer = api(CHECK, body=two(session, first, second))
        if answer.status == 201:
            kept.append(answer.body["id"])
            assert answer.body["medA"] == " ".join(first.split())
        else:
            assert answer.status == 400
            assert answer.body["path"] in ("body.medA", "body.medB")

    ask()
    assert kept
    assert sorted(row["PK"]["S"] for row in mediphant.rows("QUERY")) == sorted(
        f"QUERY#{name}" for name in kept
    )
    assert api(SESSION, in_path(session)).body["queryCount"] == len(kept)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ({"text": "medA=warfarin", "headers": {"content-type": "text/plain"}}, 415),
        ({"text": "{}", "headers": {}}, 415),
        ({"text": "{"}, 400),
        ({"text": ""}, 400),
        ({"text": "[]"}, 400),
        ({"text": '{"medA": "\\ud800", "medB": "b", "sessionId": "s"}'}, 400),
        ({"raw": b"\xff\xfe"}, 400),
    ],
)
def test_what_is_no_check_stores_nothing(
    mediphant: Mediphant, raw: dict[str, Any], status: int
) -> None:
    api = mediphant.app("interactions")
    assert api(CHECK, **raw).status == status
    assert mediphant.rows() == []


def test_a_method_that_no_route_has_is_answered_404_as_by_api_gateway(
    mediphant: Mediphant,
) -> None:
    api = mediphant.app("interactions")
    answer = api("PUT /interactions", body=two("s"))
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert mediphant.rows() == []


@pytest.mark.requirement("M-19", "M-25")
def test_a_client_is_told_what_is_left_and_refused_when_nothing_is(
    make_mediphant: MakeMediphant,
) -> None:
    mediphant = make_mediphant(rate_limit=3)
    api = mediphant.app("interactions")
    session = opened(api)
    answers = [
        api(CHECK, body=two(session)),
        api(HISTORY, in_path(session)),
        api(CHECK, body=two(session)),
        # A header does not make it another client.
        api(
            CHECK,
            body=two(session),
            headers={"content-type": "application/json", "x-forwarded-for": "198.51.100.7"},
        ),
        api(HISTORY, in_path(session)),
    ]
    assert [answer.status for answer in answers] == [201, 200, 201, 429, 429]
    left = [answer.headers["ratelimit"].partition(";t=")[0] for answer in answers]
    assert left == [f'"default";r={n}' for n in (2, 1, 0, 0, 0)]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"default";q=3;w=3600'}
    assert 1 <= int(answers[3].headers["retry-after"]) <= 3600
    assert answers[3].headers["content-type"] == "application/problem+json"
    told = answers[3].body
    assert (told["type"], told["title"]) == (
        "urn:problem-type:too-many-requests",
        "Too Many Requests",
    )
    assert (told["path"], told["detail"]) == ("client", "has made 3 requests in 3600 seconds.")
    assert told["suggestion"] == f"Try again in {answers[3].headers['retry-after']} seconds."
    assert len(mediphant.rows("QUERY")) == 2
    assert api(CHECK, body=two(session), address="198.51.100.7").status == 201


def test_a_client_can_ask_what_is_left_without_using_it(mediphant: Mediphant) -> None:
    api = mediphant.app("interactions")
    session = opened(api)
    api(CHECK, body=two(session))
    asked = [api(USAGE) for _ in range(2)]
    for answer in asked:
        assert answer.status == 200
        assert (answer.body["count"], answer.body["remaining"]) == (1, 99)
        assert answer.body["windowStart"] < answer.body["windowEnd"]
    assert api(USAGE, address="198.51.100.7").body["count"] == 0


@pytest.mark.requirement("M-25")
def test_no_row_has_an_address_in_it(mediphant: Mediphant) -> None:
    api = mediphant.app("interactions")
    api(CHECK, body=two(opened(api)))
    (row,) = mediphant.rows("RATE_LIMIT")
    assert ADDRESS not in str(mediphant.rows())
    other = mediphant.app("faq")
    other("GET /faq", query="q=dose")
    (again,) = mediphant.rows("RATE_LIMIT")
    assert (again["PK"], again["count"]) == (row["PK"], {"N": "2"})
    elsewhere = mediphant.app("interactions", KEYLINE_CURSOR_SECRET="another secret")
    elsewhere(CHECK, body=two(opened(elsewhere)))
    assert len({each["client"]["S"] for each in mediphant.rows("RATE_LIMIT")}) == 2


@pytest.mark.requirement("M-63")
def test_a_history_is_cleared(mediphant: Mediphant) -> None:
    api = mediphant.app("interactions")
    session = opened(api)
    for n in range(3):
        api(CHECK, body=two(session, "a", f"b{n}"))
    assert api(CLEAR, in_path(session)).status == 204
    assert api(HISTORY, in_path(session)).body["checks"] == []
    assert mediphant.rows("QUERY") == []


def test_a_history_says_from_when_on_it_is_whole_and_a_session_counts_what_was_made(
    make_mediphant: MakeMediphant,
) -> None:
    # Given a session with checks of many ages, some of them older than checks are kept
    mediphant = make_mediphant(history_days=10, session_days=30)
    now, ages = time.time(), (0.5, 9.9, 10.1, 12)
    session = mediphant.at_ms((now - 13 * 86_400) * 1000).open_session("ada")
    for age in ages:
        mediphant.at_ms((now - age * 86_400) * 1000).add_query(
            "ada", session.sessionId, med_a="a", med_b="b", is_potentially_risky=False, reason="-"
        )

    # When it is read
    api = mediphant.app("interactions")
    shown = api(HISTORY, in_path(session.sessionId)).body

    # Then every check since the moment that it says is there, and the others still count
    since = datetime.fromisoformat(shown["completeFrom"]).timestamp()
    assert now - 10 * 86_400 < since < now - 9.9 * 86_400
    made = [datetime.fromisoformat(check["timestamp"]).timestamp() for check in shown["checks"]]
    assert made == pytest.approx([now - 0.5 * 86_400, now - 9.9 * 86_400], abs=0.002)
    assert api(SESSION, in_path(session.sessionId)).body["queryCount"] == len(ages)


@pytest.mark.requirement("M-34", "M-63")
def test_sessions_are_opened_listed_and_over_in_time(mediphant: Mediphant) -> None:
    api = mediphant.app("interactions")
    made = api(OPEN)
    assert made.headers["location"] == f"/sessions/{made.body['sessionId']}"
    assert api(SESSION, in_path(made.body["sessionId"])).body == made.body
    other = opened(api)
    over = msgspec.structs.replace(
        mediphant.at_ms(1_700_000_000_000).open_session("ada"), sessionId="over"
    )
    mediphant.store.put(SESSION_CREATE, over)
    mine = sorted((made.body["sessionId"], other))
    assert [s["sessionId"] for s in api(SESSIONS).body["sessions"]] == mine
    me = api(ME).body
    assert (me["userId"], [s["sessionId"] for s in me["sessions"]]) == ("ada", mine)
    assert me["createdAt"] == made.body["createdAt"]
    assert api(SESSION, in_path("over")).status == 404
    nobody: dict[str, Any] = {"userId": "grace", "createdAt": None, "sessions": [], "cursor": None}
    assert api(ME, user="grace").body == nobody


@pytest.mark.requirement("M-63")
def test_sessions_come_in_pages_and_me_shows_the_first(mediphant: Mediphant) -> None:
    api = mediphant.app("interactions")
    mine = sorted(opened(api) for _ in range(5))
    opened(api, "grace")

    def shown(answer: Any) -> tuple[list[str], str | None]:
        return [each["sessionId"] for each in answer.body["sessions"]], answer.body["cursor"]

    assert shown(api(ME)) == shown(api(SESSIONS)) == (mine, None)
    for first in (api(ME, query="limit=2"), api(SESSIONS, query="limit=2")):
        assert shown(first) == (mine[:2], mine[1])
    second = api(SESSIONS, query=f"limit=2&cursor={mine[1]}")
    assert shown(second) == (mine[2:4], mine[3])
    assert shown(api(SESSIONS, query=f"limit=2&cursor={mine[3]}")) == (mine[4:], None)
    for query in ("limit=0", "limit=101", "cursor=", "cursor=a%20b", "page=2"):
        assert api(SESSIONS, query=query).status == 400


def test_as_many_sessions_as_a_page_has_fit_into_it_whoever_opened_them(
    mediphant: Mediphant,
) -> None:
    user = "😀" * 250
    for _ in range(101):
        mediphant.history.open_session(user)
    api = mediphant.app("interactions")
    for route in (ME, SESSIONS):
        answer = api(route, user=user)
        assert (answer.status, len(answer.body["sessions"])) == (200, 100)
        assert answer.body["cursor"] == answer.body["sessions"][-1]["sessionId"]


@pytest.mark.requirement("M-09")
def test_support_finds_whose_session_it_is(mediphant: Mediphant) -> None:
    api = mediphant.app("interactions")
    session = opened(api)
    found = api(OWNER, in_path(session), user="support")
    assert (found.body["userId"], found.body["session"]["sessionId"]) == ("ada", session)
    assert api(OWNER, in_path("nobody-s"), user="support").status == 404


@pytest.mark.requirement("X-18")
def test_no_log_line_tells_a_medicine_a_session_a_user_an_address_or_a_search(
    mediphant: Mediphant, capsys: pytest.CaptureFixture[str]
) -> None:
    api, log = mediphant.app("interactions"), io.StringIO()
    for handler in logging.getLogger(SYSTEM.name).handlers:
        mediphant.monkeypatch.setattr(handler, "stream", log)
    user = "subject-of-a-token"
    session = opened(api, user)
    api(CHECK, body=two(session, "warfarin", "ketoprofen"), user=user)
    api(CHECK, body=two(session, "warfarin", "ketoprofen\u0007"), user=user)
    api(CHECK, body=two("0123456789abcdef", "warfarin", "ketoprofen"), user=user)
    api(HISTORY, in_path(session), user=user)
    api(CLEAR, in_path(session), user=user)
    mediphant.app("faq")("GET /faq", query="q=ketoprofen+grapefruit")
    told = log.getvalue() + "".join(capsys.readouterr())
    assert '"Pattern":"check-add"' in told
    assert '"route":"POST /interactions"' in told
    named = ("warfarin", "ketoprofen", session, "0123456789abcdef", user, ADDRESS, "grapefruit")
    for secret in named:
        assert secret not in told


@pytest.mark.parametrize("name", ["Warfarin®", "ASPIRIN™", "ibuprofen 400 mg", "(ibuprofen)."])
def test_a_check_finds_a_name_as_it_is_pasted_and_keeps_it_so(
    name: str, mediphant: Mediphant
) -> None:
    api = mediphant.app("interactions")
    session = opened(api)
    other = "ibuprofen" if "W" in name else "warfarin"
    made = api(CHECK, body=two(session, name, other))
    assert (made.status, made.body["isPotentiallyRisky"], made.body["unknown"]) == (201, True, [])
    assert made.body["medA"] == name


def test_a_check_says_which_name_is_not_known(mediphant: Mediphant) -> None:
    api = mediphant.app("interactions")
    session = opened(api)
    pairs = [("paracetamol", "warfarin"), ("warfarn", "ibuprofen"), ("ibuprofen", "®"), ("a", "b")]
    unknown = [[], ["medA"], ["medB"], ["medA", "medB"]]
    made = [api(CHECK, body=two(session, *pair)).body for pair in pairs]
    assert [check["unknown"] for check in made] == unknown
    assert {check["isPotentiallyRisky"] for check in made} == {False}
    assert api(HISTORY, in_path(session)).body["checks"] == made[::-1]


def test_a_check_of_an_earlier_release_says_nothing_about_its_names(mediphant: Mediphant) -> None:
    api = mediphant.app("interactions")
    session = opened(api)
    mediphant.history.add_query(
        "ada", session, med_a="a", med_b="b", is_potentially_risky=False, reason="none"
    )
    (row,) = mediphant.rows("QUERY")
    assert "unknown" not in row["Data"]["M"]
    (check,) = api(HISTORY, in_path(session)).body["checks"]
    assert check["unknown"] is None
