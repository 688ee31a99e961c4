"""Test how a second terminal finds a running platform, and what it may ask."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keyline_deploy.alarms import State
from keyline_local.control.client import ADDRESS, ask, issuer_url
from keyline_local.control.server import LOG_BYTES, announced, control_app
from keyline_local.control.status import ApiStatus, Status
from keyline_local.dynamodb.ttl import Sweep
from keyline_local.host.errors import LocalPlatformError
from keyline_local.lambdas.functions import (
    Invocation,
    PayloadTooLargeError,
    ThrottledError,
    UnknownFunctionError,
)
from keyline_local.services.faults import Fault, Kind
from keyline_local.services.live_alarms import LiveAlarm
from keyline_local.triggers.event_source import MappingStatus, Result

DECLARED, FREE = "http://127.0.0.1:18769", "http://127.0.0.1:40123"
NOTES = ApiStatus(
    name="notes-local",
    title="Notes & <more>",
    url="http://127.0.0.1:3000",
    pages={"docs": "http://127.0.0.1:3000/_keyline/docs"},
)
STATUS = Status(
    apis=[NOTES],
    engine="http://127.0.0.1:18765",
    aws="http://127.0.0.1:18767",
    tables=["Notes-local"],
    functions=["notes-read-local"],
    streams=[MappingStatus(function="notes-count-local", table="Notes-local", delivered=7)],
    schedules={"daily": datetime(2026, 1, 1, tzinfo=UTC), "once": None},
    time=datetime(2026, 1, 1, tzinfo=UTC),
    ahead=300.0,
    alarms=[],
    faults=[],
)
SHOWN = {
    "name": "notes-local",
    "graphs": [{"title": "Errors", "lines": [{"label": "errors", "values": [None, 1.0]}]}],
}


def test_a_platform_on_free_ports_is_found_by_its_state_folder(tmp_path: Path) -> None:
    with announced(FREE, tmp_path):
        assert issuer_url(tmp_path, DECLARED) == FREE
        assert issuer_url(tmp_path) == FREE


def test_the_declared_address_holds_where_none_runs(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), announced(FREE, tmp_path):
        raise KeyboardInterrupt
    assert issuer_url(tmp_path, DECLARED) == DECLARED


def test_a_folder_on_which_nothing_runs_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(LocalPlatformError) as raised:
            issuer_url(folder)
        assert str(raised.value).startswith(
            f"{folder}: no local platform runs on this state folder."
        )
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_platform_left_behind_is_no_address(tmp_path: Path) -> None:
    (tmp_path / ADDRESS).write_text(FREE)
    with pytest.raises(LocalPlatformError):
        issuer_url(tmp_path)
    assert issuer_url(tmp_path, DECLARED) == DECLARED
    with announced(DECLARED, tmp_path):
        assert issuer_url(tmp_path) == DECLARED


class Controlled:
    """A platform that has nothing to do."""

    def __init__(self) -> None:
        self.is_up = True
        self.latency = State.OK

    def status(self) -> Status:
        return STATUS

    async def sweep_ttl(self, *, dry_run: bool = False) -> Sweep:
        return Sweep({"Notes-local": 2}, deleted=0, dry_run=dry_run)

    async def run_schedule(self, name: str) -> Sequence[Result]:
        raise LocalPlatformError(name, "no such rule.", "Name another.")

    def alarms(self) -> Sequence[LiveAlarm]:
        since = datetime(2026, 1, 1, tzinfo=UTC)
        return [
            LiveAlarm("Notes", "Errors", State.ALARM, since, "docs/runbooks/alarms.md", since),
            LiveAlarm("Notes", "Latency", self.latency, None, ""),
        ]

    def dashboards(self) -> Sequence[Mapping[str, object]]:
        return [SHOWN]

    async def advance(self, seconds: float) -> None:
        if seconds > 1_000:
            raise LocalPlatformError("advance", "is too far.", "Go less far.")
        self.latency = State.ALARM

    def begin_fault(self, kind: Kind, name: str, seconds: float) -> Fault:
        return Fault(kind, name, seconds)

    def end_faults(self, name: str | None) -> Sequence[Fault]:
        return [Fault(Kind.CRASH, name or "all", 0.0)]

    async def records(
        self, function: str, first: str, last: str
    ) -> Sequence[Mapping[str, object]] | None:
        return None if first == "1" else [{"function": function, "between": [first, last]}]

    async def invoke(self, function: str, payload: bytes) -> Invocation:
        if function not in STATUS.functions:
            raise UnknownFunctionError(function)
        if len(payload) > 100:
            raise PayloadTooLargeError(f"{len(payload)} bytes")
        if payload == b'"busy"':
            raise ThrottledError("Rate Exceeded.")
        error = "Unhandled" if payload == b'"bad"' else None
        lines = ("x" * LOG_BYTES, "first", "last")
        return Invocation("id-1", payload, error, lines, 0.0123, True)


def answer(
    platform: Controlled,
    method: str,
    path: str,
    *headers: str,
    content: bytes = b"",
    front: Sequence[Route] = (),
    host: str = "127.0.0.1:40123",
) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(control_app(platform, Starlette(), front))
        async with httpx.AsyncClient(transport=transport, base_url=FREE) as http:
            sent = {**dict.fromkeys(headers, "1"), "host": host}
            return await http.request(method, path, content=content, headers=sent)

    return asyncio.run(ask())


def test_the_index_names_every_api_and_what_else_runs() -> None:
    page = answer(Controlled(), "GET", "/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "Notes &amp; &lt;more&gt;" in page.text
    for text in (
        *(NOTES.name, NOTES.url, f'href="{NOTES.pages["docs"]}"'),
        *(STATUS.engine, STATUS.aws, "Notes-local", "notes-read-local"),
        *("7 records delivered", "daily: 2026-01-01T00:00:00+00:00", "once: never again"),
    ):
        assert text in page.text
    assert "<script" not in page.text


def test_front_pages_take_the_place_of_the_index_once_the_platform_is_up() -> None:
    async def page(_: Request) -> Response:
        return Response("front")

    platform, front = Controlled(), [Route("/", page), Route("/more", page)]
    assert answer(platform, "GET", "/", front=front).text == "front"
    assert answer(platform, "GET", "/more", front=front).text == "front"
    assert answer(platform, "GET", "/_keyline/status", "x-keyline", front=front).json()["apis"]
    platform.is_up = False
    assert answer(platform, "GET", "/more", front=front).status_code == 503


@pytest.mark.parametrize("path", ["/", "/_keyline/status", "/.well-known/openid-configuration"])
def test_a_name_of_the_network_that_leads_here_is_refused(path: str) -> None:
    for host in ("evil.example", "evil.example:18769", "127.0.0.1.evil.example"):
        refused = answer(Controlled(), "GET", path, "x-keyline", host=host)
        assert (refused.status_code, refused.text) == (400, "Invalid host header")
    for host in ("localhost:18769", "127.0.0.1"):
        assert answer(Controlled(), "GET", "/", host=host).status_code == 200


def test_the_index_fits_a_phone_and_a_dark_room() -> None:
    page = answer(Controlled(), "GET", "/").text
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert '<meta name="color-scheme" content="light dark">' in page
    assert "color-scheme: light dark" in page
    assert re.findall(r"<h(\d)>", page)[:2] == ["1", "2"]
    assert not re.search(
        r"src=|<link|url\(|@import|#[0-9a-f]{3}", page
    )  # fetches nothing, sets no colour
    assert "overflow-wrap: anywhere" in page


def test_the_state_as_json_is_for_who_sends_the_header() -> None:
    assert answer(Controlled(), "GET", "/_keyline/status").status_code == 403
    status = answer(Controlled(), "GET", "/_keyline/status", "x-keyline").json()
    assert status["apis"] == {"notes-local": "http://127.0.0.1:3000"}
    assert status["schedules"] == {"daily": "2026-01-01T00:00:00+00:00", "once": None}
    assert status["streams"][0]["delivered"] == 7


def test_what_the_platform_refuses_is_told() -> None:
    refused = answer(Controlled(), "POST", "/_keyline/schedules/monthly", "x-keyline")
    assert refused.status_code == 409
    assert refused.json() == {
        "path": "monthly",
        "message": "no such rule.",
        "suggestion": "Name another.",
    }


def invoked(function: str, content: bytes, *headers: str) -> httpx.Response:
    path = f"/_keyline/functions/{function}"
    return answer(Controlled(), "POST", path, *headers, content=content)


def test_a_function_is_sent_an_event_and_the_end_of_its_log_is_answered() -> None:
    assert invoked("notes-read-local", b"{}").status_code == 403
    done = invoked("notes-read-local", b'{"a":1}', "x-keyline").json()
    assert done == {
        "error": None,
        "payload": '{"a":1}',
        "request_id": "id-1",
        "duration_ms": 12.3,
        "cold": True,
        "log": ["first", "last"],
    }
    assert invoked("notes-read-local", b'"bad"', "x-keyline").json()["error"] == "Unhandled"


@pytest.mark.parametrize(
    ("function", "content", "message", "suggestion"),
    [
        ("notes-raed-local", b"1", "no such function runs.", "notes-read-local"),
        ("notes-read-local", b" " * 101, "the event is too large", "smaller"),
        ("notes-read-local", b'"busy"', "Rate Exceeded.", "again"),
    ],
)
def test_an_event_that_is_not_delivered_says_why(
    function: str, content: bytes, message: str, suggestion: str
) -> None:
    refused = invoked(function, content, "x-keyline")
    assert refused.status_code == 409
    assert message in refused.json()["message"]
    assert suggestion in refused.json()["suggestion"]


def test_a_platform_that_starts_says_so() -> None:
    starting = Controlled()
    starting.is_up = False
    for path in ("/", "/_keyline/", "/_keyline/status"):
        assert answer(starting, "GET", path, "x-keyline").status_code == 503


def test_the_states_of_alarms_are_told() -> None:
    first, second = answer(Controlled(), "GET", "/_keyline/alarms", "x-keyline").json()
    assert first == {
        "stack": "Notes",
        "name": "Errors",
        "state": "ALARM",
        "since": "2026-01-01T00:00:00+00:00",
        "runbook": "docs/runbooks/alarms.md",
        "told": "2026-01-01T00:00:00+00:00",
        "joins": False,
        "when": "",
        "meaning": "",
        "reason": "",
    }
    assert (second["since"], second["told"]) == (None, None)


def test_time_is_moved_and_what_went_off_meanwhile_is_told() -> None:
    assert answer(Controlled(), "POST", "/_keyline/time?seconds=60").status_code == 403
    done = answer(Controlled(), "POST", "/_keyline/time?seconds=60", "x-keyline").json()
    assert (done["time"], done["ahead"]) == ("2026-01-01T00:00:00+00:00", 300.0)
    assert [(each["name"], each["state"]) for each in done["changed"]] == [("Latency", "ALARM")]
    refused = answer(Controlled(), "POST", "/_keyline/time?seconds=2000", "x-keyline")
    assert refused.status_code == 409


def test_dashboards_are_told_with_the_alarms_that_join_others() -> None:
    answered = answer(Controlled(), "GET", "/_keyline/dashboards", "x-keyline").json()
    assert answered["states"] == []
    assert answered["dashboards"] == [SHOWN]


def test_faults_begin_and_end() -> None:
    path = "/_keyline/faults"
    begun = answer(Controlled(), "POST", f"{path}/throttle?name=T/I&seconds=60", "x-keyline")
    until = "1970-01-01T00:01:00+00:00"
    assert begun.json() == {"kind": "throttle", "name": "T/I", "until": until}
    ended = answer(Controlled(), "DELETE", f"{path}?name=f", "x-keyline").json()
    assert [fault["name"] for fault in ended] == ["f"]
    assert answer(Controlled(), "DELETE", path, "x-keyline").json()[0]["name"] == "all"


@pytest.mark.parametrize(
    ("method", "path", "place", "message", "suggestion"),
    [
        ("POST", "time?seconds=soon", "seconds", "'soon' is not a number.", "number of seconds"),
        ("POST", "time", "seconds", "is not in the query.", "seconds=VALUE"),
        ("POST", "faults/flood?name=T&seconds=9", "kind", "'flood' is not a kind", "throttle"),
        ("POST", "faults/throttel?name=T&seconds=9", "kind", "is not a kind", "mean 'throttle'?"),
        ("POST", "faults/crash?seconds=9", "name", "is not in the query.", "name=VALUE"),
        ("POST", "faults/crash?name=f", "seconds", "is not in the query.", "seconds=VALUE"),
        ("GET", "streams/f?first=4", "last", "is not in the query.", "last=VALUE"),
    ],
)
def test_a_request_that_can_never_be_answered_says_what_is_wrong_with_it(
    method: str, path: str, place: str, message: str, suggestion: str
) -> None:
    refused = answer(Controlled(), method, f"/_keyline/{path}", "x-keyline")
    assert refused.status_code == 400
    told = refused.json()
    assert told["path"] == place
    assert message in told["message"]
    assert suggestion in told["suggestion"]


@pytest.mark.parametrize("status", [400, 409])
def test_what_the_platform_refuses_is_an_error_of_the_client(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"path": "kind", "message": "is not a kind of fault.", "suggestion": "Use one of: a."}
    refused = httpx.Response(status, json=told)
    monkeypatch.setattr(httpx, "request", lambda *_, **__: refused)
    with pytest.raises(LocalPlatformError, match=r"kind: is not a kind of fault\. Use one of: a"):
        ask("http://127.0.0.1:1", "POST", "/faults/b")


def test_records_of_a_stream_are_read_by_their_numbers() -> None:
    found = answer(Controlled(), "GET", "/_keyline/streams/f?first=4&last=9", "x-keyline")
    assert found.json() == {"records": [{"function": "f", "between": ["4", "9"]}]}
    gone = answer(Controlled(), "GET", "/_keyline/streams/f?first=1&last=9", "x-keyline")
    assert gone.json() == {"records": None}
