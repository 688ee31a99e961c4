"""`keyline import`: the file, the table and the journal put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

from keyline.moments import iso_now
from keyline_deploy.environment import Environment
from keyline_deploy.project import LOCAL_STATE
from keyline_ops.deployed import Deployed, deployed
from keyline_ops.importing.declaration import AnyImport
from keyline_ops.importing.journal import Progress, journal, key_of
from keyline_ops.importing.run import CONCURRENCY, RecordCheck, Run, dry_run
from keyline_ops.importing.source import digest, records
from keyline_ops.printing import print_whole, table
from keyline_ops.tables.describe import described, required
from keyline_ops.words import count_of

Tell = Callable[[int], object]


@dataclass(frozen=True)
class Job:
    """The choice of what is imported.

    Attributes
    ----------
    options
        Those of the system's import.
    state
        The local platform's state folder, if one was named; journals are beside it.
    """

    declared: AnyImport
    options: msgspec.Struct
    file: Path
    environment: Environment
    state: Path | None

    def check(self, moment: str) -> RecordCheck[Any]:
        """Return what makes items of this file's records."""
        system = self.declared.system
        settings = self.environment.settings(system.name, system.settings)
        converter = self.declared.converter(self.options, settings, moment)
        return RecordCheck(self.declared.pattern, converter, settings)


@dataclass(frozen=True)
class Summary:
    """The result of an import.

    Attributes
    ----------
    resumed
        How many records an earlier run had done.
    """

    job: Job
    progress: Progress
    dry: bool
    resumed: int = 0


def try_out(job: Job, at: Tell) -> Summary:
    """Check every record of a file; no table is asked."""
    moment = iso_now()
    digest(job.file)  # refuses what cannot be read
    progress = dry_run(records(job.file, at), job.check(moment), moment)
    return Summary(job, progress, dry=True)


def carry_out(job: Job, at: Tell) -> Summary:
    """Import a file, or go on with an import that was interrupted.

    Raises
    ------
    KeylineError
        If the file cannot be read, the table is not there, or the import could not go on.
    """
    content = digest(job.file)
    where = deployed(job.environment, job.state)
    options = msgspec.json.encode(job.options).decode()
    key = key_of(content, job.environment.name, _table_id(where, job.declared), options)
    with journal((job.state or LOCAL_STATE).parent / "imports", key, iso_now()) as kept:
        resumed = kept.progress.done
        store = where.store(job.declared.system, CONCURRENCY)
        run = Run(store, job.declared.noun, job.check(kept.progress.moment), kept)
        progress = run.run(records(job.file, at))
        kept.remove()
    return Summary(job, progress, dry=False, resumed=resumed)


def _table_id(where: Deployed, declared: AnyImport) -> str:
    """Tell which table it is: a new table has nothing of what was imported into the old one."""
    name = where.environment.table_name(declared.system.name, declared.pattern.table)
    found = required(described(where.client(), name), name)
    return f"{found['TableArn']} {found.get('TableId') or found['CreationDateTime']}"


def as_json(summary: Summary) -> dict[str, Any]:
    """Return the result; `refusals` are the first of those that `refused` counts."""
    progress = summary.progress
    return {
        "file": str(summary.job.file),
        "environment": summary.job.environment.name,
        "dry_run": summary.dry,
        "records": progress.imported + progress.existing + progress.refused,
        "valid" if summary.dry else "imported": progress.imported,
        **(
            {} if summary.dry else {"existing": progress.existing, "resumed_after": summary.resumed}
        ),
        "refused": progress.refused,
        "refusals": msgspec.to_builtins(progress.refusals),
    }


def show(summary: Summary, console: Console) -> None:
    """Print the refused lines, then the counts."""
    progress = summary.progress
    if progress.refusals:
        refused = table("Refused", ("line", "path", "message", "suggestion"), numbers=("line",))
        for each in progress.refusals:
            cells = (str(each.line), each.path, each.message, each.suggestion)
            refused.add_row(*map(Text, cells))
        print_whole(refused, console)
        more = progress.refused - len(progress.refusals)
        if more:
            console.print(f"and {more:,} more")
    items = count_of(progress.imported, summary.job.declared.noun)
    if summary.dry:
        counts = f"{items} could be imported"
    else:
        counts = f"{items} imported, {progress.existing:,} already there"
        if summary.resumed:
            counts += f" (gone on after {count_of(summary.resumed, 'record')})"
    console.print(f"{counts}, {count_of(progress.refused, 'line')} refused")
