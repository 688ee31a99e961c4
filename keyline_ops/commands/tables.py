"""`keyline tables`, `count`, `backup` and `restore`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from keyline.errors import KeylineError
from keyline_deploy.environment import load
from keyline_deploy.project import LOCAL_STATE
from keyline_deploy.systems import systems
from keyline_ops.commands.options import AsJson, Environment, State
from keyline_ops.scanning.parallel import SEGMENTS
from keyline_ops.words import count_of

if TYPE_CHECKING:
    from keyline_ops.deployed import Deployed

app = typer.Typer()

DryRun = Annotated[bool, typer.Option("--dry-run", help="Check and say; change nothing.")]
_TABLE = "The table, by its declared or its deployed name."


@app.command()
def tables(
    system: Annotated[
        str | None, typer.Argument(help="A system or a table; all where none is named.")
    ] = None,
    environment: Environment = "local",
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Show the deployed tables: size, indexes, protection, and what is not as declared.

    The exit code is 1 if a table is missing or differs from its declaration.
    """
    from keyline_ops.deployed import find_tables
    from keyline_ops.tables.listing import listed, show, to_json

    where = _where(environment, state)
    names = [system] if system else [each.name for each in systems()]
    owned = [table for name in names for table in find_tables(name, where.environment, systems())]
    rows = listed(where, owned)
    if as_json:
        print(json.dumps([to_json(row) for row in rows], indent=2))
    else:
        show(rows, Console())
    raise typer.Exit(1 if any(row.differs for row in rows) else 0)


@app.command()
def count(
    table: Annotated[str, typer.Argument(help=_TABLE)],
    environment: Environment = "local",
    exact: Annotated[
        bool, typer.Option("--exact", help="Count now, by reading the whole table.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Agree to what counting costs.")] = False,
    segments: Annotated[
        int, typer.Option(min=1, max=64, help="Segments that are read at once.")
    ] = SEGMENTS,
    rate: Annotated[
        float | None, typer.Option(min=1, max=1_000_000, help="The most read units a second.")
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin again, and leave an interrupted count.")
    ] = False,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Say how many items a table holds: as DynamoDB last counted, or counted now.

    An exact count that was interrupted goes on where it was.
    """
    from keyline_ops.deployed import find_table
    from keyline_ops.tables.count import Counter, Price
    from keyline_ops.tables.describe import describe, required

    where = _where(environment, state)
    owned = find_table(table, where.environment, systems())
    name, client = where.name_of(owned), where.client()
    seen = required(describe(where, client, name), name)
    if not exact:
        told = {"table": name, "items": seen.items, "bytes": seen.bytes, "counted": seen.counted}
        print(json.dumps(told) if as_json else f"{seen.items:,} items in {name}, {seen.counted}")
        return
    price = Price.of(seen, where.environment.region)
    if not yes:
        raise KeylineError(
            f"count {table} --exact", f"would consume {price}.", "Say --yes to agree to it."
        )
    console = Console(stderr=True)
    folder = (state or LOCAL_STATE).parent / "counts"
    counter = Counter(where, name, folder, segments=segments, rate=rate)
    if restart:
        counter.forget()
    if before := counter.interrupted():
        begun = f"a count of {before.begun}, which has {before.items:,} items"
        console.print(Text(f"It goes on with {begun}. --restart begins again."), soft_wrap=True)
    with console.status(f"counting {name}: {price}") as status:
        counted = counter.run(lambda items: status.update(f"{name}: {items:,} items"))
    if as_json:
        units = counted.read_units
        print(json.dumps({"table": name, "items": counted.items, "read_units": units}))
        return
    print(f"{counted.items:,} items in {name}; {counted.read_units:,.1f} read units consumed")


@app.command()
def backup(
    name: Annotated[str, typer.Argument(metavar="TABLE|SYSTEM", help="What to back up.")],
    environment: Environment = "local",
    export: Annotated[
        str | None, typer.Option(help="Export to S3 instead: s3://bucket/prefix.")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Make an on-demand backup of a table or of all tables of a system, and wait for it."""
    from keyline_ops.deployed import find_tables
    from keyline_ops.tables.backup import Backups, Bucket, price_of

    bucket = Bucket.of(export) if export else None
    where, console = _where(environment, state), Console(stderr=True)
    backups = Backups(where, where.client(), lambda line: console.print(Text(line)))
    found = backups.found(find_tables(name, where.environment, systems()))
    price = price_of(found, where.environment.region, export=bucket is not None)
    console.print(Text(f"{count_of(len(found), 'table')}: {price}"), soft_wrap=True)
    if dry_run:
        if as_json:
            told = [{"table": seen.name, "bytes": seen.bytes} for seen in found]
            print(json.dumps(told, indent=2))
        return
    saved = backups.export(found, bucket) if bucket else backups.save(found)
    if as_json:
        print(json.dumps([asdict(each) for each in saved], indent=2))
        return
    for each in saved:
        print(f"{each.table}: {each.where}")


@app.command()
def restore(
    table: Annotated[str, typer.Argument(help=_TABLE)],
    to: Annotated[str, typer.Option(help="Name of the new table.")],
    at: Annotated[str, typer.Option(help="The moment, with its time zone: 2026-01-31T10:00Z.")],
    environment: Environment = "local",
    dry_run: DryRun = False,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Restore a table as of a moment into a new table, and make that as it is declared.

    The exit code is 1 if the new table differs from the declaration all the same. Interrupted,
    the same command goes on.
    """
    from keyline_ops.deployed import find_table
    from keyline_ops.tables.restore import LEFT, Restores, moment_of

    moment = moment_of(at)
    where, console = _where(environment, state), Console(stderr=True)
    owned = find_table(table, where.environment, systems())
    restores = Restores(where, where.client(), lambda line: console.print(Text(line)))
    plan = restores.plan(owned, to, moment)
    steps = restores.steps(plan)
    differs = [] if dry_run else restores.restore(plan)
    if as_json:
        told = {"table": to, "steps": steps, "done": not dry_run, "differs": differs, "left": LEFT}
        print(json.dumps(told, indent=2))
    else:
        for step in steps:
            print(step)
        for line in differs:
            print(f"differs: {line}")
        for line in LEFT:
            print(f"not put back: {line}")
    raise typer.Exit(1 if differs else 0)


def _where(environment: str, state: Path | None) -> Deployed:
    from keyline_ops.deployed import deployed

    return deployed(load(environment), state)
