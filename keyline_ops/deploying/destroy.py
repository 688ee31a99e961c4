"""The end of an environment that keeps no data: its buckets are emptied, its stacks deleted.

CloudFormation deletes no bucket that holds objects. Functions may still write to one while it is
being emptied, so that a second attempt is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from keyline.errors import KeylineError
from keyline_deploy.environment import Environment
from keyline_ops.aws import aws_client
from keyline_ops.deployed import translated
from keyline_ops.deploying.cdk import Cdk, DeploymentFailedError
from keyline_ops.deploying.cloudformation import CloudFormation
from keyline_ops.plan.evaluate import Stack

Tell = Callable[[str], None]

_SHOWN = ("AWS::DynamoDB::GlobalTable", "AWS::S3::Bucket")
_BUCKET = "AWS::S3::Bucket"
_AT_ONCE = 1_000
"""How many objects one request deletes at most. Source: S3 API reference, DeleteObjects."""


def check_destroyable(environment: Environment) -> None:
    """Refuse an environment that is protected, or keeps its data.

    Raises
    ------
    KeylineError
        If it is one.
    """
    if environment.termination_protection or environment.keeps_data:
        raise KeylineError(
            f"environment {environment.name}",
            "is protected: its stacks and tables are not deleted by a command.",
            "To give it up all the same, change its file, deploy that, and read what"
            " `keyline plan` says of it.",
        )


class Destroying:
    """Deletes the stacks of an environment.

    Parameters
    ----------
    target
        The stacks of the environment's assembly.
    """

    def __init__(
        self, region: str, target: Sequence[Stack], cloud: CloudFormation, tell: Tell
    ) -> None:
        self._target = [stack for stack in target if cloud.told(stack).status]
        self._cloud = cloud
        self._tell = tell
        self._s3 = aws_client("s3", region)

    def steps(self) -> list[str]:
        """Say what is deleted."""
        return [
            *(f"delete the stack {stack.name}" for stack in self._target),
            *(
                f"delete {kind.rpartition('::')[2]} {name}, with all that is in it"
                for kind in _SHOWN
                for name in self._of(kind)
            ),
        ]

    def carry_out(self, cdk: Cdk, assembly: Path) -> None:
        """Empty the buckets, and delete the stacks.

        Raises
        ------
        DeploymentFailedError
            If a stack is not deleted at the second attempt either.
        """
        self._cloud.settle_whatever(self._target)
        self._empty()
        try:
            cdk.destroy(assembly)
        except DeploymentFailedError:
            self._tell("a stack was not deleted: its buckets are emptied again.")
            self._cloud.settle_whatever(self._target)
            self._empty()
            cdk.destroy(assembly)

    def _of(self, kind: str) -> Iterator[str]:
        for stack in self._target:
            for resource in self._cloud.resources(stack):
                name = resource.get("PhysicalResourceId")  # none if it could not be created
                gone = resource["ResourceStatus"] == "DELETE_COMPLETE"
                if resource["ResourceType"] == kind and name and not gone:
                    yield str(name)

    def _empty(self) -> None:
        for bucket in self._of(_BUCKET):
            count = 0
            with translated(f"bucket {bucket}"):
                while some := self._first_versions(bucket):
                    self._delete(bucket, some)
                    count += len(some)
            self._tell(f"bucket {bucket}: {count:,} versions of objects deleted")

    def _first_versions(self, bucket: str) -> list[dict[str, Any]]:
        """Return as many versions of objects as one request deletes, markers among them."""
        try:
            page = self._s3.list_object_versions(Bucket=bucket, MaxKeys=_AT_ONCE)
        except self._s3.exceptions.NoSuchBucket:
            return []  # somebody has deleted it, and CloudFormation does not mind
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        return [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found[:_AT_ONCE]]

    def _delete(self, bucket: str, versions: Sequence[dict[str, Any]]) -> None:
        answer = self._s3.delete_objects(
            Bucket=bucket, Delete={"Objects": list(versions), "Quiet": True}
        )
        for error in answer.get("Errors", []):
            raise KeylineError(
                f"bucket {bucket}",
                f"does not delete {error.get('Key')}: {error.get('Message')}",
                "Ask for a role that may do this, or choose one with AWS_PROFILE.",
            )
