"""`keyline tables` and `count`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from keyline.errors import KeylineError
from keyline_deploy.environment import load
from keyline_deploy.project import LOCAL_STATE
from keyline_deploy.systems import systems
from keyline_ops.commands.examples import examples
from keyline_ops.commands.options import AsJson, Environment, State
from keyline_ops.scanning.parallel import SEGMENTS

if TYPE_CHECKING:
    from keyline_ops.deployed import Deployed

app = typer.Typer()

_TABLE = "The table, by its declared or its deployed name."


@app.command(
    epilog=examples(
        "keyline tables",
        "keyline tables TABLE --environment prod --json",
    ),
)
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


@app.command(
    epilog=examples(
        "keyline count TABLE",
        "keyline count TABLE --environment prod --exact --rate 500 --yes",
    ),
)
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


def _where(environment: str, state: Path | None) -> Deployed:
    from keyline_ops.deployed import deployed

    return deployed(load(environment), state)
