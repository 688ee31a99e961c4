"""The view of one table on AWS: each call is made once, and only if its answer is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from keyline.errors import KeylineError
from keyline_ops.deployed import translated
from keyline_ops.tables.describe import described, required

Clients = Callable[[str], Any]
"""A service's name → boto3's client of it."""

_UNKNOWN = frozenset({"UnknownOperationException", "InvalidAction", "NotImplemented"})
_NO_POLICY = "PolicyNotFoundException"


class UnansweredError(KeylineError):
    """An endpoint has no such call: the local engine and emulators lack some."""


@dataclass(frozen=True)
class Sight:
    """One deployed table.

    Parameters
    ----------
    clients
        Makes the clients.
    """

    clients: Clients
    name: str

    def ask(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call an operation.

        Raises
        ------
        UnansweredError
            If the endpoint does not have it.
        KeylineError
            If AWS refuses, or does not answer.
        """
        with translated(self.name):
            try:
                return dict(getattr(self.clients(service), operation)(**arguments))
            except ClientError as error:
                if error.response["Error"]["Code"] in _UNKNOWN:
                    raise UnansweredError(
                        self.name,
                        f"the endpoint does not know {error.operation_name}.",
                        "Name an environment on AWS.",
                    ) from error
                raise

    @cached_property
    def table(self) -> Mapping[str, Any]:
        """The answer of DescribeTable.

        Raises
        ------
        KeylineError
            If there is no such table.
        """
        return required(described(self.clients("dynamodb"), self.name), self.name)

    @property
    def arn(self) -> str:
        """The table's ARN."""
        return str(self.table["TableArn"])

    @cached_property
    def ttl(self) -> str | None:
        """The attribute by which DynamoDB deletes; None if it does not."""
        found = self.ask("dynamodb", "describe_time_to_live", TableName=self.name)
        told = found["TimeToLiveDescription"]
        on = told["TimeToLiveStatus"] in ("ENABLED", "ENABLING")
        return str(told["AttributeName"]) if on else None

    @cached_property
    def recovery(self) -> Mapping[str, Any]:
        """The description of point-in-time recovery; empty if it is off."""
        found = self.ask("dynamodb", "describe_continuous_backups", TableName=self.name)
        told = found["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        return told if told.get("PointInTimeRecoveryStatus") == "ENABLED" else {}

    @cached_property
    def tags(self) -> Mapping[str, str]:
        """The tags, those of AWS itself left out."""
        found: dict[str, str] = {}
        more: dict[str, str] = {}
        while True:
            page = self.ask("dynamodb", "list_tags_of_resource", ResourceArn=self.arn, **more)
            found |= {tag["Key"]: tag["Value"] for tag in page.get("Tags", ())}
            if not page.get("NextToken"):
                return {key: value for key, value in found.items() if not key.startswith("aws:")}
            more = {"NextToken": page["NextToken"]}

    def insights(self, index: str | None) -> str | None:
        """Return the mode of contributor insights of the table or an index; None if it is off."""
        of_index = {"IndexName": index} if index else {}
        found = self.ask(
            "dynamodb", "describe_contributor_insights", TableName=self.name, **of_index
        )
        on = found.get("ContributorInsightsStatus") in ("ENABLED", "ENABLING")
        return (
            str(found.get("ContributorInsightsMode", "ACCESSED_AND_THROTTLED_KEYS")) if on else None
        )

    @cached_property
    def policy(self) -> str | None:
        """The policy of the table; None if it has none."""
        try:
            found = self.ask("dynamodb", "get_resource_policy", ResourceArn=self.arn)
        except KeylineError as error:
            cause = error.__cause__
            if isinstance(cause, ClientError) and cause.response["Error"]["Code"] == _NO_POLICY:
                return None
            raise
        return str(found["Policy"])

    @cached_property
    def kinesis(self) -> tuple[str, ...]:
        """The ARNs of the data streams that changes are sent to."""
        found = self.ask("dynamodb", "describe_kinesis_streaming_destination", TableName=self.name)
        return tuple(
            str(each["StreamArn"])
            for each in found.get("KinesisDataStreamDestinations", ())
            if each.get("DestinationStatus") in ("ACTIVE", "ENABLING")
        )

    def scaling(self, resource: str) -> Mapping[str, tuple[int, int, float | None]]:
        """Return how each dimension of a table or an index is scaled: least, most, target percent.

        Parameters
        ----------
        resource
            `table/NAME` or `table/NAME/index/INDEX`.
        """
        service = "application-autoscaling"
        where = {"ServiceNamespace": "dynamodb"}
        targets = self.ask(service, "describe_scalable_targets", ResourceIds=[resource], **where)[
            "ScalableTargets"
        ]
        policies = self.ask(service, "describe_scaling_policies", ResourceId=resource, **where)[
            "ScalingPolicies"
        ]
        percent = {
            p["ScalableDimension"]: p["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]
            for p in policies
            if "TargetTrackingScalingPolicyConfiguration" in p
        }
        return {
            t["ScalableDimension"]: (
                int(t["MinCapacity"]),
                int(t["MaxCapacity"]),
                percent.get(t["ScalableDimension"]),
            )
            for t in targets
        }
