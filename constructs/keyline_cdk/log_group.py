"""A log group with a name and an end to what it keeps."""

from __future__ import annotations

from aws_cdk import aws_logs as logs
from constructs import Construct

from keyline_cdk.level_one import level_one
from keyline_cdk.removal import removal_policy
from keyline_deploy.environment import Environment


def log_group(scope: Construct, id: str, *, name: str, environment: Environment) -> logs.LogGroup:
    """Make a log group, which outlives what logs to it where the environment keeps its data."""
    policy = removal_policy(environment)
    group = logs.LogGroup(scope, id, log_group_name=name, removal_policy=policy)
    # the construct's own parameter takes names of periods, not days
    resource = level_one(group, logs.CfnLogGroup)
    resource.retention_in_days = environment.functions.log_retention_days
    return group
