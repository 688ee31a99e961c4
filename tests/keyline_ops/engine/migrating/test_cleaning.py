"""The clean-up: not before a week, not without a backup, not what the stack owns."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from keyline.errors import KeylineError
from keyline_ops.migrating.cleaning import carry_out, prepared
from keyline_ops.migrating.job import Job
from tests.keyline_ops.engine.migrating.bench import Bench
from tests.support.sample.moving import (
    OLD_RECEIPTS,
    PARCELS,
    RECEIPTS,
    RECEIPTS_COPY,
    WEIGHTS,
    OldReceipt,
)

NAME = OLD_RECEIPTS.physical_name("local")


@pytest.fixture
def job(bench: Bench) -> Job:
    """The copy after its source went out of the declaration."""
    job = bench.job(RECEIPTS_COPY)
    return replace(
        job, system=msgspec.structs.replace(job.system, tables=(RECEIPTS, PARCELS), functions=())
    )


@pytest.fixture(autouse=True)
def undeclared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system may have no function that uses an index: only its tables matter here."""
    monkeypatch.setattr("keyline.model.system.raise_first", lambda *_: None)


@pytest.mark.requirement("I-52", "I-54")
def test_the_source_goes_a_week_after_the_cut_over_with_a_backup(bench: Bench, job: Job) -> None:
    bench.put_receipts(OldReceipt(customer="c", number=n, cents=1, scan=b"\xff") for n in range(3))
    now = datetime.now(UTC)
    with pytest.raises(KeylineError, match="still in use"):
        prepared(job, bench.state, force=False)
    job.note_cut_over()
    with pytest.raises(KeylineError, match="less than a week ago"):
        prepared(job, bench.state, force=False, now=now + timedelta(days=6, hours=23))
    cleaning = prepared(job, bench.state, force=False, now=now + timedelta(days=7, hours=1))
    assert cleaning.steps() == [f"A backup of {NAME} is taken.", f"{NAME} is deleted."]
    saved = carry_out(cleaning, bench.state, lambda _: None)
    kept = [msgspec.json.decode(line) for line in Path(saved).read_bytes().splitlines()]
    assert sorted(item["number"]["N"] for item in kept) == ["0", "1", "2"]
    assert kept[0]["scan"] == {"B": "/w=="}
    assert NAME not in bench.where.client().list_tables()["TableNames"]


def test_force_does_not_wait_and_a_failed_backup_keeps_the_table(
    bench: Bench, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaning = prepared(job, bench.state, force=True)

    def fail(*_: object) -> None:
        raise KeylineError("backup", "failed.")

    monkeypatch.setattr("keyline_ops.migrating.cleaning._saved_to_file", fail)
    with pytest.raises(KeylineError, match="failed"):
        carry_out(cleaning, bench.state, lambda _: None)
    assert NAME in bench.where.client().list_tables()["TableNames"]


def test_what_the_stack_owns_and_what_is_filled_in_place_stays(bench: Bench) -> None:
    with pytest.raises(KeylineError, match="is a table of the system"):
        prepared(bench.job(RECEIPTS_COPY), bench.state, force=True)
    with pytest.raises(KeylineError, match="in place"):
        prepared(bench.job(WEIGHTS), bench.state, force=True)
