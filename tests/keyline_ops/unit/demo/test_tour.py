"""Journeys one after the other: what a failing one stops, and what it does not."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest
from msgspec.structs import replace
from rich.console import Console

from keyline.errors import KeylineError
from keyline_local import Platform
from keyline_ops.demo import tour
from keyline_ops.demo.journey import Advance
from keyline_ops.demo.session import Session, UnexpectedAnswerError
from keyline_ops.demo.tour import Plan, Tour
from tests.support.sample.books import SMALL


class FakeLogs:
    def subscribe(self, _: object) -> object:
        return lambda: None


class FakePlatform:
    logs = FakeLogs()


class FakeSession:
    def __init__(self, *_: object, alone: bool) -> None: ...

    async def settle(self) -> None: ...

    async def close(self) -> None: ...


class FakeJourney:
    """Does nothing, and is refused if it is told so."""

    data_files: Sequence[str] = ()
    loaded_before = True

    def __init__(self, name: str, *, refused: bool = False) -> None:
        self.system = replace(SMALL, name=name)
        self.refused = refused
        self.done: list[str] = []

    def prepare(self, _: Path | None) -> tuple[str, int]:
        return "nothing", 0

    async def load(self, _: Session, __: Advance) -> None:
        self.done.append("load")
        if self.refused:
            raise UnexpectedAnswerError("GET /notes", "answered 500.")

    async def exercise(self, _: Session) -> Sequence[str]:
        self.done.append("exercise")
        return [f"{self.system.name} was used."]


@pytest.fixture(autouse=True)
def _without_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tour, "Session", FakeSession)


@pytest.fixture
def journeys() -> list[FakeJourney]:
    return [FakeJourney("first", refused=True), FakeJourney("second")]


def of(journeys: list[FakeJourney]) -> Tour:
    return Tour([Plan(journey, "nothing", 0) for journey in journeys], "audience")


PLATFORM = cast(Platform, FakePlatform())


def test_a_served_platform_goes_on_with_the_next_journey(journeys: list[FakeJourney]) -> None:
    out = io.StringIO()
    console = Console(file=out, width=200)
    complete = asyncio.run(of(journeys).take_as_far_as_possible(PLATFORM, console))
    assert complete is False
    assert [journey.done for journey in journeys] == [["load"], ["load", "exercise"]]
    text = out.getvalue()
    assert "first: GET /notes: answered 500." in text
    assert "The platform serves all the same." in text
    assert "second was used." in text
    assert "Access patterns" in text


def test_without_a_failure_it_is_complete(journeys: list[FakeJourney]) -> None:
    out = Console(file=io.StringIO())
    assert asyncio.run(of(journeys[1:]).take_as_far_as_possible(PLATFORM, out)) is True


def test_without_journeys_nothing_is_reported() -> None:
    out = io.StringIO()
    assert asyncio.run(of([]).take_as_far_as_possible(PLATFORM, Console(file=out))) is True
    assert out.getvalue() == ""


def test_the_demonstration_ends_at_the_first_failure(journeys: list[FakeJourney]) -> None:
    with pytest.raises(KeylineError, match="answered 500"):
        asyncio.run(of(journeys).take(PLATFORM, Console(file=io.StringIO())))
    assert journeys[1].done == []


def test_the_faults_of_the_report_are_kept(journeys: list[FakeJourney]) -> None:
    found = of(journeys[1:])
    journeys[1].loaded_before = False
    asyncio.run(found.take(PLATFORM, Console(file=io.StringIO())))
    assert found.faults == ["never ran"]
    journeys[1].loaded_before = True
    asyncio.run(found.take(PLATFORM, Console(file=io.StringIO())))
    assert found.faults == []
