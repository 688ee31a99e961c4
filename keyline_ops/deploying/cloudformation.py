"""Stacks and indexes as AWS has them, and waiting until nothing is under way any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from keyline.errors import KeylineError
from keyline_ops.aws import aws_client
from keyline_ops.deployed import Deployed, translated
from keyline_ops.plan.evaluate import Stack
from keyline_ops.plan.table_state import TABLE_TYPES
from keyline_ops.tables.describe import described
from keyline_ops.tables.wait import until

Tell = Callable[[str], None]

PAUSE_SECONDS = 2.0
_UNDER_WAY = "_IN_PROGRESS"
_NOT_STARTED = "REVIEW_IN_PROGRESS"
"""The status of a stack of which there is a change set and nothing else."""
_ABSENT = "ValidationError"

_FAILED_CREATION = (
    "could not be created, and all of it was rolled back ({status}). Nothing is in it.",
    "aws cloudformation delete-stack --stack-name {name} --region {region}",
)
_WAYS_OUT = {
    "ROLLBACK_COMPLETE": _FAILED_CREATION,
    "ROLLBACK_FAILED": (
        "could not be created, and not be rolled back either ({status}).",
        "aws cloudformation delete-stack --stack-name {name} --region {region}",
    ),
    "CREATE_FAILED": _FAILED_CREATION,
    "DELETE_FAILED": (
        "could not be deleted ({status}): its events say what is in the way.",
        "aws cloudformation delete-stack --stack-name {name} --region {region}",
    ),
    "UPDATE_ROLLBACK_FAILED": (
        "is between two versions ({status}): its events say what could not be put back.",
        "aws cloudformation continue-update-rollback --stack-name {name} --region {region}",
    ),
}
_UNPROTECT = (
    "aws cloudformation update-termination-protection --no-enable-termination-protection"
    " --stack-name {name} --region {region}"
)


class BrokenStackError(KeylineError):
    """A stack that takes no deployment until somebody repairs it."""


@dataclass(frozen=True)
class Told:
    """A stack as CloudFormation describes it.

    Attributes
    ----------
    status
        Empty where there is no such stack.
    """

    name: str
    region: str
    status: str
    is_protected: bool = False

    @property
    def is_under_way(self) -> bool:
        """Return whether CloudFormation is changing the stack now."""
        return self.status.endswith(_UNDER_WAY) and self.status != _NOT_STARTED

    def check(self) -> None:
        """Refuse a stack that takes no deployment, and say the way out.

        Raises
        ------
        BrokenStackError
            If it is one.
        """
        if self.status not in _WAYS_OUT:
            return
        message, command = _WAYS_OUT[self.status]
        if "delete-stack" in command and self.is_protected:
            message += " It is protected against being deleted."
            command = f"{_UNPROTECT}\n  {command}"
        elif self.status == "ROLLBACK_COMPLETE":
            return  # the CDK deletes it, and begins again
        named = {"name": self.name, "region": self.region, "status": self.status}
        raise BrokenStackError(
            f"stack {self.name}",
            message.format(**named),
            f"Remove the cause, then run this, and deploy again:\n  {command.format(**named)}",
        )


class CloudFormation:
    """The stacks of an assembly on AWS.

    Parameters
    ----------
    tell
        Is told what is waited for, each time that it changes.
    pause
        Seconds between two looks.
    """

    def __init__(self, where: Deployed, tell: Tell, pause: float = PAUSE_SECONDS) -> None:
        self._where = where
        self._tell = tell
        self._pause = pause
        self._clients: dict[str, Any] = {}

    def client(self, region: str) -> Any:
        """Return boto3's client of CloudFormation in a region."""
        region = region or self._where.environment.region
        if region not in self._clients:
            self._clients[region] = aws_client("cloudformation", region)
        return self._clients[region]

    def told(self, stack: Stack) -> Told:
        """Return what CloudFormation says of a stack."""
        region = stack.region or self._where.environment.region
        with translated(f"stack {stack.name}"):
            try:
                (found,) = self.client(region).describe_stacks(StackName=stack.name)["Stacks"]
            except ClientError as error:
                if error.response["Error"]["Code"] == _ABSENT:
                    return Told(stack.name, region, "")
                raise
        protected = found.get("EnableTerminationProtection") is True
        return Told(stack.name, region, str(found["StackStatus"]), protected)

    def settle(self, stacks: Iterable[Stack]) -> None:
        """Wait until CloudFormation changes none of some stacks, and look whether one is broken.

        Raises
        ------
        BrokenStackError
            If one takes no deployment.
        """
        for stack in _outer(stacks):
            self._settled(stack).check()

    def settle_whatever(self, stacks: Iterable[Stack]) -> None:
        """Wait until CloudFormation changes none of some stacks, broken or not."""
        for stack in _outer(stacks):
            self._settled(stack)

    def _settled(self, stack: Stack) -> Told:
        return until(
            lambda: self.told(stack),
            lambda told: not told.is_under_way,
            lambda told: self._tell(f"stack {told.name}: {told.status}"),
            pause=self._pause,
        )

    def until_filled(self, stacks: Iterable[Stack]) -> None:
        """Wait until every index of the tables of some stacks is there and filled."""
        names = [name for stack in _outer(stacks) for name in self._tables(stack)]
        for name in names:
            self._wait_for_indexes(name)

    def _wait_for_indexes(self, table: str) -> None:
        client = self._where.client()
        until(
            lambda: _under_way(described(client, table)),
            lambda found: not found,
            lambda found: self._tell(f"table {table}: {', '.join(found)}"),
            pause=self._pause,
        )

    def resources(self, stack: Stack) -> Iterator[Mapping[str, Any]]:
        """Yield the resources of a stack: their types, logical and physical ids."""
        client = self.client(stack.region)
        with translated(f"stack {stack.name}"):
            try:
                for page in client.get_paginator("list_stack_resources").paginate(
                    StackName=stack.name
                ):
                    yield from page["StackResourceSummaries"]
            except ClientError as error:
                if error.response["Error"]["Code"] != _ABSENT:
                    raise

    def _tables(self, stack: Stack) -> Iterator[str]:
        for resource in self.resources(stack):
            if resource["ResourceType"] in TABLE_TYPES and resource.get("PhysicalResourceId"):
                yield str(resource["PhysicalResourceId"])


def _outer(stacks: Iterable[Stack]) -> Iterator[Stack]:
    """Yield the stacks that are not nested in others: those go with them."""
    return (stack for stack in stacks if "." not in stack.name)


def _under_way(table: Mapping[str, Any] | None) -> list[str]:
    """Return what DynamoDB has still to do for a table, for people."""
    if table is None:
        return []
    status = str(table.get("TableStatus", "ACTIVE"))
    found = [f"the table is {status}"] if status in ("CREATING", "UPDATING") else []
    for index in table.get("GlobalSecondaryIndexes", []):
        status = str(index.get("IndexStatus", "ACTIVE"))
        is_filling = index.get("Backfilling") is True
        if status != "ACTIVE" or is_filling:
            filling = ", being filled" if is_filling else ""
            found.append(f"the index {index['IndexName']} is {status}{filling}")
    return found
