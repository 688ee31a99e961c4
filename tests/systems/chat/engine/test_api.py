"""The chat API's Lambda handlers, called with API Gateway's events."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from chat.prices import COST
from chat.rollup import Rollup
from chat.tables import Message
from keyline.days import day_of
from tests.systems.chat.on_engine import Api, Chat, MakeChat
from tests.systems.chat.unit.examples import DAY_MS, START, message

POST = "POST /conversations/{conversationId}/messages"
CONVERSATION = "GET /conversations/{conversationId}/messages"
ONE = "GET /conversations/{conversationId}/messages/{timestamp}"
BATCH = "POST /messages/batch-get"
MODULE = "GET /modules/{moduleId}/messages"
STUDENT = "GET /students/{studentId}/messages"
RECENT = "GET /students/{studentId}/recent"
PROVIDER = "GET /providers/{provider}/messages"

NEW: dict[str, Any] = {
    "moduleId": 7,
    "provider": "openai",
    "modelUsed": "small",
    "question": "Why?",
    "response": "Because.",
    "tokenCount": 120,
    "responseTime": 900,
}


def of_conversation(name: str) -> dict[str, str]:
    """Path parameters."""
    return {"conversationId": name}


@pytest.mark.requirement("T-08")
def test_a_message_is_stored_and_read_at_its_address(chat: Chat) -> None:
    sent = {**NEW, "studentId": 5, "hasFile": True, "fileName": "sums.pdf"}
    written = chat.app("write")(POST, of_conversation("a b;c"), body=sent)
    assert written.status == 201
    assert {name: written.body[name] for name in sent} == sent
    location = written.headers["location"]
    assert location.startswith("/conversations/a%20b%3Bc/messages/")

    timestamp = location.rpartition("/")[2]
    read = chat.app("read")(ONE, {**of_conversation("a b;c"), "timestamp": timestamp})
    assert read.status == 200
    assert read.body == written.body
    (row,) = chat.stored("ChatMessages")
    keys = {"moduleId": {"N": "7"}, "studentId": {"N": "5"}, "provider": {"S": "openai"}}
    assert {name: row[name] for name in keys} == keys  # those of the three indexes
    assert {"ttl", "messageId", "createdAt"} <= set(row)


@pytest.mark.requirement("T-05", "T-48")
def test_a_message_of_nobody_has_no_student(chat: Chat) -> None:
    written = chat.app("write")(POST, of_conversation("c"), body=NEW)
    assert written.status == 201
    assert "studentId" not in written.body
    (row,) = chat.stored("ChatMessages")
    assert "studentId" not in row


@pytest.mark.parametrize(
    ("change", "status", "path"),
    [
        ({"provider": "nobody"}, 400, "body.provider"),
        ({"tokenCount": "many"}, 400, "body.tokenCount"),
        ({"tokenCount": -1}, 400, "body.tokenCount"),
        ({"studentId": 0}, 400, "body.studentId"),
        ({"question": ""}, 400, "body.question"),
        ({"question": "Why\0?"}, 400, "body.question"),
        ({"modelUsed": "  "}, 400, "body.modelUsed"),
        ({"fileName": "a\nb"}, 400, "body.fileName"),
        ({"provider": "open/ai"}, 400, "body.provider"),
        ({"timestamp": 1}, 400, "body.timestamp"),
        ({"response": "x" * 500_000}, 413, "body"),
    ],
)
def test_a_wrong_message_changes_nothing(
    chat: Chat, change: dict[str, Any], status: int, path: str
) -> None:
    answer = chat.app("write")(POST, of_conversation("c"), body={**NEW, **change})
    assert (answer.status, answer.body["path"]) == (status, path)
    assert answer.headers["content-type"] == "application/problem+json"
    assert chat.stored("ChatMessages") == []


@pytest.mark.parametrize(
    ("route", "path", "status"),
    [
        (CONVERSATION, of_conversation("c" * 3000), 400),
        (CONVERSATION, of_conversation("p\0"), 400),
        (CONVERSATION, of_conversation("a/b"), 400),
        (CONVERSATION, of_conversation(".."), 400),
        (MODULE, {"moduleId": "1e3"}, 400),
        (MODULE, {"moduleId": "12.0"}, 400),
        (MODULE, {"moduleId": "\u0661"}, 400),
        (ONE, {"conversationId": "c", "timestamp": "nan"}, 400),
        (ONE, {"conversationId": "c", "timestamp": "1e300"}, 400),
        (MODULE, {"moduleId": "9" * 60}, 400),
        (MODULE, {"moduleId": "seven"}, 400),
        (STUDENT, {"studentId": "0"}, 400),
        (PROVIDER, {"provider": "openai#1"}, 404),
    ],
)
def test_a_path_that_names_nothing_is_the_client_s_error(
    make_chat: MakeChat, route: str, path: dict[str, str], status: int
) -> None:
    api = make_chat(provider_shards=2).app("read")
    assert api(route, path, query="from=2026-01-01").status == status


def test_what_is_no_json_changes_nothing(chat: Chat) -> None:
    api = chat.app("write")
    assert api(POST, of_conversation("c"), text="{").status == 400
    assert api(POST, of_conversation("c"), text="{}", headers={}).status == 415
    assert chat.stored("ChatMessages") == []


def test_a_student_s_message_is_the_token_s_whatever_the_body_says(chat: Chat) -> None:
    api = chat.app("write")
    assert api(POST, of_conversation("c"), body=NEW, student=5).body["studentId"] == 5
    assert api(POST, of_conversation("c"), body={**NEW, "studentId": 5}, student=5).status == 201
    refused = api(POST, of_conversation("c"), body={**NEW, "studentId": 6}, student=5)
    assert (refused.status, refused.body["path"]) == (403, "body.studentId")
    foreign = api(POST, of_conversation("c"), body=NEW, student=6)
    assert foreign.status == 404
    assert len(chat.stored("ChatMessages")) == 2


def test_who_opened_a_conversation_sees_it_whatever_a_page_holds(chat: Chat) -> None:
    own = chat.add(message(conversationId="c", studentId=5))
    chat.add(message(conversationId="c", studentId=None, timestamp=own.timestamp + 1))
    chat.add(message(conversationId="c", studentId=6, timestamp=own.timestamp + 2))
    api = chat.app("read")

    first = api(CONVERSATION, of_conversation("c"), query="limit=1", student=5)
    assert (first.status, first.body["messages"]) == (200, [])
    found, cursor = [], first.body["cursor"]
    while cursor:
        page = api(CONVERSATION, of_conversation("c"), query=f"limit=1&cursor={cursor}", student=5)
        assert page.status == 200
        found += page.body["messages"]
        cursor = page.body["cursor"]
    assert [message["messageId"] for message in found] == [own.messageId]

    empty = api(
        CONVERSATION, of_conversation("c"), query="from=2020-01-01&to=2020-01-02", student=5
    )
    assert (empty.status, empty.body) == (200, {"messages": [], "cursor": None})
    for student, status in ((6, 404), (None, 200)):
        range_ = "from=2020-01-01&to=2020-01-02"
        answer = api(CONVERSATION, of_conversation("c"), query=range_, student=student)
        assert answer.status == status
    assert api(CONVERSATION, of_conversation("none"), student=5).status == 404


def test_a_message_under_an_identifier_of_an_earlier_release_can_still_be_read(chat: Chat) -> None:
    stored = chat.add(message(conversationId="a/b\0"))
    keys = [{"conversationId": stored.conversationId, "timestamp": stored.timestamp}]
    (found,) = chat.app("read")(BATCH, body={"keys": keys}).body["messages"]
    assert found["messageId"] == stored.messageId


def test_a_student_sees_his_own_and_cannot_tell_another_s_from_what_is_not_there(
    chat: Chat,
) -> None:
    own = chat.add(message(conversationId="own", studentId=5))
    foreign = chat.add(message(conversationId="foreign", studentId=6))
    anonymous = chat.add(message(conversationId="anonymous", studentId=None))
    api = chat.app("read")

    assert api(CONVERSATION, of_conversation("own"), student=5).body["messages"]
    answers = [
        api(CONVERSATION, of_conversation(name), query=query, student=5)
        for name in ("foreign", "anonymous", "none")
        for query in ("", "from=2020-01-01")
    ]
    assert {(a.status, a.body["detail"]) for a in answers} == {
        (404, "there is no such conversation.")
    }
    for one in (foreign, anonymous):
        key = {"conversationId": one.conversationId, "timestamp": one.timestamp}
        assert api(ONE, key, student=5).status == 404
    keys = [
        {"conversationId": m.conversationId, "timestamp": m.timestamp}
        for m in (own, foreign, anonymous)
    ]
    found = api(BATCH, body={"keys": keys}, student=5).body["messages"]
    assert [m["messageId"] for m in found] == [own.messageId]
    assert len(api(BATCH, body={"keys": keys}).body["messages"]) == 3

    assert api(STUDENT, {"studentId": 5}, student=5).status == 200
    assert api(STUDENT, {"studentId": 6}, student=5).status == 404
    assert api(RECENT, {"studentId": 6}, student=5).status == 404
    assert api(MODULE, {"moduleId": 7}, student=5).status == 403
    assert api(PROVIDER, {"provider": "openai"}, query="from=2026-01-01", student=5).status == 403


@pytest.mark.requirement("T-22", "T-32", "T-42", "T-50")
def test_pages_are_newest_first_and_cursors_are_the_caller_s_alone(chat: Chat) -> None:
    stored = [chat.add(message(timestamp=START + n, studentId=5)) for n in range(5)]
    api = chat.app("read")
    query = f"from={START:.0f}&limit=2"
    for route, path in (
        (CONVERSATION, of_conversation("c-1")),
        (MODULE, {"moduleId": 7}),
        (STUDENT, {"studentId": 5}),
        (PROVIDER, {"provider": "openai"}),
    ):
        first = api(route, path, query=query)
        second = api(route, path, query=f"{query}&cursor={first.body['cursor']}")
        names = [m["messageId"] for m in first.body["messages"] + second.body["messages"]]
        assert names == [m.messageId for m in reversed(stored[1:])]

        cursor = first.body["cursor"]
        forged = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
        for refused in (
            api(route, path, query=f"{query}&cursor={cursor}", subject="somebody else"),
            api(route, path, query=f"from=2025-12-31&limit=2&cursor={cursor}"),
            api(route, path, query=f"{query}&cursor={forged}"),
        ):
            assert refused.status == 400
            assert refused.body["type"].endswith("invalid-cursor")
    assert [
        m["messageId"] for m in api(RECENT, {"studentId": 5}, query="limit=3").body["messages"]
    ] == [m.messageId for m in reversed(stored[2:])]


@pytest.mark.requirement("T-42", "T-49")
@pytest.mark.parametrize("query", ["", "to=2026-01-31", "limit=5", "from=", "from=null"])
def test_a_provider_is_never_asked_without_a_start(chat: Chat, query: str) -> None:
    refused = chat.app("read")(PROVIDER, {"provider": "openai"}, query=query)
    assert (refused.status, refused.body["path"]) == (400, "query.from")
    assert chat.meter.calls == []


def test_a_provider_s_range_may_be_left_open_and_is_the_same_on_the_next_page(chat: Chat) -> None:
    for n in range(3):
        chat.add(message(timestamp=START + n))
    api = chat.app("read")
    first = api(PROVIDER, {"provider": "openai"}, query="from=2026-01-01&limit=2")
    query = f"from=2026-01-01&limit=2&cursor={first.body['cursor']}"
    assert len(api(PROVIDER, {"provider": "openai"}, query=query).body["messages"]) == 1


# --- analytics ---------------------------------------------------------------------------


def filled(chat: Chat) -> list[Message]:
    """Return the messages of two days, counted."""
    messages = [
        chat.add(
            message(
                timestamp=START + n * 3_600_000,
                moduleId=7 if n < 30 else 8,
                studentId=(None, 1, 2, 3)[n % 4],
                provider=("openai", "anthropic")[n % 2],
                modelUsed="small" if n % 5 else "large",
                responseTime=500 * n,
                tokenCount=100 + n,
            )
        )
        for n in range(40)
    ]
    chat.rollup.count(messages)
    return messages


def staff(api: Api, route: str, path: dict[str, Any], query: str) -> Any:
    """Return the answer of a route, which has to succeed."""
    answer = api(route, path, query=query)
    assert answer.status == 200, answer.body
    return answer.body


WHOLE_DAYS = "from=2026-01-01&to=2026-01-02"
MOMENTS = f"from={START}&to={START + 2 * DAY_MS - 0.001}"


@pytest.mark.requirement("T-11", "T-13", "T-14")
@pytest.mark.parametrize("query", [WHOLE_DAYS, MOMENTS], ids=["totals", "messages"])
def test_a_module_s_figures_are_those_of_its_messages(chat: Chat, query: str) -> None:
    filled(chat)
    route, path = "GET /modules/{moduleId}/analytics", {"moduleId": 7}
    body = staff(chat.app("analytics"), route, path, query)
    assert (body["messages"], body["tokens"], body["uniqueStudents"]) == (30, 3_435, 3)
    assert body["cost"]["byProvider"] == {"openai": 0.0171, "anthropic": 0.025875}
    assert body["cost"]["usd"] == 0.042975
    assert body["engagement"] == {
        **{"once": 0, "few": 0, "regular": 3, "heavy": 0},
        **{"completed": 3, "completionRate": 1.0},
    }


@pytest.mark.requirement("T-37", "T-38", "T-40")
@pytest.mark.parametrize("query", [WHOLE_DAYS, MOMENTS], ids=["totals", "messages"])
def test_providers_are_compared_by_cost_response_time_and_models(chat: Chat, query: str) -> None:
    filled(chat)
    api, route = chat.app("analytics"), "GET /providers/{provider}/analytics"
    of = {name: staff(api, route, {"provider": name}, query) for name in ("openai", "anthropic")}
    assert {name: body["cost"]["usd"] for name, body in of.items()} == {
        "openai": 0.0238,
        "anthropic": 0.036,
    }
    times = {name: body["latency"] for name, body in of.items()}
    assert {name: (t["average"], t["fast"], t["slow"]) for name, t in times.items()} == {
        "openai": (9_500, 2, 9),
        "anthropic": (10_000, 2, 10),
    }
    for body in of.values():
        models = body["cost"]["models"]
        assert [(m["modelUsed"], m["messages"], m["share"]) for m in models] == [
            ("small", 16, 0.8),
            ("large", 4, 0.2),
        ]


@pytest.mark.requirement("T-43")
def test_days_and_moments_answer_alike_and_say_where_from(chat: Chat) -> None:
    filled(chat)
    api = chat.app("analytics")
    for route, path in (
        ("GET /modules/{moduleId}/analytics", {"moduleId": 7}),
        ("GET /providers/{provider}/analytics", {"provider": "openai"}),
    ):
        days = staff(api, route, path, WHOLE_DAYS)
        moments = staff(api, route, path, MOMENTS)
        assert (days["source"], moments["source"]) == ("totals", "messages")
        for name in set(days) - {"source", "from", "to", "completeFrom", "latency"}:
            assert days[name] == moments[name]
        for name in ("average", "fast", "slow"):
            assert days["latency"][name] == moments["latency"][name]
        for name in ("median", "p95", "p99"):
            exact, within = moments["latency"][name], days["latency"][name]
            assert within["atLeast"] <= exact["atLeast"] == exact["atMost"] <= within["atMost"]
    assert (
        staff(api, "GET /modules/{moduleId}/analytics", {"moduleId": 7}, "from=2026-01-01")[
            "uniqueStudents"
        ]
        == 3
    )


def test_a_part_of_a_day_is_counted_from_its_messages(chat: Chat) -> None:
    filled(chat)
    body = staff(
        chat.app("analytics"),
        "GET /modules/{moduleId}/analytics",
        {"moduleId": 7},
        f"from={START + 3_600_000:.0f}&to=2026-01-01T03:00:00Z",
    )
    assert (body["messages"], body["uniqueStudents"]) == (3, 3)


@pytest.mark.requirement("T-10")
def test_the_last_24_hours_of_a_module_are_read_and_counted(chat: Chat) -> None:
    now, hour = time.time() * 1000, 3_600_000
    for age in (25, 23, 1):
        chat.add(message(timestamp=round(now - age * hour), studentId=age))
    path, yesterday = {"moduleId": 7}, f"from={now - 24 * hour:.0f}"
    shown = staff(chat.app("read"), MODULE, path, yesterday)
    assert [m["studentId"] for m in shown["messages"]] == [1, 23]
    body = staff(chat.app("analytics"), "GET /modules/{moduleId}/analytics", path, yesterday)
    assert (body["messages"], body["uniqueStudents"]) == (2, 2)


@pytest.mark.requirement("T-12", "T-43")
def test_daily_weekly_and_monthly_reports(chat: Chat) -> None:
    filled(chat)
    api = chat.app("analytics")
    route, path = "GET /modules/{moduleId}/reports", {"moduleId": 7}
    daily = staff(api, route, path, "from=2026-01-01&to=2026-01-03&by=day")["rows"]
    assert [(r["period"], r["messages"], r["uniqueStudents"]) for r in daily] == [
        ("2026-01-01", 24, 3),
        ("2026-01-02", 6, 3),
        ("2026-01-03", 0, 0),
    ]
    weekly, later = staff(api, route, path, "from=2026-01-01&to=2026-01-05&by=week")["rows"]
    assert (later["period"], later["messages"]) == ("2026-W02", 0)
    (monthly,) = staff(api, route, path, "from=2026-01-01&to=2026-01-03&by=month")["rows"]
    assert (weekly["period"], monthly["period"]) == ("2026-W01", "2026-01")
    assert weekly["messages"] == monthly["messages"] == 30
    assert weekly["uniqueStudents"] == monthly["uniqueStudents"] == 3
    provider = staff(
        api,
        "GET /providers/{provider}/reports",
        {"provider": "openai"},
        "from=2026-01-01&to=2026-01-02&by=month",
    )["rows"]
    assert [row["messages"] for row in provider] == [20]
    student = staff(
        api, "GET /students/{studentId}/reports", {"studentId": 1}, "from=2026-01-01&to=2026-01-02"
    )["rows"]
    assert [row["messages"] for row in student] == [6, 4]


@pytest.mark.requirement("T-27", "T-28", "T-29")
def test_a_student_s_report_is_his_own_and_the_staff_s(chat: Chat) -> None:
    filled(chat)
    api = chat.app("analytics")
    route, path, query = "GET /students/{studentId}/analytics", {"studentId": 1}, "from=2026-01-01"
    body = staff(api, route, path, query)
    assert [(step["moduleId"], step["messages"]) for step in body["path"]] == [(7, 8), (8, 2)]
    assert (body["messages"], body["activeDays"], body["completedModules"]) == (10, 2, 1)
    assert api(route, path, query=query, student=1).body == body
    assert api(route, path, query=query, student=2).status == 404
    assert api("GET /modules/{moduleId}/analytics", {"moduleId": 7}, student=1).status == 403
    assert api("GET /inactive-students", query="since=2026-01-01", student=1).status == 403


@pytest.mark.requirement("T-36", "T-39")
def test_today_s_cost_of_a_provider(make_chat: MakeChat) -> None:
    chat = make_chat(daily_budget_usd={"openai": 0.02})
    written = chat.app("write")(POST, of_conversation("c"), body={**NEW, "tokenCount": 4000})
    stored = msgspec.convert(written.body, Message)
    yesterday = message(timestamp=stored.timestamp - DAY_MS, tokenCount=9000)
    chat.rollup.count([stored, yesterday])
    body = staff(
        chat.app("analytics"), "GET /providers/{provider}/today", {"provider": "openai"}, ""
    )
    assert (body["cost"]["usd"], body["budgetUsd"], body["spent"]) == (0.04, 0.02, 2.0)
    api = chat.app("analytics")
    assert api("GET /providers/{provider}/today", {"provider": "nobody"}).status == 404


AGES = (8.5, 9.9, 11.1, 12.5)
"""Days, each on a UTC day of its own: two are within a retention of ten days, and two are not."""


def told_whole(chat: Chat, kept: float, route: str, path: dict[str, Any], query: str) -> set[float]:
    """Return the ages that an answer counts, which are all those since its `completeFrom`.

    The tokens of the message of each age are a power of two. The range begins 1,000 days ago.
    """
    body = staff(chat.app("analytics"), route, path, query)
    rows = body.get("rows", [body])
    tokens = sum(row["tokens"] for row in rows)
    counted = {age for n, age in enumerate(AGES) if tokens & 2**n}
    since = datetime.fromisoformat(body["completeFrom"]).replace(tzinfo=UTC).timestamp()
    assert {age for age in AGES if time.time() - age * 86_400 >= since} <= counted
    first = body.get("from") or rows[0]["from"]
    assert len(body["completeFrom"]) == len(first)
    assert (body["completeFrom"] > first) == (kept < 1_000)
    return counted


@pytest.mark.requirement("T-47")
@pytest.mark.parametrize(("retention", "rollup"), [(10, 1095), (10, 400), (10, 10)])
def test_a_range_that_begins_before_what_is_kept_says_from_when_on_it_is_whole(
    make_chat: MakeChat, retention: float, rollup: float
) -> None:
    # Given messages of many ages, each counted at its time
    chat = make_chat(retention_days=retention, rollup_days=rollup)
    now = time.time()
    for n, age in enumerate(AGES):
        at = now - age * 86_400
        each = chat.add(message(timestamp=round(at * 1000), tokenCount=2**n, studentId=5))
        Rollup(chat.store, chat.settings, clock=lambda at=at: at).count([each])  # type: ignore[misc] # mypy knows no default of a lambda

    # When ranges ask for more than is kept, from both sources
    first = day_of((now - 1_000 * 86_400) * 1000)
    days, moments = f"from={first}", f"from={first}T00:00:00Z"
    module, provider, student = {"moduleId": 7}, {"provider": "openai"}, {"studentId": 5}
    of_messages = [
        told_whole(chat, retention, "GET /modules/{moduleId}/analytics", module, moments),
        told_whole(chat, retention, "GET /providers/{provider}/analytics", provider, moments),
        told_whole(chat, retention, "GET /students/{studentId}/analytics", student, moments),
        told_whole(chat, retention, "GET /students/{studentId}/analytics", student, days),
    ]
    of_totals = [
        told_whole(chat, rollup, "GET /modules/{moduleId}/analytics", module, days),
        told_whole(chat, rollup, "GET /modules/{moduleId}/reports", module, days),
        told_whole(chat, rollup, "GET /providers/{provider}/analytics", provider, days),
        told_whole(chat, rollup, "GET /providers/{provider}/reports", provider, f"{days}&by=month"),
        told_whole(chat, rollup, "GET /students/{studentId}/reports", student, f"{days}&by=week"),
    ]

    # Then each says from when on it is whole, and what is over is counted no longer
    assert of_messages == [{age for age in AGES if age < retention}] * 4
    assert of_totals == [{age for age in AGES if age < rollup}] * 5


def test_a_range_of_what_is_kept_is_whole_from_its_start(chat: Chat) -> None:
    today = day_of(time.time() * 1000)
    api, path = chat.app("analytics"), {"moduleId": 7}
    for query in (f"from={today}", f"from={today}T00:00:00Z", ""):
        body = staff(api, "GET /modules/{moduleId}/analytics", path, query)
        assert body["completeFrom"] == body["from"]
    report = staff(api, "GET /modules/{moduleId}/reports", path, "")
    assert report["completeFrom"] == report["rows"][0]["from"]


def test_inactive_students_are_told_whole_since_a_moment(make_chat: MakeChat) -> None:
    chat = make_chat(retention_days=10, rollup_days=10)
    for age in (9, 11):
        at = time.time() - age * 86_400
        of_then = Rollup(chat.store, chat.settings, clock=lambda at=at: at)  # type: ignore[misc] # mypy knows no default of a lambda
        of_then.count([message(timestamp=round(at * 1000), studentId=age)])
    body = staff(chat.app("analytics"), "GET /inactive-students", {}, "since=2100-01-01")
    assert [student["studentId"] for student in body["students"]] == [9]
    since = datetime.fromisoformat(body["completeFrom"]).timestamp()
    assert 9 * 86_400 < time.time() - since <= 10 * 86_400


# --- providers of before -----------------------------------------------------------------

OF_PROVIDERS: list[tuple[str, dict[str, Any], str]] = [
    ("GET /modules/{moduleId}/analytics", {"moduleId": 7}, WHOLE_DAYS),
    ("GET /modules/{moduleId}/analytics", {"moduleId": 7}, MOMENTS),
    ("GET /modules/{moduleId}/reports", {"moduleId": 7}, WHOLE_DAYS),
    ("GET /students/{studentId}/analytics", {"studentId": 1}, WHOLE_DAYS),
    ("GET /students/{studentId}/reports", {"studentId": 1}, WHOLE_DAYS),
    ("GET /providers/{provider}/analytics", {"provider": "anthropic"}, WHOLE_DAYS),
    ("GET /providers/{provider}/analytics", {"provider": "anthropic"}, MOMENTS),
    ("GET /providers/{provider}/reports", {"provider": "anthropic"}, WHOLE_DAYS),
]


def configured(chat: Chat, **changes: Any) -> Chat:
    """Return the same tables after a deployment with other settings."""
    chat.settings = msgspec.structs.replace(chat.settings, **changes)
    return chat


def test_a_retired_provider_keeps_its_prices_and_takes_no_new_messages(chat: Chat) -> None:
    filled(chat)
    api = chat.app("analytics")
    before = [staff(api, *asked) for asked in OF_PROVIDERS]
    configured(chat, retired_providers=("anthropic",))
    api = chat.app("analytics")
    assert [staff(api, *asked) for asked in OF_PROVIDERS] == before
    assert api("GET /providers/{provider}/today", {"provider": "anthropic"}).status == 200
    shown = staff(chat.app("read"), PROVIDER, {"provider": "anthropic"}, "from=2026-01-01")
    assert len(shown["messages"]) == 20

    write = chat.app("write")
    refused = write(POST, of_conversation("c"), body={**NEW, "provider": "anthropic"})
    assert (refused.status, refused.body["path"]) == (400, "body.provider")
    assert (
        refused.body["detail"] == "the provider 'anthropic' is retired and takes no new messages."
    )
    assert refused.body["suggestion"] == "Use one of: openai."
    assert write(POST, of_conversation("c"), body=NEW).status == 201


def test_a_provider_taken_from_the_prices_leaves_what_it_stored_readable(
    chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given messages of a provider that has no price any longer
    filled(chat)
    configured(chat, prices_per_1k_tokens={"openai": 0.01})
    api = chat.app("analytics")

    # Then all that is asked of it is answered, with a cost that is not known
    bodies = [staff(api, *asked) for asked in OF_PROVIDERS]
    costs = [body["cost"] for body in bodies if "cost" in body]
    assert [cost["usd"] for cost in costs] == [None] * 5
    assert costs[0]["byProvider"] == costs[1]["byProvider"] == {"anthropic": None, "openai": 0.0171}
    assert bodies[5]["messages"] == bodies[6]["messages"] == 20
    assert [row["usd"] for row in bodies[7]["rows"]] == [None, None]
    shown = staff(chat.app("read"), PROVIDER, {"provider": "anthropic"}, "from=2026-01-01&limit=15")
    assert len(shown["messages"]) == 15
    query = f"from=2026-01-01&limit=15&cursor={shown['cursor']}"
    rest = staff(chat.app("read"), PROVIDER, {"provider": "anthropic"}, query)
    assert len(rest["messages"]) == 5

    # And where nothing of it is kept, there is no such provider
    later = "from=2026-03-01&to=2026-03-02"
    assert chat.app("read")(PROVIDER, {"provider": "anthropic"}, query=later).status == 404
    for route, path, _ in OF_PROVIDERS[5:]:
        assert api(route, path, query=later).status == 404
    assert api("GET /providers/{provider}/today", {"provider": "anthropic"}).status == 404

    # And a message of it that the stream still delivers is counted, without a cost
    capsys.readouterr()
    late = chat.module("rollup-stream")
    late._rollup.count([message(provider="anthropic", moduleId=9)])
    assert COST not in capsys.readouterr().out
    days = "from=2026-01-01&to=2026-01-01"
    counted = staff(api, "GET /modules/{moduleId}/analytics", {"moduleId": 9}, days)
    assert (counted["messages"], counted["cost"]["byProvider"]) == (1, {"anthropic": None})


def test_shards_that_are_lowered_hide_what_they_hold_until_they_are_raised_again(
    make_chat: MakeChat,
) -> None:
    chat = make_chat(provider_shards=4, roster_shards=4)
    stored = [chat.add(message(timestamp=START + n, studentId=1 + n)) for n in range(12)]
    chat.rollup.count(stored)

    def found() -> tuple[int, int]:
        page = staff(chat.app("read"), PROVIDER, {"provider": "openai"}, "from=2026-01-01")
        silent = staff(chat.app("analytics"), "GET /inactive-students", {}, "since=2100-01-01")
        return len(page["messages"]), len(silent["students"])

    assert found() == (12, 12)
    configured(chat, provider_shards=1, roster_shards=1)
    assert max(found()) < 12
    configured(chat, provider_shards=8, roster_shards=8)
    assert found() == (12, 12)


@pytest.mark.requirement("T-30")
def test_inactive_students_page_by_page(chat: Chat) -> None:
    chat.rollup.count(
        [message(studentId=n, timestamp=START + n * DAY_MS, moduleId=1) for n in range(1, 8)]
    )
    api, route = chat.app("analytics"), "GET /inactive-students"
    first = staff(api, route, {}, "since=2026-01-06&limit=3")
    assert [s["studentId"] for s in first["students"]] == [1, 2, 3]
    assert first["students"][0]["lastAt"] == "2026-01-02T00:00:00.000Z"
    second = staff(api, route, {}, f"since=2026-01-06&limit=3&cursor={first['cursor']}")
    assert [s["studentId"] for s in second["students"]] == [4]


@pytest.mark.requirement("T-58", "T-59")
def test_a_question_asked_again_is_answered_from_the_cache(
    chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(chat)
    api = chat.app("analytics")
    capsys.readouterr()
    for _ in range(4):
        staff(api, "GET /modules/{moduleId}/analytics", {"moduleId": 7}, "from=2026-01-01")
    lines = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
    assert sum(line.get("CacheHits", [0])[0] for line in lines) == 3
    assert sum(line.get("CacheMisses", [0])[0] for line in lines) == 1
    reads = [line for line in lines if line.get("Pattern") == "module-days"]
    assert len(reads) == 1


def test_a_range_with_too_many_messages_is_refused_and_never_cut_short(
    make_chat: MakeChat,
) -> None:
    chat = make_chat(max_messages=20)
    filled(chat)
    api = chat.app("analytics")
    path = {"moduleId": 7}
    refused = api("GET /modules/{moduleId}/analytics", path, query=f"from={START:.0f}")
    assert (refused.status, refused.body["path"]) == (422, "query.from")
    assert "whole days" in refused.body["suggestion"]
    assert refused.body["type"] == "urn:problem-type:unprocessable-content"
    assert refused.body["title"] == "Unprocessable Content"
    assert "more than the 20 messages that one request reads" in refused.body["detail"]
    days = staff(api, "GET /modules/{moduleId}/analytics", path, "from=2026-01-01&to=2026-01-02")
    assert days["messages"] == 30
