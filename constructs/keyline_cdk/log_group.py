"""A log group with a name and an end to what it keeps."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct

from keyline_cdk.level_one import level_one
from keyline_deploy.environment import Environment


def log_group(scope: Construct, id: str, *, name: str, environment: Environment) -> logs.LogGroup:
    """Make a log group that is deleted with what logs to it."""
    group = logs.LogGroup(scope, id, log_group_name=name, removal_policy=cdk.RemovalPolicy.DESTROY)
    # the construct's own parameter takes names of periods, not days
    resource = level_one(group, logs.CfnLogGroup)
    resource.retention_in_days = environment.functions.log_retention_days
    return group
