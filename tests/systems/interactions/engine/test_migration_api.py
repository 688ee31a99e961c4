"""The API in each phase of the migration, and while the parameter switches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from interactions.system import SYSTEM
from keyline import variables
from keyline.migration import Mode
from keyline_deploy.environment import load
from keyline_deploy.names import phase_parameter_name
from keyline_ops.phase import carry_out, find, plan
from tests.support.faults import Fault
from tests.support.parameter_store import parameter_store
from tests.systems.interactions.engine.migrating import Rig, rigged
from tests.systems.interactions.on_engine import Api, MakeMediphant

DEV = load("dev")
PARAMETER = phase_parameter_name("interactions", "dev")


def app(rig: Rig, **environ: str) -> Api:
    """Return the API of a process behind the proxy."""
    return rig.mediphant.app("interactions", AWS_ENDPOINT_URL_DYNAMODB=rig.proxy.url, **environ)


def opened(api: Api) -> str:
    answer = api("POST /sessions")
    assert answer.status == 201, answer.body
    return str(answer.body["sessionId"])


def checked(api: Api, session: str, name: str) -> Any:
    body = {"medA": name, "medB": "ibuprofen", "sessionId": session}
    return api("POST /interactions", body=body)


def history(api: Api, session: str) -> Any:
    return api("GET /sessions/{sessionId}/history", {"sessionId": session})


def names(api: Api, session: str) -> list[str]:
    answer = history(api, session)
    assert answer.status == 200, answer.body
    return [check["medA"] for check in answer.body["checks"]]


def count(api: Api, session: str) -> int:
    answer = api("GET /sessions/{sessionId}", {"sessionId": session})
    assert answer.status == 200, answer.body
    return int(answer.body["queryCount"])


@pytest.mark.requirement("M-36", "M-38")
@pytest.mark.parametrize("phase", [1, 2])
def test_requests_succeed_while_dynamodb_fails_and_nothing_is_lost(
    phase: int, make_mediphant: MakeMediphant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyline.migration.breaker.SLOW_SECONDS", 60)
    with rigged(make_mediphant(phase=phase)) as rig:
        api = app(rig)
        session = opened(api)
        assert checked(api, session, "warfarin").status == 201
        rig.proxy.share, rig.proxy.kinds = 1.0, (Fault.THROTTLED,)
        assert names(api, session) == ["warfarin"]
        answer = checked(api, session, "aspirin")
        assert answer.status == 201
        assert answer.headers["ratelimit"].startswith('"default";r=97;')
        assert names(api, session) == ["aspirin", "warfarin"]
        rig.proxy.heal()
        assert count(api, session) == 2
        assert names(api, session) == ["aspirin", "warfarin"]
        (row,) = rig.mediphant.rows("SESSION")
        assert row["queryCount"] == {"N": "2"}
        assert len(rig.mediphant.rows("QUERY")) == 2


@pytest.mark.requirement("M-40", "M-41")
def test_in_phase_3_a_failing_dynamodb_is_a_503(make_mediphant: MakeMediphant) -> None:
    with rigged(make_mediphant(phase=3)) as rig:
        api = app(rig)
        session = opened(api)
        rig.proxy.only = frozenset({"TransactWriteItems", "GetItem"})
        rig.proxy.share, rig.proxy.kinds = 1.0, (Fault.THROTTLED,)
        for answer in (
            checked(api, session, "warfarin"),
            history(api, session),
            api("POST /sessions"),
        ):
            assert answer.status == 503
            assert answer.headers["retry-after"] == "1"
        rig.proxy.heal()
        assert names(api, session) == []


@pytest.fixture
def ssm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A Parameter Store that a function reads its phase from."""
    with parameter_store(monkeypatch) as client:
        client.put_parameter(Name=PARAMETER, Type="String", Value="1")
        yield client


@pytest.mark.requirement("M-36", "M-38", "M-40", "M-41")
def test_the_parameter_switches_phases_forward_and_back(
    ssm: Any, make_mediphant: MakeMediphant
) -> None:
    with rigged(make_mediphant(phase_seconds=1e-9, compare_share=0)) as rig:
        api = app(rig, **{variables.PHASE_PARAMETER: PARAMETER})
        sessions: dict[str, list[str]] = {}
        reads: list[int] = []
        for step, mode in enumerate((1, 2, 3, 2, 1)):
            carry_out(ssm, plan(ssm, DEV, find(SYSTEM.name, [SYSTEM]), Mode(mode)))
            sessions[opened(api)] = []
            for session, expected in sessions.items():
                assert checked(api, session, f"medicine {step}").status == 201
                expected.insert(0, f"medicine {step}")
            before = rig.proxy.passed["Query"]
            for session, expected in sessions.items():
                assert names(api, session) == expected
                assert count(api, session) == len(expected)
            reads.append(rig.proxy.passed["Query"] - before)
        # Phase 1 reads memory, phase 2 reads new sessions from DynamoDB, phase 3 reads all there.
        assert reads[0] == 0
        assert reads[1] >= 1
        assert reads[2] == 3
        cleared = next(iter(sessions))
        assert api("DELETE /sessions/{sessionId}/history", {"sessionId": cleared}).status == 204
        assert names(api, cleared) == []
