"""The phases around a backfill, on a parameter that is not AWS's."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from keyline.errors import KeylineError
from keyline.moments import iso_now
from keyline_deploy.environment import load
from keyline_ops.deployed import Deployed
from keyline_ops.migrating import cleaning, switching
from keyline_ops.migrating.checkpoint import Segment, State
from keyline_ops.migrating.job import Job
from tests.support.sample.moving import RECEIPTS_COPY, SYSTEM
from tests.support.sample.shop import MOVING


@dataclass
class Parameters:
    """The client of a store with one parameter."""

    value: str = "1"
    written: list[str] = field(default_factory=list)

    def get_parameter(self, **_: str) -> dict[str, Any]:
        return {"Parameter": {"Value": self.value, "LastModifiedDate": datetime.now(UTC)}}

    def put_parameter(self, **given: Any) -> None:
        self.value = given["Value"]
        self.written.append(self.value)


@pytest.fixture
def parameters(monkeypatch: pytest.MonkeyPatch) -> Parameters:
    made = Parameters()
    monkeypatch.setattr(switching, "parameter_store", lambda *_: made)
    monkeypatch.setattr(
        "keyline_deploy.environment.Environment.settings", lambda *_: MOVING.settings()
    )
    return made


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> State:
    """Return what the checkpoint says: filled and verified."""
    made = State(segments=[Segment(done=True)], filled=iso_now(), verified=iso_now())
    monkeypatch.setattr(Job, "progress", property(lambda _: made))
    monkeypatch.setattr(Job, "note_cut_over", lambda _: setattr(made, "cut_over", iso_now()))
    monkeypatch.setattr(Job, "note_roll_back", lambda _: setattr(made, "cut_over", None))
    return made


def job(*, moving: bool = True) -> Job:
    where = Deployed(load("local"), engine="http://127.0.0.1:1")
    return Job(MOVING if moving else SYSTEM, RECEIPTS_COPY, where, Path("state"))


@pytest.mark.requirement("I-55")
def test_dual_write_cut_over_and_roll_back_switch_the_one_phase(
    parameters: Parameters, state: State
) -> None:
    parameters.value, jobs = "3", [job()]
    steps: tuple[tuple[switching.Step, str], ...] = (
        ("dual-write", "1@"),
        ("cut-over", "3@"),
        ("roll-back", "1@"),
    )
    for step, phase in steps:
        change = switching.prepared(step, jobs, None, force=False)
        before = list(parameters.written)
        assert change.notes
        assert parameters.written == before
        switching.take(change, jobs, None)
        assert parameters.value.startswith(phase)
        assert bool(state.cut_over) is (step == "cut-over")
    assert len(parameters.written) == 3


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"verified": None}, "was not verified"),
        ({"filled": None}, "was not verified"),
        ({"segments": [Segment(done=False)]}, "is under way"),
    ],
)
def test_nothing_unverified_is_cut_over_without_force(
    parameters: Parameters, state: State, changed: dict[str, Any], said: str
) -> None:
    for name, value in changed.items():
        setattr(state, name, value)
    with pytest.raises(KeylineError, match=said) as refused:
        switching.prepared("cut-over", [job()], None, force=False)
    assert "--step verify" in refused.value.suggestion
    switching.take(switching.prepared("cut-over", [job()], None, force=True), [job()], None)
    assert parameters.value.startswith("3@")


def test_a_system_without_phases_notes_its_cut_over(state: State) -> None:
    with pytest.raises(KeylineError, match="has no phases"):
        switching.prepared("dual-write", [job(moving=False)], None, force=False)
    jobs = [job(moving=False)]
    change = switching.prepared("cut-over", jobs, None, force=False)
    assert change.switch is None
    switching.take(change, jobs, None)
    assert switching.cut_over_since(jobs[0], None) is not None


def test_the_week_counts_from_the_switch_to_phase_3(parameters: Parameters, state: State) -> None:
    now = datetime.now(UTC)
    parameters.value = f"3@{now:%Y-%m-%dT%H:%M:%SZ}"
    early, late = now + timedelta(days=6), now + timedelta(days=8)
    with pytest.raises(KeylineError, match="less than a week ago"):
        cleaning.prepared(job(), None, force=False, now=early)
    assert cleaning.prepared(job(), None, force=False, now=late).steps()
    parameters.value = "2@2020-01-01T00:00:00Z"
    with pytest.raises(KeylineError, match="still in use"):
        cleaning.prepared(job(), None, force=False, now=late)
    assert cleaning.prepared(job(), None, force=True, now=early).since is None
