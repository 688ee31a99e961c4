"""`keyline phase`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    from keyline_ops.phase import Switch

from keyline_ops.commands.options import AsJson, Environment, State

app = typer.Typer()

_HELP = """\
Show or switch the phase of a system's migration.

Without a system, every system that has a migration is listed with its phase.

\b
Examples:
  keyline phase                       list the phases on this machine
  keyline phase SYSTEM                show one phase, and what it means
  keyline phase SYSTEM 2 --dry-run    say what would be written
  keyline phase SYSTEM 2 --environment dev
"""


@app.command(help=_HELP)
def phase(
    system: Annotated[
        str | None, typer.Argument(help="A system with a migration; all where none is named.")
    ] = None,
    to: Annotated[
        int | None, typer.Argument(help="The phase to go to; without it, show.", min=1, max=3)
    ] = None,
    environment: Environment = "local",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")
    ] = False,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Show or switch the phase of a system's migration."""
    from keyline.migration import Mode
    from keyline_deploy.environment import load
    from keyline_deploy.systems import systems
    from keyline_ops.phase import carry_out, find, listing, migrating, parameter_store, plan
    from keyline_ops.printing import print_whole

    one = None if system is None else find(system, systems())
    known = load(environment)
    ssm = parameter_store(known, state)
    if one is None:
        switches = [plan(ssm, known, each, None) for each in migrating(systems())]
        if as_json:
            print(json.dumps([_told(switch, written=False) for switch in switches], indent=2))
        else:
            print_whole(listing(switches), Console())
        return
    switch = plan(ssm, known, one, None if to is None else Mode(to))
    written = switch.changes and not dry_run
    if written:
        carry_out(ssm, switch)
    if as_json:
        print(json.dumps(_told(switch, written=written), indent=2))
        return
    if switch.changes:
        verb = "is now" if written else "would be"
        print(f"{switch.name} {verb} {switch.after} (was {switch.before})")
    else:
        print(f"{switch.name} is {switch.before}")
    for note in switch.notes:
        print(f"  {note}")


def _told(switch: Switch, *, written: bool) -> dict[str, Any]:
    return {
        "system": switch.of.system.name,
        "parameter": switch.name,
        "before": switch.before,
        "after": switch.after,
        "written": written,
        "notes": switch.notes,
    }
