"""The roles that GitHub's workflows take on, and the provider that vouches for their tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from keyline_cdk.acknowledge import acknowledge
from keyline_deploy.environment import Environment
from keyline_deploy.names import deploy_role_name, plan_role_name
from keyline_deploy.pipeline_rights import (
    AUDIENCE,
    ISSUER,
    Statement,
    deploy_claims,
    deploy_statements,
    github_of,
    plan_claims,
    plan_statements,
    provider_arn,
    stack_arns,
    table_arns,
)

_SESSION = cdk.Duration.hours(2)
"""How long a deployment may take: filling an index of a large table takes most of it."""
_OF_THE_ENVIRONMENT = (
    "The stacks and tables of the environment: their names have its name, and CloudFormation gives"
    " each stack an id. Tables are described, not read."
)


class GitHubRoles(Construct):
    """A role that plans and a role that deploys, each for one workflow of one branch.

    Attributes
    ----------
    plan, deploy
        The roles.
    """

    def __init__(self, scope: Construct, id: str, *, environment: Environment) -> None:
        super().__init__(scope, id)
        github = github_of(environment)
        name = environment.name
        if github.makes_provider:
            self._provider: iam.CfnOIDCProvider | None = iam.CfnOIDCProvider(
                self, "Provider", url=f"https://{ISSUER}", client_id_list=[AUDIENCE]
            )
        else:
            self._provider = None
        self.plan = self._build_role(
            "Plan",
            plan_role_name(name),
            environment,
            plan_claims(github),
            plan_statements(environment),
            why=f"Plans deployments of {name}: reads templates, describes tables.",
        )
        self.deploy = self._build_role(
            "Deploy",
            deploy_role_name(name),
            environment,
            deploy_claims(github, name),
            deploy_statements(environment),
            why=f"Deploys {name} by the roles of the CDK's bootstrap.",
        )

    def _build_role(
        self,
        id: str,
        name: str,
        environment: Environment,
        claims: Mapping[str, str],
        statements: Iterable[Statement],
        *,
        why: str,
    ) -> iam.Role:
        role = iam.Role(
            self,
            id,
            role_name=name,
            description=why,
            max_session_duration=_SESSION,
            assumed_by=iam.FederatedPrincipal(
                provider_arn(environment),
                {"StringEquals": dict(claims)},
                "sts:AssumeRoleWithWebIdentity",
            ),
            inline_policies={
                "Access": iam.PolicyDocument(
                    statements=[iam.PolicyStatement.from_json(each) for each in statements]
                )
            },
        )
        if self._provider is not None:
            role.node.add_dependency(self._provider)
        for arn in (stack_arns(environment), *table_arns(environment)):
            acknowledge(role, {f"AwsSolutions-IAM5[Resource::{arn}]": _OF_THE_ENVIRONMENT})
        return role
