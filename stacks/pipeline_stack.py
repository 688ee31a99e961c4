"""The stack that lets a repository's workflow deploy an environment."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct

from keyline_cdk.github_roles import GitHubRoles
from keyline_deploy.environment import Environment
from stacks.base import KeylineStack


class PipelineStack(KeylineStack):
    """GitHub's OIDC provider and roles; `keyline bootstrap` deploys it as its caller.

    The stack is in no other assembly: a workflow that could deploy it could widen its own rights.
    """

    def __init__(self, scope: Construct, *, environment: Environment) -> None:
        super().__init__(
            scope,
            owner="pipeline",
            part="",
            environment=environment,
            why="Roles of the workflows that plan and deploy.",
            synthesizer=cdk.BootstraplessSynthesizer(),
        )
        roles = GitHubRoles(self, "GitHub", environment=environment)
        for name, role in (("PlanRole", roles.plan), ("DeployRole", roles.deploy)):
            cdk.CfnOutput(self, name, value=role.role_arn)
