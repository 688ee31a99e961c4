"""`keyline redrive`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from keyline_ops.commands.options import AsJson, Environment, State

if TYPE_CHECKING:
    from keyline_ops.redriving.redrive import Done

app = typer.Typer()

_HELP = """\
Hand the records that a stream consumer gave up on to it again.

The on-failure queue has the positions of the records for 14 days, the stream has the records for
24 hours. A message is deleted once the function has processed all of its records. What the stream
no longer has is lost for good, and is told.

\b
Examples:
  keyline redrive SYSTEM FUNCTION --dry-run
  keyline redrive SYSTEM FUNCTION --environment prod
  keyline redrive SYSTEM FUNCTION --environment prod --forget
  keyline redrive SYSTEM FUNCTION --environment prod --give-up
  keyline redrive SYSTEM archive-TABLE --environment prod

The exit code is 1 if records failed again or are lost.
"""


@app.command(help=_HELP)
def redrive(
    system: Annotated[str, typer.Argument(help="The system that the function is of.")],
    function: Annotated[
        str, typer.Argument(help="The consumer by its declared name, or archive-TABLE.")
    ],
    environment: Environment = "local",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read the records; change nothing.")
    ] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="Delete the messages whose records are lost.")
    ] = False,
    give_up: Annotated[
        bool,
        typer.Option("--give-up", help="Delete the messages whose records fail again."),
    ] = False,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Hand the records that a stream consumer gave up on to it again."""
    from keyline_deploy.environment import load
    from keyline_deploy.systems import systems
    from keyline_ops.deployed import translated
    from keyline_ops.redriving.places import consumer_of, place
    from keyline_ops.redriving.redrive import Outcome
    from keyline_ops.redriving.redrive import redrive as redriven

    chosen = load(environment)
    declared = consumer_of(system, function, systems(), chosen)
    found: list[Done] = []
    with translated(f"redrive {system} {function}"):
        where = place(declared, chosen, state)
        for done in redriven(
            declared.source,
            where.consumer,
            where.queue,
            dry_run=dry_run,
            forget=forget,
            give_up=give_up,
        ):
            found.append(done)
            if not as_json:
                print(_line(done))
    if as_json:
        print(json.dumps([_json(done) for done in found], indent=2))
    elif not found:
        print("The queue is empty.")
    bad = {Outcome.FAILED, Outcome.LOST}
    raise typer.Exit(1 if any(done.outcome in bad for done in found) else 0)


def _line(done: Done) -> str:
    stretch = f"{done.failure.first} to {done.failure.last}"
    why = f": {done.why}" if done.why else ""
    return f"{done.outcome}: {done.records} records, {stretch}, {done.failure.reason}{why}"


def _json(done: Done) -> dict[str, object]:
    return {
        "outcome": done.outcome,
        "records": done.records,
        "first": done.failure.first,
        "last": done.failure.last,
        "reason": done.failure.reason,
        "why": done.why,
    }
