"""`keyline local`: what goes wrong on purpose on the local platform, and its time."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from keyline_deploy.environment import LOCAL, load
from keyline_ops.commands.examples import examples
from keyline_ops.commands.options import AsJson, State
from keyline_ops.durations import seconds

app = typer.Typer()
local = typer.Typer(
    no_args_is_help=True,
    help="""\
Let something go wrong on the local platform, or move its time, to see what alarms do.

\b
Examples:
  keyline local throttle TABLE --for 10m
  keyline local throttle TABLE/INDEX
  keyline local advance 5m
  keyline alarms --live
  keyline local resume
""",
)
app.add_typer(local, name="local")

_For = Annotated[
    int,
    typer.Option(
        "--for", parser=seconds, metavar="TIME", help="For how long of the platform's time."
    ),
]
_DEFAULT: Any = "5m"  # typer hands it to the parser
_SECONDS = 900
"""How long a command waits: scheduled functions run on the way."""


@local.command(
    epilog=examples("keyline local throttle TABLE --for 10m", "keyline local throttle TABLE/INDEX")
)
def throttle(
    place: Annotated[str, typer.Argument(metavar="TABLE[/INDEX]", help="See `keyline status`.")],
    duration: _For = _DEFAULT,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Throttle a table or an index, as DynamoDB does a partition that is too hot.

    Functions get ThrottlingException. An index that is throttled rejects the writes of its table
    too. One read and one write each minute are counted also if nothing is asked, so that the alarm
    goes off.
    """
    _begin("throttle", place, duration, as_json, state)


@local.command(epilog=examples("keyline local crash FUNCTION --for 10m"))
def crash(
    function: Annotated[str, typer.Argument(help="A function; see `keyline status`.")],
    duration: _For = _DEFAULT,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Kill the process of a function as soon as it has received an event, each time."""
    _begin("crash", function, duration, as_json, state)


@local.command(epilog=examples("keyline local pause RULE --for 2d"))
def pause(
    rule: Annotated[str, typer.Argument(help="A scheduled rule; see `keyline status`.")],
    duration: _For = _DEFAULT,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Let a scheduled rule not run, as a rule that somebody has disabled."""
    _begin("pause", rule, duration, as_json, state)


@local.command(epilog=examples("keyline local resume", "keyline local resume TABLE"))
def resume(
    name: Annotated[
        str | None, typer.Argument(help="Whose fault ends; without a name all of them.")
    ] = None,
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """End what goes wrong on purpose."""
    ended = _ask(state, "DELETE", "/faults", {"name": name} if name else {})
    if as_json:
        print(json.dumps(ended, indent=2))
        return
    for fault in ended:
        print(f"{fault['kind']} of {fault['name']} has ended.")
    if not ended:
        print("Nothing goes wrong on purpose.")


@local.command(epilog=examples("keyline local advance 5m"))
def advance(
    duration: Annotated[
        int, typer.Argument(parser=seconds, metavar="TIME", help="Such as 5m, 2h or 1d.")
    ],
    as_json: AsJson = False,
    state: State = None,
) -> None:
    """Move the platform's time forward.

    Each minute on the way passes: queues are measured, scheduled functions run, and alarms are
    evaluated. The engine with its time to live, the functions, tokens and the cache keep the
    machine's time.
    """
    done = _ask(state, "POST", "/time", {"seconds": str(duration)})
    if as_json:
        print(json.dumps(done, indent=2))
        return
    ahead = timedelta(seconds=round(done["ahead"]))
    print(f"It is {_told(done['time'])} on the platform, {ahead} ahead of the machine.")
    for alarm in done["changed"]:
        print(f"{alarm['stack']}/{alarm['name']} is {alarm['state']}: {alarm['runbook']}")


def _begin(kind: str, name: str, duration: int, as_json: bool, state: Path | None) -> None:
    fault = _ask(state, "POST", f"/faults/{kind}", {"name": name, "seconds": str(duration)})
    if as_json:
        print(json.dumps(fault, indent=2))
        return
    print(f"{fault['kind']} of {fault['name']} until {_told(fault['until'])}.")
    print("`keyline local advance 5m` moves time; `keyline alarms --live` shows the alarms.")


def _told(time: str) -> str:
    return datetime.fromisoformat(time).strftime("%Y-%m-%d %H:%M:%S UTC")


def _ask(state: Path | None, method: str, path: str, params: dict[str, str]) -> Any:
    from keyline_ops.running import ask_local

    return ask_local(load(LOCAL), state, method, path, params=params, seconds=_SECONDS)
