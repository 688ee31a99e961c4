"""`keyline bootstrap`."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from keyline_ops.commands.examples import examples

app = typer.Typer()


@app.command(
    context_settings={"allow_extra_args": True},
    epilog=examples(
        "keyline bootstrap --environment dev",
        "keyline bootstrap --environment dev --dry-run",
    ),
)
def bootstrap(
    ctx: typer.Context,
    environment: Annotated[
        str, typer.Option("--environment", "--env", help="The environment, on AWS.")
    ],
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print CloudFormation's policy as JSON; make nothing."),
    ] = False,
) -> None:
    """Prepare the account and region of an environment for deployments, once.

    CloudFormation gets the rights that the stacks need, and not AdministratorAccess. If the
    environment's file names a repository in [github], its workflows get their roles. What follows
    on `--` goes to `cdk bootstrap`.
    """
    from keyline_deploy.environment import load
    from keyline_ops.deploying.bootstrap import Bootstrap
    from keyline_ops.deploying.cdk import Cdk
    from keyline_ops.plan.running_stacks import on_aws

    found = Bootstrap(on_aws(load(environment)).environment)
    if dry_run:
        print(json.dumps(found.policy, indent=2), flush=True)
        return
    found.carry_out(Cdk(ctx.args), _tell)
    found.deploy_pipeline(Cdk(("--require-approval", "never")), _tell)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
