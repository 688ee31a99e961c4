"""The policy for a resource with data that leaves its stack."""

from __future__ import annotations

import aws_cdk as cdk

from keyline_deploy.environment import Environment


def removal_policy(environment: Environment) -> cdk.RemovalPolicy:
    """Return the policy of an environment for what holds data, logs or records.

    What is kept goes all the same with a deployment that was to make it and is rolled back: it is
    empty, and under its name the next deployment would find it.
    """
    if environment.tables.removal_policy == "destroy":
        return cdk.RemovalPolicy.DESTROY
    return cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
