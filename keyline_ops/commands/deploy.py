"""`keyline deploy`."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from keyline.errors import KeylineError
from keyline_ops.commands.judging import Judging
from keyline_ops.commands.options import AsJson

if TYPE_CHECKING:
    from keyline_ops.deployed import Deployed
    from keyline_ops.deploying.assembly import Waves
    from keyline_ops.deploying.cdk import Options
    from keyline_ops.plan.verdict import Plan

app = typer.Typer()

_HELP = """\
Deploy an environment in waves, each of which is safe by itself.

What runs is compared with what is to be deployed, as `keyline plan --environment` does. A refused
change stops before anything is made. Otherwise each wave changes one index of a table, and the
next one waits until DynamoDB has filled it. Interrupted or killed, the same command goes on.

\b
Examples:
  keyline deploy --environment dev
  keyline deploy --environment prod --dry-run --output waves
  keyline deploy --environment prod --waves waves --digest DIGEST --yes
  keyline deploy --environment dev -- -c user_pool_id=us-east-1_AbCdEfGhI

What follows on `--` goes to the CDK. The exit code is 0 if all is deployed, 1 if a wave failed or
something has to be repaired first, 2 if it takes steps that the command does not make, 3 if it is
refused. A dry run ends as `keyline plan` does: 0 for one deployment, 2 for several, 3 for refused.
"""


@app.command(
    cls=Judging, help=_HELP, context_settings={"allow_extra_args": True, "max_content_width": 100}
)
def deploy(
    ctx: typer.Context,
    environment: Annotated[
        str, typer.Option("--environment", "--env", help="The environment, on AWS.")
    ],
    to: Annotated[
        Path | None, typer.Option(help="A cloud assembly; by default the project as it is.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write the waves for review; deploy nothing.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help="Where the waves are written; .keyline/waves/ENVIRONMENT.")
    ] = None,
    waves: Annotated[
        Path | None, typer.Option(help="Deploy the waves that a dry run wrote.")
    ] = None,
    digest: Annotated[
        str | None, typer.Option(help="Refuse these waves if their digest is another one.")
    ] = None,
    releases: Annotated[
        Path | None, typer.Option(help="The file of releases; releases.toml of the project.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask about changes of permissions.")
    ] = False,
    as_json: AsJson = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the plan as Markdown, for the approver.")
    ] = False,
) -> None:
    """Deploy an environment in waves."""
    from keyline_deploy.environment import load
    from keyline_ops.deploying.assembly import read_waves
    from keyline_ops.deploying.cdk import Options
    from keyline_ops.deploying.checks import check_pools
    from keyline_ops.deploying.reviewed import check_reviewed
    from keyline_ops.deploying.run import alone
    from keyline_ops.plan.running_stacks import on_aws

    if digest is not None and waves is None:
        raise KeylineError(
            f"--digest {digest}", "is of waves, and none are named.", "Name them with --waves."
        )
    told = load(environment)
    options = Options.of(ctx.args)
    check_pools(told, options.context)
    if yes:
        options = Options(options.context, ("--require-approval", "never", *options.rest))
    where = on_aws(told)
    with alone(environment):
        if waves is not None:
            _refuse_with(waves, to, output, releases, dry_run=dry_run)
            if digest is not None:
                check_reviewed(waves, digest)
            found = read_waves(waves)
            _check_environment(found, environment)
            _check_ready(where, _last(waves, found))
            _carry_out(where, found, waves, options)
        else:
            shown = Shown(as_json=as_json, markdown=markdown, dry_run=dry_run)
            _plan_and_carry_out(where, to, output, releases, options, shown)


@dataclass(frozen=True)
class Shown:
    """The form in which a plan is printed: for a terminal, as JSON, or as Markdown."""

    as_json: bool
    markdown: bool
    dry_run: bool

    def print(self, plan: Plan, waves: Waves | None, folder: Path) -> None:
        """Print a plan, its waves, and the digest of their folder."""
        from keyline_ops.deploying.reviewed import folder_digest
        from keyline_ops.plan import report

        entries = waves.entries if waves else ()
        digest = folder_digest(folder) if waves else ""
        if self.as_json:
            in_order = [{"steps": list(e.steps), "folder": e.folder} for e in entries]
            told = {**report.as_json(plan), "waves": in_order, "folder": str(folder)}
            print(json.dumps({**told, "digest": digest}, indent=2), flush=True)
            return
        if self.markdown:
            ending = f"\n\nDigest of what is deployed: `{digest}`" if waves else ""
            print(report.markdown(plan) + ending, flush=True)
            return
        console = Console()
        report.show(plan, console, in_order=False)
        for number, entry in enumerate(entries, 1):
            console.print(Text(f"wave {number}: {'; '.join(entry.steps)}"), soft_wrap=True)
        if waves and self.dry_run:
            console.print(Text(f"The waves are in {folder}."), soft_wrap=True)
            console.print(Text(f"digest: {digest}"), soft_wrap=True)


def _check_ready(where: Deployed, source: Path) -> None:
    from keyline_ops.deploying.checks import check_ready
    from keyline_ops.plan.running_stacks import running_stacks
    from keyline_ops.plan.sources import read_assembly

    target = read_assembly(source)
    check_ready(where.environment, running_stacks(where, target), target, source)


def _refuse_with(
    waves: Path, to: Path | None, output: Path | None, releases: Path | None, *, dry_run: bool
) -> None:
    given = {"--to": to, "--output": output, "--releases": releases, "--dry-run": dry_run or None}
    for name, value in given.items():
        if value is not None:
            raise KeylineError(
                f"--waves {waves}", f"goes without {name}: the waves say all.", f"Leave {name} out."
            )


def _check_environment(waves: Waves, environment: str) -> None:
    if waves.environment != environment:
        raise KeylineError(
            f"--environment {environment}",
            f"is not the environment of these waves, which is {waves.environment}.",
            f"Write --environment {waves.environment}.",
        )


def _plan_and_carry_out(
    where: Deployed,
    to: Path | None,
    output: Path | None,
    releases: Path | None,
    options: Options,
    shown: Shown,
) -> None:
    from keyline_deploy.project import WORK
    from keyline_ops.deploying.checks import check_ready
    from keyline_ops.deploying.cloudformation import CloudFormation
    from keyline_ops.deploying.mixing import ByHandError
    from keyline_ops.deploying.planned import plan_waves
    from keyline_ops.plan.releases import RELEASES, current_releases
    from keyline_ops.plan.running_stacks import running_stacks
    from keyline_ops.plan.sources import read_assembly
    from keyline_ops.synth import up_to_date

    name = where.environment.name
    source = to or up_to_date(name, context=options.context)
    target = read_assembly(source)
    cloud = CloudFormation(where, _tell)
    if not shown.dry_run:
        cloud.settle(target)
        cloud.until_filled(target)
    running = running_stacks(where, target)
    check_ready(where.environment, running, target, source)
    folder = output or WORK / "waves" / name
    try:
        found = plan_waves(
            where.environment,
            running,
            target,
            source,
            folder,
            current_releases(releases or RELEASES),
            _pending(name).read(),
        )
    except ByHandError as error:
        said = (f"{error.path}: {error.message}", error.suggestion)
        print("\n".join(filter(None, said)), file=sys.stderr)
        raise typer.Exit(_BY_HAND) from error
    shown.print(found.plan, found.waves, folder)
    if found.waves is None or shown.dry_run:
        raise typer.Exit(found.plan.verdict.exit_code)
    _carry_out(where, found.waves, folder, options)


_BY_HAND = 2


def _pending(environment: str) -> Any:
    from keyline_deploy.project import WORK
    from keyline_ops.deploying.fills import Pending

    return Pending(WORK / "deploy" / f"{environment}.fills.json")


def _carry_out(where: Deployed, waves: Waves, folder: Path, options: Options) -> None:
    from keyline_ops.deploying.cdk import Cdk
    from keyline_ops.deploying.cloudformation import CloudFormation
    from keyline_ops.deploying.run import Run
    from keyline_ops.plan.sources import read_assembly

    target = read_assembly(_last(folder, waves))
    run = Run(
        where=where,
        target=target,
        cloud=CloudFormation(where, _tell),
        cdk=Cdk(options.rest),
        folder=folder,
        pending=_pending(where.environment.name),
        tell=_tell,
    )
    run.settle()
    run.carry_out(waves)


def _last(folder: Path, waves: Waves) -> Path:
    """Return the cloud assembly that the last wave deploys: that of everything."""
    return folder / [entry.folder for entry in waves.entries if entry.folder][-1]


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
