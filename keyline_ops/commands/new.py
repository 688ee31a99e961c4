"""`keyline new`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from keyline_deploy.project import ROOT

if TYPE_CHECKING:
    from keyline_ops.new.plan import Plan

from keyline_ops.commands.options import AsJson

app = typer.Typer()

_HELP = """\
Write a new system: declaration, handlers, tests of each kind, settings, guide.

It has one table with one index, three access patterns and three routes. All checks and tests of
the project pass at once. A file that exists is kept: run the command again to complete a system.

\b
Examples:
  keyline new bookmarks                    a system whose items are bookmarks
  keyline new bookmarks --dry-run          list the files; write nothing
  keyline new bookmarks --stream           with a consumer of the table's stream
  keyline new library --item book --title "Books of the library"
"""


@app.command(help=_HELP)
def new(
    system: Annotated[
        str, typer.Argument(help="Its name, a package of Python: bookmarks, my_orders.")
    ],
    item: Annotated[
        str | None, typer.Option(help="What an item is called; from the system's name by default.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="The title of its guide and its API.")] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="With a consumer of the table's stream.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would happen to each file; write nothing.")
    ] = False,
    no_derive: Annotated[
        bool, typer.Option("--no-derive", help="Make no documents and no snapshots.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a new system."""
    from keyline_ops.new.derive import derive
    from keyline_ops.new.make import planned

    found = planned(system, item, title, ROOT, stream=stream, derive=not no_derive)
    if not dry_run:
        found.write(ROOT)
        if found.derives:
            with Console(stderr=True).status("documents and snapshots") as status:
                derive(found, ROOT, lambda path: status.update(f"making {path}"))
    if as_json:
        print(json.dumps(_told(found, dry_run=dry_run), indent=2))
    else:
        _show(found, dry_run=dry_run)


def _next(found: Plan) -> list[str]:
    """Return the commands that lead to the first answer of the new API."""
    route = found.words.context()["route"]
    return [
        "make up",
        "TOKEN=$(make -s token)",
        f"curl -X POST http://localhost:{found.port}{route} "
        '-H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" '
        '-d \'{"text": "Buy milk."}\'',
    ]


def _told(found: Plan, *, dry_run: bool) -> dict[str, Any]:
    words = found.words
    return {
        "system": words.system,
        "item": words.item,
        "title": words.title,
        "stream": words.stream,
        "port": found.port,
        "dry_run": dry_run,
        "changes": found.changes,
        "files": [{"path": step.path, "action": step.action} for step in found.steps],
        "next": _next(found),
    }


def _show(found: Plan, *, dry_run: bool) -> None:
    for step in found.steps:
        print(f"{step.action:7} {step.path}")
    print()
    if not found.changes:
        print(f"{found.words.system} is complete. Nothing was written.")
    elif dry_run:
        print("Nothing was written.")
    else:
        print("Next, the last two in a second terminal:")
        for command in _next(found):
            print(f"  {command}")
