"""The migration of the first history table, on a real engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keyline_deploy.environment import load
from keyline_ops.deployed import Deployed
from keyline_ops.migrating.declaration import backfills_of
from keyline_ops.migrating.job import Job
from memory.history import History, PageRequest
from memory.legacy import LEGACY_HISTORY
from memory.tables import HISTORY
from tests.support.engine import running_engine
from tests.support.tables import create_table_params, created

DAY, LATER = 86_400, 4_000_000_000
FIRST = 1_767_225_600
"""2026-01-01, epoch seconds."""


@pytest.fixture(scope="module")
def where() -> Iterator[Deployed]:
    with running_engine() as url:
        yield Deployed(load("local"), engine=url)


@pytest.fixture
def job(where: Deployed, tmp_path: Path) -> Iterator[Job]:
    tables = [create_table_params(table, "local") for table in (LEGACY_HISTORY, HISTORY)]
    (copy,) = backfills_of("memory").named(None, "local")
    with created(str(where.engine), tables):
        yield Job(backfills_of("memory").system, copy, where, tmp_path / "local")


def legacy(number: int, sort_key: str, **more: Any) -> dict[str, Any]:
    return {
        "user_id": {"S": f"user-{number % 3}"},
        "sort_key": {"S": sort_key},
        "role": {"S": "user" if number % 2 else "assistant"},
        "content": {"S": f"turn {number}"},
        "session_id": {"S": "s"},
        "metadata": {"M": {"model": {"S": "m"}}},
        "archived": {"BOOL": False},
        **more,
    }


def iso(number: int) -> str:
    return f"2026-01-{1 + number % 28:02d}T10:00:{number % 60:02d}.{number:06d}"


def epoch(number: int) -> str:
    return str((FIRST + number % 28 * DAY) * 1000 + number)


@pytest.mark.requirement("I-46")
@pytest.mark.requirement("I-47")
@pytest.mark.requirement("I-48")
def test_every_turn_is_there_once_in_both_formats_with_its_expiry(job: Job) -> None:
    client, count = job.where.client(), 300
    old = [
        legacy(
            n, iso(n) if n % 2 else epoch(n), **({"ttl": {"N": str(LATER + n)}} if n % 3 else {})
        )
        for n in range(count)
    ]
    for item in old:
        client.put_item(TableName=LEGACY_HISTORY.physical_name("local"), Item=item)
    outcome = job.run(lambda _: None).outcome
    assert (outcome.read, outcome.written, outcome.refused) == (count, count, 0)
    verdict = job.verify(lambda _: None)
    assert verdict.faultless
    assert (verdict.source, verdict.target, verdict.compared) == (count, count, count)
    pages = client.get_paginator("scan").paginate(TableName=HISTORY.physical_name("local"))
    found = {item["content"]["S"]: item for page in pages for item in page["Items"]}
    assert len(found) == count
    for number, item in enumerate(old):
        stored = found[f"turn {number}"]
        assert stored.get("ttl") == item.get("ttl")
        day = f"2026-01-{1 + number % 28:02d}"
        assert stored["user_date"] == {"S": f"user-{number % 3}#{day}"}
        assert stored["session_id"] == {"S": f"user-{number % 3}#s"}


def test_the_history_reads_what_came_from_the_first_table(job: Job) -> None:
    client = job.where.client()
    for number in range(6):
        item = legacy(number * 3, iso(number) if number % 2 else epoch(number))
        client.put_item(TableName=LEGACY_HISTORY.physical_name("local"), Item=item)
    job.run(lambda _: None)
    history = History(job.where.store(job.system, 4))
    recent = history.get_recent_context_optimized("user-0", limit=4)
    assert [turn.content_summary for turn in recent] == [f"turn {n}" for n in (15, 12, 9, 6)]
    of_session = history.latest_of_session("user-0", "s", 10)
    assert len(of_session) == 6
    (day,) = history.of_day("user-0", "2026-01-03", PageRequest(5)).items
    assert (day.content, day.session) == ("turn 6", "s")
