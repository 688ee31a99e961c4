"""An import that ends at any call or in any line of its journal: gone on with, nothing is lost."""

from __future__ import annotations

import io
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar, cast

import msgspec
import pytest

from keyline.model import Put
from keyline.run import AlreadyExistsError, Store
from keyline_ops.importing.journal import Journal, Outcome, Progress, RefusedRecord, journal
from keyline_ops.importing.run import ImportStoppedError, Ready, RecordCheck, Run
from keyline_ops.importing.source import Record
from tests.support.bench import Bench, fresh
from tests.support.protocols.crash import Crash
from tests.support.protocols.driver import assert_found, drive
from tests.support.protocols.network import Network
from tests.support.protocols.plan import ALL, CRASHES, Plan
from tests.support.sample.account_import import Options, converter
from tests.support.sample.accounts import ACCOUNTS, GET_ACCOUNT, PUT_ACCOUNT, Account
from tests.support.sample.shop import LARGE, Settings

pytestmark = [pytest.mark.usefixtures("no_sleep"), pytest.mark.soak]

ItemT = TypeVar("ItemT", bound=msgspec.Struct)

RECORDS, BATCH, STEPS = 30, 6, 12
ACCOUNTS_OF_A_RUN = 24
"""Fewer than records, so that some records have the key of another."""
MOMENT = "2026-01-31T12:00:00.000000Z"


@dataclass
class TornFile:
    """A journal's file, whose writer may end in the middle of a line."""

    file: io.FileIO
    plan: Plan
    actor: str

    def write(self, line: bytes) -> int:
        """Write a line, or a part of it."""
        fault = self.plan.fault(self.actor, "journal", but=set(ALL) - set(CRASHES))
        if fault is None:
            return self.file.write(line)
        self.file.write(line[: self.plan.later(len(line))])
        raise Crash

    def fileno(self) -> int:
        """Return the file's descriptor."""
        return self.file.fileno()


@dataclass
class OfProcess:
    """A store of a process. Once the process has ended, none of its threads stores any more."""

    store: Store
    ended: bool = False

    def put(self, pattern: Put[ItemT], item: ItemT, /) -> ItemT:
        """Store an item."""
        if self.ended:
            raise Crash
        try:
            return self.store.put(pattern, item)
        except Crash:
            self.ended = True
            raise


class Imports:
    """Run one import again and again until it is through, beside another writer.

    Some lines are refused, some accounts are there before, and some lines repeat an account,
    equally or not.
    """

    def __init__(self, plan: Plan, bench: Bench, folder: Path) -> None:
        self.plan, self.bench, self.folder = plan, bench, folder
        self.network = Network(bench.url, plan)
        self.network.meanwhile = lambda _: self._write_another()
        self.close = self.network.close
        self.direct = bench.store(measure=False)
        self.check = RecordCheck(PUT_ACCOUNT, converter(Options(), Settings(), MOMENT), Settings())
        self.key = uuid.uuid4().hex
        self.first = random.SystemRandom().randrange(2**40) * 1_000
        self.records = [self._record(number) for number in range(1, RECORDS + 1)]
        self.others: set[int] = set()
        for _ in range(plan.draw.randint(0, 5)):
            self._write_another()
        self.processes = 0
        self.progress: Progress | None = None

    def step(self) -> None:
        """Run the import until it ends in one way or another."""
        if self.progress is not None:
            return
        self.processes += 1
        name = f"process {self.processes}"
        self.plan.note(name, "runs the import")
        try:
            self._run(name)
        except ImportStoppedError:
            self.plan.note(name, "  stopped")
        except Crash:
            self.plan.note(name, "  ended")

    def finish(self) -> None:
        """Run the import to its end, and account for every record."""
        self.network.heal()
        while self.progress is None:
            self.step()
        progress = self.progress
        told = progress.imported + progress.existing + progress.refused
        assert told == RECORDS, f"{told} of {RECORDS} records are told of"
        refused = [each.line for each in progress.refusals]
        expected = [record.line for record in self.records if self._is_refused(record)]
        assert sorted(refused) == expected, f"{refused} are refused, not {expected}"
        own = self._accounts() - self.others
        assert len(own) <= progress.imported, f"{progress.imported} of {len(own)} are told of"
        assert not (self.folder / f"{self.key}.jsonl").exists(), "the journal is still there"

    def _run(self, name: str) -> None:
        store = Store(
            system=LARGE, environment=self.bench.environment, client=self.network.client(name)
        )
        with journal(self.folder, self.key, MOMENT) as opened:
            file = cast("io.FileIO", TornFile(opened.file, self.plan, name))
            kept = replace(opened, file=file)
            run = Run(OfProcess(store), "account", self.check, kept, BATCH, 1, wait=lambda _: None)
            progress = run.run(self.records)
            kept.remove()
        self.progress = progress

    def _record(self, number: int) -> Record:
        """Return a record; one in ten has no name, and is refused."""
        draw = self.plan.draw
        value: dict[str, object] = {
            "accountId": self._some_account(),
            "balance": draw.choice((0, 1)),
        }
        if draw.random() < 0.9:
            value["name"] = "imported"
        return Record(number, number, value)

    def _some_account(self) -> int:
        return self.first + self.plan.draw.randrange(ACCOUNTS_OF_A_RUN)

    def _write_another(self) -> None:
        """Let somebody else create an account, which may be equal to a record's or not."""
        name = self.plan.draw.choice(("imported", "written"))
        account = Account(accountId=self._some_account(), name=name)
        try:
            self.direct.put(PUT_ACCOUNT, account)
        except AlreadyExistsError:
            return
        self.others.add(account.accountId)

    def _is_refused(self, record: Record) -> bool:
        """Return whether a record has no name, or differs from the account that is stored."""
        found = self.check(record)
        if isinstance(found, RefusedRecord):
            return True
        stored = self.direct.get(GET_ACCOUNT, accountId=found.candidate.item.accountId)
        assert stored is not None, f"the account of line {record.line} is not there"
        return not found.candidate.equals(stored)

    def _accounts(self) -> set[int]:
        ready = [found for found in map(self.check, self.records) if isinstance(found, Ready)]
        return {found.candidate.item.accountId for found in ready}


@pytest.fixture(scope="module")
def bench(endpoint: str) -> Iterator[Bench]:
    with fresh(endpoint, (ACCOUNTS,)) as made:
        yield made


@pytest.mark.requirement("K-68")
def test_every_record_is_accounted_for_once(bench: Bench, tmp_path: Path) -> None:
    drive(lambda plan: Imports(plan, bench, tmp_path), runs=6, steps=STEPS)


def test_the_driver_finds_a_batch_that_is_done_before_it_is_stored(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin(kept: Journal, upto: int) -> None:
        kept.finish(upto, Outcome(0, 0))

    monkeypatch.setattr(Journal, "begin", begin)
    assert_found(lambda plan: Imports(plan, bench, tmp_path), steps=STEPS)
