"""`keyline workflow-roles`."""

from __future__ import annotations

from typing import Annotated

import typer

from keyline_ops.commands.examples import examples

app = typer.Typer()


@app.command("workflow-roles", epilog=examples("keyline workflow-roles --environment dev"))
def workflow_roles(
    environment: Annotated[
        str, typer.Option("--environment", "--env", help="The environment, on AWS.")
    ],
) -> None:
    """Print the region and the roles of an environment's workflows, as GITHUB_OUTPUT has them.

    The values follow from the environment's file, so that GitHub is told nothing else.
    """
    from keyline_deploy.environment import load
    from keyline_deploy.names import deploy_role_name, plan_role_name
    from keyline_deploy.pipeline_rights import github_of, role_arn

    found = load(environment)
    github_of(found)
    print(f"region={found.region}")
    print(f"plan={role_arn(found, plan_role_name(environment))}")
    print(f"deploy={role_arn(found, deploy_role_name(environment))}")
