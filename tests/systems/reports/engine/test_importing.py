"""Reports that are imported into a real table, and that table as the commands see it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from keyline_deploy.environment import load
from keyline_ops.deployed import Deployed, Owned
from keyline_ops.importing import command
from keyline_ops.tables.count import Counter
from keyline_ops.tables.describe import describe, differences, required
from reports.repositories import ReportRepository
from reports.system import SYSTEM
from reports.tables import REPORTS
from systems.reports.importing import IMPORT, Options
from tests.support.engine import running_engine
from tests.support.tables import create_table_params, created

NAME = REPORTS.physical_name("local")


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    """Run an engine of this module's own: the table has the name of the local environment's."""
    with running_engine() as url:
        yield url


@dataclass(frozen=True)
class Bench:
    """A table of reports, and a folder to import from."""

    where: Deployed
    folder: Path

    def imported(self, lines: Sequence[Any], options: Options) -> command.Summary:
        """Import these records."""
        file = self.folder / "reports.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        job = command.Job(IMPORT, options, file, self.where.environment, self.folder / "local")
        return command.carry_out(job, lambda _: None)


@pytest.fixture
def bench(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    where = Deployed(load("local"), engine=engine)
    monkeypatch.setattr(command, "deployed", lambda *_: where)
    with created(engine, [create_table_params(REPORTS, "local")]):
        yield Bench(where, tmp_path)


@pytest.mark.requirement("K-68")
def test_a_second_import_finds_all_there_and_names_what_differs(bench: Bench) -> None:
    lines = [{"id": f"r-{n}", "title": f"Report {n}", "favorites": ["a", "b"]} for n in range(60)]
    lines[0] = {"title": "without an identifier"}
    ann = Options(user_id="ann")
    first = bench.imported(lines, ann).progress
    assert (first.imported, first.existing, first.refused) == (60, 0, 0)
    lines[7]["title"] = "another"
    second = bench.imported(lines, ann).progress
    assert (second.imported, second.existing, second.refused) == (0, 59, 1)
    (refusal,) = second.refusals
    assert (refusal.line, refusal.path) == (8, "id")
    assert "another report 'r-7', which differs" in refusal.message
    stored = ReportRepository(bench.where.store(SYSTEM, 1)).get_report("r-7", "ann")
    assert (stored.title, stored.favorites, stored.version) == ("Report 7", {"a", "b"}, 1)


@pytest.mark.requirement("K-64", "K-65")
def test_the_local_tables_are_described_and_counted(bench: Bench, tmp_path: Path) -> None:
    bench.imported([{"title": f"Report {n}", "user_id": "ann"} for n in range(30)], Options())
    client = bench.where.client()
    seen = required(describe(bench.where, client, NAME), NAME)
    assert seen.counted.startswith("now")
    assert (seen.recovery, seen.tags) == (None, None)
    assert [index.name for index in seen.indexes] == ["UserReportsIndex"]
    assert differences(Owned(SYSTEM, REPORTS), bench.where.environment, seen) == [
        "stream: none, declared is NEW_AND_OLD_IMAGES"  # the test's table has none
    ]
    counted = Counter(bench.where, NAME, tmp_path).run(lambda _: None)
    assert counted.items == seen.items == 30
