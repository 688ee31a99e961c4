"""`keyline import`: the file, the table and the journal put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from keyline.errors import KeylineError
from keyline.moments import iso_now
from keyline_deploy.environment import Environment
from keyline_deploy.project import LOCAL_STATE
from keyline_ops.deployed import Deployed, deployed
from keyline_ops.importing.journal import Progress, journal, key_of
from keyline_ops.importing.run import CONCURRENCY, Import, RecordCheck, dry_run
from keyline_ops.importing.source import digest, records
from keyline_ops.printing import print_whole
from keyline_ops.tables.describe import described
from keyline_ops.words import count_of
from reports.repositories import ReportRepository
from reports.settings import Settings
from reports.system import SYSTEM
from reports.tables import REPORTS
from systems.reports.importing import Converter

Tell = Callable[[int], object]


@dataclass(frozen=True)
class Asked:
    """What is to be imported.

    Attributes
    ----------
    user_id
        The owner of reports that name none.
    state
        The local platform's state folder, if one was named; journals are beside it.
    """

    file: Path
    environment: Environment
    user_id: str | None
    state: Path | None

    @property
    def settings(self) -> Settings:
        """The system's, in this environment."""
        return self.environment.settings(SYSTEM.name, Settings)

    def check(self, moment: str) -> RecordCheck:
        """What makes reports of this file's records."""
        converter = Converter(self.user_id, moment, self.settings.max_favorites)
        return RecordCheck(converter, self.settings)


@dataclass(frozen=True)
class Told:
    """What became of an import.

    Attributes
    ----------
    resumed
        How many records an earlier run had done.
    """

    asked: Asked
    progress: Progress
    dry: bool
    resumed: int = 0


def try_out(asked: Asked, at: Tell) -> Told:
    """Check every record of a file; no table is asked."""
    moment = iso_now()
    digest(asked.file)  # refuses what cannot be read
    progress = dry_run(records(asked.file, at), asked.check(moment), moment)
    return Told(asked, progress, dry=True)


def carry_out(asked: Asked, at: Tell) -> Told:
    """Import a file, or go on with an import that was interrupted.

    Raises
    ------
    KeylineError
        If the file cannot be read, the table is not there, or the import could not go on.
    """
    content = digest(asked.file)
    where = deployed(asked.environment, asked.state)
    key = key_of(content, asked.environment.name, _table_id(where), asked.user_id)
    with journal((asked.state or LOCAL_STATE).parent / "imports", key, iso_now()) as kept:
        resumed = kept.progress.done
        store = where.store(SYSTEM, CONCURRENCY)
        importing = Import(ReportRepository(store), asked.check(kept.progress.moment), kept)
        progress = importing.run(records(asked.file, at))
        kept.remove()
    return Told(asked, progress, dry=False, resumed=resumed)


def _table_id(where: Deployed) -> str:
    """Which table it is: one made anew has none of what was imported into the old one."""
    name = REPORTS.physical_name(where.environment.name)
    found = described(where.client(), name)
    if found is None:
        raise KeylineError(name, "is not deployed.", "Deploy the system reports first.")
    return f"{found['TableArn']} {found.get('TableId') or found['CreationDateTime']}"


def as_json(told: Told) -> dict[str, Any]:
    """The result; `refusals` are the first of those that `refused` counts."""
    progress = told.progress
    return {
        "file": str(told.asked.file),
        "environment": told.asked.environment.name,
        "dry_run": told.dry,
        "records": progress.imported + progress.existing + progress.refused,
        "valid" if told.dry else "imported": progress.imported,
        **({} if told.dry else {"existing": progress.existing, "resumed_after": told.resumed}),
        "refused": progress.refused,
        "refusals": [
            {
                "line": each.line,
                "path": each.path,
                "message": each.message,
                "suggestion": each.suggestion,
            }
            for each in progress.refusals
        ],
    }


def show(told: Told, console: Console) -> None:
    """Print the refused lines, then the counts."""
    progress = told.progress
    if progress.refusals:
        table = Table(title="Refused", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("line", justify="right", no_wrap=True)
        for name in ("path", "message", "suggestion"):
            table.add_column(name, no_wrap=True)
        for each in progress.refusals:
            cells = (str(each.line), each.path, each.message, each.suggestion)
            table.add_row(*map(Text, cells))
        print_whole(table, console)
        more = progress.refused - len(progress.refusals)
        if more:
            console.print(f"and {more:,} more")
    if told.dry:
        counts = f"{count_of(progress.imported, 'report')} could be imported"
    else:
        counts = (
            f"{count_of(progress.imported, 'report')} imported, {progress.existing:,} already there"
        )
        if told.resumed:
            counts += f" (gone on after {count_of(told.resumed, 'record')})"
    console.print(f"{counts}, {count_of(progress.refused, 'line')} refused")
