"""`keyline verify`, `backup`, `restore` and `export`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from keyline.errors import KeylineError
from keyline_deploy.environment import load
from keyline_deploy.project import LOCAL_STATE
from keyline_deploy.systems import systems
from keyline_ops.commands.options import AsJson, DryRun, Environment, State
from keyline_ops.words import count_of

if TYPE_CHECKING:
    from keyline_deploy.synthesized import Template
    from keyline_ops.deployed import Deployed, Owned
    from keyline_ops.recovery.restore import Origin, Plan
    from keyline_ops.recovery.take_over import Step

app = typer.Typer()

System = Annotated[str | None, typer.Argument(help="A system; all where none is named.")]
Table = Annotated[
    str | None, typer.Argument(help="A table of the system, by its declared or deployed name.")
]
Assembly = Annotated[
    Path | None,
    typer.Option(help="Folder of a cloud assembly; one is synthesized where none is named."),
]

_VERIFY = """\
Compare what is deployed with the templates: tables, indexes, TTL, recovery, streams, tags, alarms.

Each difference is named with its path, the declared and the deployed value, and what to do. What
cannot be compared is named too: the local engine and emulators lack some calls.

\b
Examples:
  keyline verify                                   all systems on the running platform
  keyline verify SYSTEM --environment prod
  keyline verify SYSTEM TABLE --environment prod --json
  keyline verify --environment prod --assembly cdk.out

The exit code is 0 if all is as declared, 1 if something differs, 2 if it could not be compared.
"""


@app.command(help=_VERIFY)
def verify(
    system: System = None,
    table: Table = None,
    environment: Environment = "local",
    assembly: Assembly = None,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Compare what is deployed with the templates."""
    from keyline_ops.deployed import chosen_tables
    from keyline_ops.recovery.verify import as_json as told
    from keyline_ops.recovery.verify import show
    from keyline_ops.recovery.verify import verify as compared

    where = _where(environment, state)
    chosen = chosen_tables(system, table, where.environment, systems())
    templates = _templates(environment, assembly)
    found = compared(templates, where, chosen, where.clients, alarms=table is None)
    if as_json:
        print(json.dumps(told(found), indent=2))
    else:
        show(found, Console())
    raise typer.Exit(1 if any(each.drifts for each in found) else 0)


_BACKUP = """\
Make on-demand backups of tables and wait for them, or list those there are.

A backup is named for its table and the time. It is kept, and billed, until somebody deletes it.
On the local platform, a backup is of its whole state, and is made while it runs or not.

\b
Examples:
  keyline backup --environment prod --dry-run      what would be backed up, and its price
  keyline backup SYSTEM --environment prod
  keyline backup SYSTEM TABLE --environment prod
  keyline backup SYSTEM --list --environment prod
  keyline backup                                   the state of the local platform
  keyline backup --list
"""


@app.command(help=_BACKUP)
def backup(
    system: System = None,
    table: Table = None,
    environment: Environment = "local",
    listing: Annotated[bool, typer.Option("--list", help="List the backups.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Make backups of tables, or list them."""
    if load(environment).is_local:
        _backup_local(system, listing, dry_run, as_json, state)
        return
    from keyline_ops.deployed import chosen_tables
    from keyline_ops.recovery.backup import Backups, price_of

    where = _where(environment, state)
    chosen = chosen_tables(system, table, where.environment, systems())
    with _steps("backup") as tell:
        backups = Backups(where, where.client(), tell)
        if listing:
            saved = backups.listed(chosen)
        else:
            found = backups.found(chosen)
            tell(_priced(len(found), price_of(found, where.environment.region, export=False)))
            saved = [] if dry_run else backups.save(found)
    if dry_run and not listing:
        rows = [{"table": seen.name, "bytes": seen.bytes} for seen in found]
        _print(rows, as_json, lambda: [f"{seen.name}: {seen.bytes:,} bytes" for seen in found])
        return
    _print(
        [asdict(each) for each in saved],
        as_json,
        lambda: (
            [f"{each.name}  {each.at}  {each.status}  {each.bytes:,} bytes" for each in saved]
            or ["There are no backups."]
        ),
    )


_RESTORE = """\
Restore a table into a new one: as of a time, or from a backup. Put back what a restore loses.

The name of the new table is that of the declaration, -r, and the time in UTC. What DynamoDB leaves
out of it follows from the template: TTL, stream, recovery, tags, deletion protection, contributor
insights, policies, scaling. Then all is compared, and what is left to do is printed as exact
commands. Interrupted, the same command goes on. docs/runbooks/backup-and-restore.md has the whole
way.

\b
Examples:
  keyline restore SYSTEM TABLE --to 2026-01-31T10:00:00Z --environment prod --dry-run
  keyline restore SYSTEM TABLE --to 2026-01-31T11:00:00+01:00 --environment prod
  keyline restore SYSTEM TABLE --from-backup NAME --environment prod
  keyline restore --from-backup NAME --replace     the state of the local platform, which is stopped

The exit code is 0 if the new table is as declared, 1 if something differs, 2 if it failed.
"""


@app.command(help=_RESTORE)
def restore(
    system: System = None,
    table: Table = None,
    to: Annotated[
        str | None, typer.Option(help="The time, with its time zone: 2026-01-31T10:00:00Z.")
    ] = None,
    from_backup: Annotated[
        str | None, typer.Option(help="The name or the ARN of a backup instead of a time.")
    ] = None,
    suffix: Annotated[
        str, typer.Option(help="A word at the end of the new name, if that is taken.")
    ] = "",
    environment: Environment = "local",
    assembly: Assembly = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Local state: put it in place of what is there, kept aside."
        ),
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Restore a table into a new one, and put back what a restore loses."""
    if load(environment).is_local:
        _restore_local(system, to, from_backup, replace, dry_run, as_json, state)
        return
    from keyline_ops.deployed import chosen_tables
    from keyline_ops.recovery.expected import expected
    from keyline_ops.recovery.restore import Restores
    from keyline_ops.recovery.take_over import take_over

    if system is None or table is None:
        raise KeylineError("restore", "needs a system and a table.", "Name them before the time.")
    where = _where(environment, state)
    (owned,) = chosen_tables(system, table, where.environment, systems())
    origin_of = _origin(to, from_backup)
    wanted = expected(_templates(environment, assembly), where, owned)
    folder = (state or LOCAL_STATE).parent / "restores"
    with _steps(f"restore {owned.table.name}") as tell:
        restores = Restores(where.clients, folder, tell)
        plan = restores.plan(wanted, origin_of(where, owned), suffix)
        steps = restores.steps(plan)
        found = None if dry_run else restores.restore(plan)
    left = take_over(where, owned, plan.target)
    told = {
        "source": plan.source,
        "target": plan.target,
        "of": str(plan.origin),
        "done": not dry_run,
        "steps": steps,
        "compared": found and asdict(found),
        "next": [asdict(step) for step in left],
    }
    if as_json:
        print(json.dumps(told, indent=2))
    else:
        _show_restore(plan, steps, found, left, where)
    raise typer.Exit(1 if found and found.drifts else 0)


_EXPORT = """\
Export tables to S3 from their point-in-time recovery: whole, or what changed in a period.

The exports of one call are of one moment. Without --at it is the latest that all of the tables can
be recovered to. With --from, the changes from then on are exported, of 15 minutes to 24 hours.

\b
Examples:
  keyline export SYSTEM --to s3://BUCKET/PREFIX --environment prod --dry-run
  keyline export SYSTEM TABLE --to s3://BUCKET --at 2026-01-31T10:00:00Z --environment prod
  keyline export SYSTEM --to s3://BUCKET --from 2026-01-31T00:00Z --at 2026-02-01T00:00Z \\
      --environment prod
"""


@app.command(help=_EXPORT)
def export(
    to: Annotated[str, typer.Option(help="s3://bucket/prefix.")],
    system: System = None,
    table: Table = None,
    environment: Environment = "local",
    at: Annotated[
        str | None, typer.Option(help="The moment, or the end of the period, with its time zone.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="The beginning of the period, with its time zone.")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Export tables to S3: whole, or what changed in a period."""
    from keyline_ops.deployed import chosen_tables
    from keyline_ops.recovery.backup import Backups, price_of
    from keyline_ops.recovery.export import Bucket, Exports, checked
    from keyline_ops.recovery.moment import moment_of

    bucket = Bucket.of(to)
    end = at and moment_of(at, "--at")
    start = since and moment_of(since, "--from")
    where = _where(environment, state)
    chosen = chosen_tables(system, table, where.environment, systems())
    with _steps("export") as tell:
        found = Backups(where, where.client(), tell).found(chosen)
        moment = checked(found, at=end or None, since=start or None)
        tell(_priced(len(found), price_of(found, where.environment.region, export=True)))
        exports = Exports(where.client(), tell)
        done = [] if dry_run else exports.export(found, bucket, at=moment, since=start or None)
    if dry_run:
        rows = [
            {"table": seen.name, "bytes": seen.bytes, "at": moment.isoformat()} for seen in found
        ]
        _print(
            rows, as_json, lambda: [f"{seen.name}: as of {moment.isoformat()}" for seen in found]
        )
        return
    _print(
        [asdict(each) for each in done],
        as_json,
        lambda: [f"{each.table}: {each.manifest}" for each in done],
    )


# ------------------------------------------------------------------------------ the local state


def _backup_local(
    system: str | None, listing: bool, dry_run: bool, as_json: bool, state: Path | None
) -> None:
    from keyline_ops.recovery.local_state import LocalBackups

    _refuse_part(system, "backup")
    backups = LocalBackups(state or LOCAL_STATE)
    if listing:
        found = backups.listed()
        told = [asdict(each) for each in found]
        lines = [f"{each.name}  {each.at}  {each.bytes:,} bytes" for each in found]
        _print(told, as_json, lambda: lines or ["There are no backups."])
        return
    with _steps("backup") as tell:
        saved = backups.save(tell, dry_run=dry_run)
    verb = "would be" if dry_run else "is"
    _print(
        {**asdict(saved), "done": not dry_run},
        as_json,
        lambda: [f"{saved.name} {verb} {saved.folder}: {saved.bytes:,} bytes"],
    )


def _restore_local(
    system: str | None,
    to: str | None,
    name: str | None,
    replace: bool,
    dry_run: bool,
    as_json: bool,
    state: Path | None,
) -> None:
    from keyline_ops.recovery.local_state import LocalBackups

    if to is not None:
        raise KeylineError(
            f"--to {to}",
            "the local engine keeps no history: it has no point-in-time recovery.",
            "Name a backup: --from-backup NAME; `keyline backup --list` shows them.",
        )
    if name is None:
        raise KeylineError(
            "restore", "needs a backup.", "Name it: --from-backup NAME; `keyline backup --list`."
        )
    _refuse_part(system, "restore")
    kept = LocalBackups(state or LOCAL_STATE).restore(name, replace=replace, dry_run=dry_run)
    told = {"backup": name, "replaced": kept and str(kept), "done": not dry_run}
    verb = "would be" if dry_run else "is"
    lines = [f"The state {verb} that of {name}."]
    if kept:
        lines.append(f"What was there before {verb} kept in {kept}.")
    _print(told, as_json, lambda: lines)


def _refuse_part(system: str | None, what: str) -> None:
    if system is not None:
        raise KeylineError(
            f"{what} {system}",
            f"on the local platform a {what} is of its whole state.",
            "Leave the system out, or name an environment on AWS.",
        )


# -------------------------------------------------------------------------------------- parts


def _origin(to: str | None, from_backup: str | None) -> Callable[[Deployed, Owned], Origin]:
    """Read what a table is restored from; AWS is asked later."""
    from keyline_ops.recovery.backup import Backups, named
    from keyline_ops.recovery.moment import moment_of
    from keyline_ops.recovery.restore import at_time, of_backup
    from keyline_ops.recovery.sight import Sight

    if (to is None) == (from_backup is None):
        raise KeylineError(
            "restore", "needs a time or a backup.", "Give --to TIME, or --from-backup NAME."
        )
    if to is not None:
        moment = moment_of(to)
        return lambda where, owned: at_time(Sight(where.clients, where.name_of(owned)), moment)
    name = str(from_backup)

    def of_backups(where: Deployed, owned: Owned) -> Origin:
        backups = Backups(where, where.client(), lambda _: None)
        return of_backup(named(name, backups.listed([owned])))

    return of_backups


def _show_restore(
    plan: Plan, steps: list[str], found: Any, left: list[Step], where: Deployed
) -> None:
    from keyline_ops.recovery.verify import show

    console = Console()
    for line in steps:
        console.print(Text(line), soft_wrap=True)
    if found:
        show([found], console)
    file = f"environments/{where.environment.name}.toml"
    console.print(Text(f"\nUntil then {plan.target} serves nobody. What is left to do:"))
    for number, step in enumerate(left, 1):
        console.print(Text(f"\n{number}. {step.why}"), soft_wrap=True)
        if step.lines:
            console.print(Text(f"   In {file}:"), soft_wrap=True)
        for line in step.lines:
            console.print(Text(f"   {line}"), soft_wrap=True)
        if step.command:
            console.print(Text(f"   {step.command}"), soft_wrap=True)


@contextmanager
def _steps(what: str) -> Iterator[Callable[[str], None]]:
    """Show on standard error how long it takes and what was done last; AWS tells no share."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what)

        def tell(line: str) -> None:
            bar.console.print(Text(line), soft_wrap=True)
            bar.update(task, description=line)

        yield tell


def _priced(tables: int, price: str) -> str:
    return f"{count_of(tables, 'table')}: {price}"


def _print(told: Any, as_json: bool, lines: Callable[[], list[str]]) -> None:
    if as_json:
        print(json.dumps(told, indent=2))
        return
    for line in lines():
        print(line)


def _templates(environment: str, assembly: Path | None) -> dict[str, Template]:
    from keyline_deploy.synthesized import read_templates
    from keyline_ops.synth import up_to_date

    if assembly is not None and not (assembly / "manifest.json").is_file():
        raise KeylineError(
            f"--assembly {assembly}", "is not a cloud assembly.", "Name what `cdk synth` made."
        )
    return read_templates(assembly or up_to_date(environment))


def _where(environment: str, state: Path | None) -> Deployed:
    from keyline_ops.deployed import deployed

    return deployed(load(environment), state)
