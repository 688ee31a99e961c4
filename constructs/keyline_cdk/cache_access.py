"""The access of a function that declares `caches` to the cache of its environment.

Where the cache is stands in SSM parameters, which a deployment reads by their names: a reference
would be an export, which locks both stacks.
"""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from keyline.model import Function
from keyline_deploy.environment import Environment
from keyline_deploy.names import cache_name, cache_parameter, dax_name
from keyline_deploy.template_rules import INTERFACE_ACTIONS

PORT = 6379


def cache_url(environment: Environment) -> str:
    """Return the cache's URL: TLS, and a user without a password, who has an IAM token."""
    address = _told(environment, "address")
    return f"rediss://{cache_name(environment.name)}@{address}:{PORT}/0"


def cache_statements(
    function: Function, environment: Environment, stack: cdk.Stack
) -> list[iam.PolicyStatement]:
    """Return what a function may do to be in the cache's network and to enter the cache."""
    if not (environment.cache and function.caches):
        return []
    name = cache_name(environment.name)
    resources = [
        stack.format_arn(
            service="elasticache",
            resource=kind,
            resource_name=name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        for kind in ("serverlesscache", "user")
    ]
    return [
        iam.PolicyStatement(actions=["elasticache:Connect"], resources=resources),
        iam.PolicyStatement(actions=list(INTERFACE_ACTIONS), resources=["*"]),
    ]


def dax_url(function: Function, environment: Environment) -> str:
    """Return the URL of the DAX cluster that a function may read through; empty for any other."""
    return _told(environment, "dax") if _has_dax(function, environment) else ""


def dax_statements(
    function: Function, environment: Environment, stack: cdk.Stack
) -> list[iam.PolicyStatement]:
    """Return the permission to get items through DAX.

    The permission says nothing of tables: which ones DAX reads is said by the role of the cluster.
    """
    if not _has_dax(function, environment):
        return []
    cluster = stack.format_arn(
        service="dax", resource="cache", resource_name=dax_name(environment.name)
    )
    return [iam.PolicyStatement(actions=["dax:GetItem"], resources=[cluster])]


def _has_dax(function: Function, environment: Environment) -> bool:
    cache = environment.cache
    return cache is not None and cache.dax is not None and bool(function.accelerated)


def vpc_config(
    function: Function, environment: Environment
) -> lambda_.CfnFunction.VpcConfigProperty | None:
    """Return the network of a function that uses the cache; None for any other."""
    if not (environment.cache and function.caches):
        return None
    return lambda_.CfnFunction.VpcConfigProperty(
        security_group_ids=[_told(environment, "security-group")],
        subnet_ids=[_told(environment, f"subnet-{zone}") for zone in environment.cache.zones],
    )


def _told(environment: Environment, what: str) -> str:
    return f"{{{{resolve:ssm:{cache_parameter(environment.name, what)}}}}}"
