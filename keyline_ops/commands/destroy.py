"""`keyline destroy`."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from keyline_ops.commands.examples import examples
from keyline_ops.commands.options import AsJson

app = typer.Typer()


@app.command(
    context_settings={"allow_extra_args": True},
    epilog=examples(
        "keyline destroy --environment dev --dry-run",
        "keyline destroy --environment dev --yes",
    ),
)
def destroy(
    ctx: typer.Context,
    environment: Annotated[
        str, typer.Option("--environment", "--env", help="The environment, on AWS.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be deleted; delete nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Agree to it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete the stacks of an environment with all data, full buckets too.

    A protected environment is refused. What follows on `--` goes to the CDK.
    """
    from keyline.errors import KeylineError
    from keyline_deploy.environment import load
    from keyline_ops.deploying.cdk import Cdk, Options
    from keyline_ops.deploying.cloudformation import CloudFormation
    from keyline_ops.deploying.destroy import Destroying, check_destroyable
    from keyline_ops.deploying.run import alone
    from keyline_ops.plan.running_stacks import on_aws
    from keyline_ops.plan.sources import read_assembly
    from keyline_ops.synth import up_to_date

    told = load(environment)
    check_destroyable(told)
    where = on_aws(told)
    options = Options.of(ctx.args)
    with alone(environment):
        assembly = up_to_date(environment, context=options.context)
        cloud = CloudFormation(where, _tell)
        destroying = Destroying(told.region, read_assembly(assembly), cloud, _tell)
        steps = destroying.steps()
        if not as_json:
            print("\n".join(steps), flush=True)
        elif dry_run or not yes:
            _print_json(steps, done=False)
        if dry_run:
            return
        if not yes:
            raise KeylineError(
                f"keyline destroy --environment {environment}",
                "would delete all of this, and no backup is made.",
                "Say --yes to agree to it.",
            )
        destroying.carry_out(Cdk(options.rest), assembly)
        if as_json:
            _print_json(steps, done=True)


def _print_json(steps: list[str], *, done: bool) -> None:
    print(json.dumps({"steps": steps, "done": done}, indent=2), flush=True)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
