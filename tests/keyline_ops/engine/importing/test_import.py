"""Imports into a real table: killed, gone on with, done twice."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from keyline_deploy.environment import load
from keyline_deploy.project import ROOT
from keyline_ops.deployed import Deployed
from keyline_ops.tables.count import Counter
from tests.support.engine import running_engine
from tests.support.sample.accounts import ACCOUNTS, GET_ACCOUNT, Account
from tests.support.sample.shop import LARGE
from tests.support.small_disk import Disk, SmallDisk, on_each_disk
from tests.support.soak import AT_LENGTH
from tests.support.tables import create_table_params, created

NAME = ACCOUNTS.physical_name("local")
LINES = 10_000 if AT_LENGTH else 5_000


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    with running_engine() as url:
        yield url


@dataclass(frozen=True)
class Bench:
    """A table of accounts, and a folder to import from."""

    where: Deployed
    folder: Path
    disk: Disk | None = None

    def keyline(self, *arguments: str, engine: str = "") -> subprocess.Popen[str]:
        """Return the command, under way; on the disk, where the bench has one."""
        folder = self.disk.folder if self.disk else self.folder
        return subprocess.Popen(
            [
                *(self.disk.prefix if self.disk else []),
                *(sys.executable, "-m", "tests.keyline_ops.engine.importing.importer"),
                *(engine or str(self.where.engine), *arguments),
                *("--state", str(folder / "local"), "--json"),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, file: Path, *more: str, engine: str = "") -> tuple[int, Any]:
        """Import a file; the exit code, and the result or what was said of the failure."""
        process = self.keyline("import", "orders", str(file), *more, engine=engine)
        out, err = process.communicate()
        return process.returncode, json.loads(out) if out else err

    def write(self, lines: Sequence[Any], name: str = "accounts.jsonl") -> Path:
        """Return a file of these records."""
        file = self.folder / name
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return file

    @property
    def items(self) -> int:
        """Return how many accounts are stored."""
        return Counter(self.where, NAME, self.folder / "counts").run(lambda _: None).items

    @property
    def journals(self) -> list[Path]:
        return list((self.folder / "imports").glob("*"))


@pytest.fixture
def bench(engine: str, tmp_path: Path) -> Iterator[Bench]:
    where = Deployed(load("local"), engine=engine)
    with created(engine, [create_table_params(ACCOUNTS, "local")]):
        yield Bench(where, tmp_path)


def accounts(count: int) -> list[dict[str, Any]]:
    return [{"accountId": n, "name": f"Account {n}"} for n in range(count)]


def until_done(bench: Bench, records: int, process: subprocess.Popen[str]) -> None:
    """Wait until the journal has so many records as done."""
    while f'"done","upto":{records},'.encode() not in b"".join(
        journal.read_bytes() for journal in bench.journals
    ):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


@pytest.mark.requirement("K-68")
@pytest.mark.soak
def test_thousands_of_lines_survive_being_killed_twice(bench: Bench) -> None:
    lines = accounts(LINES)
    bench.run(bench.write(lines[:100], "earlier.jsonl"))
    lines[LINES // 2] = {"accountId": LINES}
    file = bench.write(lines)
    for done in (LINES // 5, LINES * 3 // 5):
        process = bench.keyline("import", "orders", str(file))
        until_done(bench, done, process)
        process.kill()
        process.wait()
    assert done - 1 <= bench.items < LINES - 1
    code, result = bench.run(file)
    assert code == 1
    assert result["resumed_after"] > 0
    told = {name: result[name] for name in ("records", "imported", "existing", "refused")}
    assert told == {"records": LINES, "imported": LINES - 101, "existing": 100, "refused": 1}
    assert [each["line"] for each in result["refusals"]] == [LINES // 2 + 1]
    assert bench.items == LINES - 1
    assert bench.journals == []


@pytest.mark.requirement("K-68")
def test_a_second_import_finds_all_there_and_names_what_differs(bench: Bench) -> None:
    lines: list[dict[str, Any]] = [{"accountId": n, "balance": 7} for n in range(60)]
    file = bench.write(lines)
    assert bench.run(file, "--set", "name=ann") == (
        0,
        {
            "file": str(file),
            "environment": "local",
            "dry_run": False,
            "records": 60,
            "imported": 60,
            "existing": 0,
            "resumed_after": 0,
            "refused": 0,
            "refusals": [],
        },
    )
    lines[7]["name"] = "another"
    lines.append(lines[0])
    lines.append({**lines[1], "name": "the same account again"})
    code, result = bench.run(bench.write(lines), "--set", "name=ann")
    assert code == 1
    assert (result["imported"], result["existing"], result["refused"]) == (0, 60, 2)
    assert [(each["line"], each["path"]) for each in result["refusals"]] == [
        (8, "pk, sk"),
        (62, "pk, sk"),
    ]
    said = result["refusals"][0]["message"]
    assert "another account 'ACCOUNT#7', 'PROFILE', which differs" in said
    stored = bench.where.store(LARGE, 1).get(GET_ACCOUNT, accountId=7)
    assert stored == Account(accountId=7, name="ann", balance=7)


@pytest.mark.requirement("X-17")
def test_what_a_dry_run_finds_is_what_an_import_refuses(bench: Bench) -> None:
    lines: list[Any] = accounts(20)
    lines[3] = {**lines[3], "balance": "much"}
    lines[4] = ["no object"]
    lines[5] = {**lines[5], "name": "n" * 500_000}
    file = bench.write(lines)
    dry_code, dry = bench.run(file, "--dry-run")
    assert bench.items == 0
    code, result = bench.run(file)
    assert (dry_code, code) == (1, 1)
    assert dry["refusals"] == result["refusals"]
    assert [each["line"] for each in result["refusals"]] == [4, 5, 6]
    assert dry["valid"] == result["imported"] == bench.items == 17


@pytest.mark.requirement("K-68")
def test_a_table_made_anew_has_nothing_of_what_the_journal_has_as_done(bench: Bench) -> None:
    file = bench.write(accounts(600))
    process = bench.keyline("import", "orders", str(file))
    until_done(bench, 250, process)
    process.kill()
    process.wait()
    table = bench.where.client()
    definition = create_table_params(ACCOUNTS, "local")
    table.delete_table(TableName=NAME)
    code, said = bench.run(file)
    assert code == 2
    assert "is not deployed" in said
    table.create_table(**definition)
    code, result = bench.run(file)
    assert (code, result["imported"], result["resumed_after"]) == (0, 600, 0)
    assert bench.items == 600


@pytest.mark.soak
@on_each_disk
def test_a_full_disk_stops_an_import_that_goes_on_when_there_is_space(
    bench: Bench, tmp_path: Path, small_disk: SmallDisk
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        # Given an import of which each fifth line is refused, so that its journal grows
        count = LINES * 3 // 10
        lines = [line if n % 5 else {"accountId": n} for n, line in enumerate(accounts(count))]
        file, on_disk = bench.write(lines), replace(bench, folder=disk.seen, disk=disk)
        process = on_disk.keyline("import", "orders", str(file))
        until_done(on_disk, 500, process)

        # When the disk is full, Then the import ends with one error
        disk.fill()
        _, said = process.communicate()
        assert process.returncode == 2
        assert "Traceback" not in said
        assert f"{disk.folder}/imports/" in said
        assert "Make space there" in said
        assert on_disk.run(file)[0] == 2

        # And when there is space, it goes on, and each line is accounted for once
        disk.free()
        code, result = on_disk.run(file)
        assert (code, result["resumed_after"] >= 500) == (1, True)
        told = {name: result[name] for name in ("records", "imported", "existing", "refused")}
        assert told == {
            "records": count,
            "imported": count * 4 // 5,
            "existing": 0,
            "refused": count // 5,
        }
        assert bench.items == count * 4 // 5
