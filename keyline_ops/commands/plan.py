"""`keyline plan`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from keyline.errors import KeylineError
from keyline_ops.commands.examples import examples
from keyline_ops.commands.judging import FAILED, Judging
from keyline_ops.commands.options import AsJson

if TYPE_CHECKING:
    from keyline_ops.path_pairs import PathPair
    from keyline_ops.plan.releases import Release
    from keyline_ops.plan.verdict import Plan

app = typer.Typer()

_PROD = "prod"


@app.command(
    cls=Judging,
    epilog=examples(
        "keyline plan --from v1.4 --to HEAD --environment prod",
        "keyline plan --environment prod --markdown",
        "keyline plan --from before.json --to after.json --json",
    ),
)
def plan(
    old: Annotated[
        str | None,
        typer.Option("--from", help="What runs: a template, a cloud assembly, a git revision."),
    ] = None,
    new: Annotated[
        str | None, typer.Option("--to", help="What is to be deployed: one of the same.")
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option(help='Judge many: a JSON list of {"from": path, "to": path}.')
    ] = None,
    environment: Annotated[
        str | None,
        typer.Option(
            "--environment",
            "--env",
            help="Without --from: what runs there on AWS. Of a git revision: what to synthesize.",
        ),
    ] = None,
    releases: Annotated[
        Path | None, typer.Option(help="The file of releases; releases.toml of the project.")
    ] = None,
    as_json: AsJson = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print a comment for a pull request.")
    ] = False,
) -> None:
    """Judge what a deployment does to tables that hold data, before it is made.

    The exit code is 0 for harmless, 2 for several deployments in order, 3 for refused, and 1
    where the input cannot be judged.
    """
    from keyline_ops.path_pairs import read_path_pairs
    from keyline_ops.plan import report
    from keyline_ops.plan.errors import UnjudgedError
    from keyline_ops.plan.releases import RELEASES, current_releases

    holding = current_releases(releases or RELEASES)
    if pairs is not None:
        read = read_path_pairs(pairs, "from", "to")
        judged = [_told(each, environment or _PROD, holding) for each in read]
        print(json.dumps({"plans": judged}, indent=2), flush=True)
        raise typer.Exit(FAILED if any("error" in each for each in judged) else 0)
    if old is not None and new is not None:
        found = _judged(old, new, environment or _PROD, holding)
    elif old is None and environment is not None:
        found = _judged_on_aws(new, environment, holding)
    else:
        raise UnjudgedError(
            "--from and --to", "are both needed.", "Or name an --environment, or --pairs."
        )
    if as_json:
        print(json.dumps(report.as_json(found), indent=2))
    elif markdown:
        print(report.markdown(found))
    else:
        report.show(found, Console())
    sys.stdout.flush()
    raise typer.Exit(found.verdict.exit_code)


def _judged(old: str, new: str, environment: str, releases: Sequence[Release]) -> Plan:
    from keyline_ops.plan.errors import UnjudgedError
    from keyline_ops.plan.judge import judge
    from keyline_ops.plan.sources import stacks_of

    try:
        return judge(stacks_of(old, environment), stacks_of(new, environment), releases)
    except RecursionError as error:
        raise UnjudgedError(
            f"{old} and {new}", "are nested too deeply to be judged.", "Write them flatter."
        ) from error
    except OSError as error:
        raise UnjudgedError(
            f"{old} and {new}", f"cannot be read: {error.strerror}.", "Name two templates."
        ) from error
    except _OF_MALFORMED as error:
        raise UnjudgedError(
            f"{old} and {new}",
            f"are not written as CloudFormation's reference says: {error!r}.",
            "Check each of them with cfn-lint.",
        ) from error


def _judged_on_aws(new: str | None, environment: str, releases: Sequence[Release]) -> Plan:
    """Judge an assembly, by default that of the project as it is, over what runs on AWS."""
    from keyline_deploy.environment import load
    from keyline_ops.plan.judge import judge
    from keyline_ops.plan.running_stacks import as_given, fillings, on_aws, running_stacks
    from keyline_ops.plan.sources import read_assembly, stacks_of
    from keyline_ops.synth import up_to_date

    where = on_aws(load(environment))
    after = stacks_of(new, environment) if new else read_assembly(up_to_date(environment))
    before = running_stacks(where, after)
    found = judge(before, as_given(after, before), releases)
    names = [table.name for table in found.tables if table.changes_indexes]
    return found.with_fillings(fillings(where, names), where.environment.region)


_OF_MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What Python raises of a value that is not of the form that CloudFormation's reference says."""


def _told(
    pair: PathPair | KeylineError, environment: str, releases: Sequence[Release]
) -> dict[str, str | None]:
    try:
        if isinstance(pair, KeylineError):
            raise pair
        return {"verdict": _judged(*pair, environment, releases).verdict.word}
    except KeylineError as error:
        return {"verdict": None, "error": str(error)}
