"""Stacks that run on AWS: their templates, and what DynamoDB says of their tables.

Templates and tables are only read: GetTemplate, DescribeStacks, DescribeTable.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from keyline.model import WRITE_BYTES
from keyline_deploy.environment import Environment
from keyline_ops.aws import aws_client
from keyline_ops.deployed import Deployed, deployed, translated
from keyline_ops.plan.errors import UnjudgedError
from keyline_ops.plan.evaluate import Stack
from keyline_ops.plan.filling import Filling
from keyline_ops.plan.templates import parse_template
from keyline_ops.tables.describe import described

_ABSENT = "ValidationError"
"""The code of GetTemplate and DescribeStacks for a stack that does not exist."""
NOT_THERE = ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "DELETE_COMPLETE")
"""Statuses of a stack that has nothing: it was never created, or all of it was rolled back."""


def on_aws(environment: Environment) -> Deployed:
    """Find an environment whose stacks are on AWS.

    Raises
    ------
    UnjudgedError
        If the environment is this machine's.
    KeylineError
        If AWS does not answer, or the credentials are for another account.
    """
    if environment.is_local:
        raise UnjudgedError(
            "--environment local", "has no stacks on AWS.", "Name what runs with --from."
        )
    return deployed(environment, None)


def running_stacks(where: Deployed, stacks: Iterable[Stack]) -> list[Stack]:
    """Return the stacks of these names as they run; one that does not run yet is left out.

    Raises
    ------
    KeylineError
        If AWS refuses, or does not answer.
    """
    found = [_running(where.environment, stack) for stack in stacks]
    return [stack for stack in found if stack]


def as_given(stacks: Iterable[Stack], running: Iterable[Stack]) -> list[Stack]:
    """Return stacks that are to be deployed, with the parameters that those that run were given.

    CloudFormation keeps the value of a parameter unless a deployment names another one.
    """
    given = {stack.name: stack.given for stack in running}
    return [replace(stack, given=given.get(stack.name, {})) for stack in stacks]


def _running(environment: Environment, stack: Stack) -> Stack | None:
    client = aws_client("cloudformation", stack.region or environment.region)
    with translated(f"stack {stack.name}"):
        try:
            id = _id(client, stack.name)
            (told,) = client.describe_stacks(StackName=id)["Stacks"]
            if told["StackStatus"] in NOT_THERE:
                return None
            body = client.get_template(StackName=id)["TemplateBody"]
        except ClientError as error:
            if error.response["Error"]["Code"] == _ABSENT:
                return None
            raise
    text = body if isinstance(body, str) else json.dumps(body)
    template = parse_template(text, f"stack {stack.name}")
    protected = told.get("EnableTerminationProtection") is True
    given = {p["ParameterKey"]: p["ParameterValue"] for p in told.get("Parameters", [])}
    return Stack(stack.name, template, protected, stack.region, stack.account, given)


def _id(client: Any, name: str) -> str:
    """Return what names a stack to CloudFormation; `Owner.Inner` is nested in `Owner`."""
    id, *nested = name.split(".")
    for logical_id in nested:
        told = client.describe_stack_resource(StackName=id, LogicalResourceId=logical_id)
        id = told["StackResourceDetail"]["PhysicalResourceId"]
    return id


# --------------------------------------------------------------------------------- sizes


def fillings(where: Deployed, names: Iterable[str]) -> dict[str, Filling]:
    """Return what filling an index of each of these tables takes, by their physical names."""
    client = where.client()
    return {name: found for name in names if (found := _filling(described(client, name)))}


def _filling(table: Mapping[str, Any] | None) -> Filling | None:
    if table is None:
        return None
    items, size = int(table.get("ItemCount", 0)), int(table.get("TableSizeBytes", 0))
    units = items * max(1, math.ceil(size / items / WRITE_BYTES)) if items else 0
    busy = tuple(
        str(index["IndexName"])
        for index in table.get("GlobalSecondaryIndexes", [])
        if index.get("IndexStatus", "ACTIVE") != "ACTIVE" or index.get("Backfilling") is True
    )
    return Filling(items, units, busy)
