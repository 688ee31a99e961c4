"""Requests that are sent again: one check, one session, one request of the limit."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from interactions.settings import Settings
from tests.support.faults import Fault, FaultProxy, fault_proxy
from tests.systems.interactions.on_engine import Api, MakeMediphant, Mediphant

pytestmark = pytest.mark.usefixtures("no_sleep")
CHECK = "POST /interactions"
OPEN = "POST /sessions"
USAGE = "GET /rate-limit"
HISTORY = "GET /sessions/{sessionId}/history"


def headers(key: str | None) -> dict[str, str]:
    found = {"content-type": "application/json"}
    return found if key is None else {**found, "idempotency-key": key}


@pytest.fixture
def proxy(mediphant: Mediphant) -> Iterator[FaultProxy]:
    with fault_proxy(mediphant.endpoint) as made:
        yield made


def body(session: str) -> dict[str, Any]:
    return {"medA": "warfarin", "medB": "ibuprofen", "sessionId": session}


def opened(api: Api, key: str | None = None) -> str:
    found: str = api(OPEN, headers=headers(key)).body["sessionId"]
    return found


def count(api: Api) -> int:
    """Return the requests that were counted against the limit."""
    usage = api(USAGE).body
    found: int = usage["limit"] - usage["remaining"]
    return found


@pytest.mark.parametrize("phase", [1, 2, 3])
def test_a_check_that_is_sent_again_is_kept_and_counted_once(
    make_mediphant: MakeMediphant, phase: int
) -> None:
    api = make_mediphant(phase=phase).app("interactions")
    session = opened(api)
    first, again = (api(CHECK, body=body(session), headers=headers("1")) for _ in range(2))
    assert first.status == again.status == 201
    assert first.body == again.body
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert count(api) == 1
    assert len(api(HISTORY, {"sessionId": session}).body["checks"]) == 1


def test_a_session_that_is_opened_again_is_the_same(mediphant: Mediphant) -> None:
    api = mediphant.app("interactions")
    first = api(OPEN, headers=headers("1"))
    assert api(CHECK, body=body(first.body["sessionId"])).status == 201
    again = api(OPEN, headers=headers("1"))
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["location"] == first.headers["location"]
    assert len(mediphant.rows("SESSION")) == 1
    assert opened(api) != opened(api)


def test_a_key_with_another_check_is_refused_and_not_counted(mediphant: Mediphant) -> None:
    api = mediphant.app("interactions")
    session = opened(api)
    assert api(CHECK, body=body(session), headers=headers("1")).status == 201
    other = api(CHECK, body={**body(session), "medB": "aspirin"}, headers=headers("1"))
    assert (other.status, other.body["path"]) == (422, "headers.idempotency-key")
    assert count(api) == 1


def test_a_key_is_no_way_around_the_limit(make_mediphant: MakeMediphant) -> None:
    api = make_mediphant(rate_limit=2).app("interactions")
    session = opened(api)
    assert api(CHECK, body=body(session), headers=headers("1")).status == 201
    # Given requests that store nothing: each of their tries is counted
    missing = [api(CHECK, body=body("none"), headers=headers("2")).status for _ in range(3)]
    assert missing == [404, 429, 429]
    # And requests that were refused: a later try is a request like any other
    refused = [api(CHECK, body=body(session), headers=headers("3")).status for _ in range(2)]
    assert refused == [429, 429]
    # Then what was stored is still told
    assert api(CHECK, body=body(session), headers=headers("1")).status == 201


def test_tries_at_once_keep_one_check(mediphant: Mediphant) -> None:
    api = mediphant.app("interactions")
    session = opened(api)

    def sent(_: int) -> Any:
        return api(CHECK, body=body(session), headers=headers("1")).body

    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(sent, range(4)))
    assert told == told[:1] * 4
    (row,) = mediphant.rows("QUERY")
    (stored,) = mediphant.rows("SESSION")
    assert (row["sessionId"]["S"], stored["queryCount"]["N"]) == (session, "1")


def test_a_check_whose_answers_were_lost_is_kept_once(
    mediphant: Mediphant, proxy: FaultProxy
) -> None:
    session = opened(mediphant.app("interactions"))
    settings: Settings = mediphant.settings
    unreliable = Mediphant(proxy.url, mediphant.environment, settings, mediphant.monkeypatch)
    api = unreliable.app("interactions")
    proxy.only = frozenset({"TransactWriteItems"})
    proxy.next(*[Fault.LOST] * 3)
    statuses = [api(CHECK, body=body(session), headers=headers("1")).status for _ in range(2)]
    assert statuses == [503, 201]
    assert len(mediphant.rows("QUERY")) == 1
    assert count(api) == 1


def test_a_try_that_arrives_after_the_clearing_changes_nothing(
    mediphant: Mediphant, proxy: FaultProxy
) -> None:
    session = opened(mediphant.app("interactions"))
    settings: Settings = mediphant.settings
    unreliable = Mediphant(proxy.url, mediphant.environment, settings, mediphant.monkeypatch)
    api = unreliable.app("interactions")
    proxy.only = frozenset({"TransactWriteItems"})
    proxy.next(*[Fault.LATE] * 3)
    statuses = [api(CHECK, body=body(session), headers=headers("1")).status for _ in range(2)]
    assert statuses == [503, 201]
    assert api("DELETE /sessions/{sessionId}/history", {"sessionId": session}).status == 204
    proxy.deliver()
    assert mediphant.rows("QUERY") == []
    (stored,) = mediphant.rows("SESSION")
    assert stored["queryCount"]["N"] == "1"
