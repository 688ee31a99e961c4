"""A DynamoDB table as it is declared, protected as its environment says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from keyline.model import DeclarationError, Index, ProjectionType, Table
from keyline_cdk.data_key import customer_key
from keyline_cdk.removal import removal_policy
from keyline_deploy.environment import Capacity, Environment, Most, Tables

_TYPES = {
    "S": dynamodb.AttributeType.STRING,
    "N": dynamodb.AttributeType.NUMBER,
    "B": dynamodb.AttributeType.BINARY,
}
_PROJECTIONS = {
    ProjectionType.ALL: dynamodb.ProjectionType.ALL,
    ProjectionType.KEYS_ONLY: dynamodb.ProjectionType.KEYS_ONLY,
    ProjectionType.INCLUDE: dynamodb.ProjectionType.INCLUDE,
}


class DataTable(Construct):
    """A table with its indexes, expiry and stream, billed by request unless its environment says.

    Parameters
    ----------
    table
        The declaration.
    environment
        Billing, recovery period, deletion protection, removal policy, encryption and contributor
        insights.
    name
        The deployed name; what the declaration makes where it is left out.
    tags
        Tags of the table. CloudFormation does not hand a stack's tags on to the replicas
        of a global table, which is what TableV2 makes.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        table: Table,
        environment: Environment,
        name: str = "",
        tags: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, id)
        self._declared = table
        protection = environment.tables
        warm = _warm(protection, table)
        capacity = environment.provisioned_of(table.name)
        # `most` is of requests: DynamoDB rejects it beside provisioned capacity
        most = protection.most.get(table.name, Most()) if capacity is None else Most()
        self.resource = dynamodb.TableV2(
            self,
            "Table",
            table_name=name or table.physical_name(environment.name),
            partition_key=_attributes(table, table.key.partition)[0],
            sort_key=next(iter(_attributes(table, table.key.sort)), None),
            global_secondary_indexes=[_index(table, index, warm, most) for index in table.indexes],
            billing=_billing(capacity, most),
            warm_throughput=warm,
            encryption=_encryption(self, environment),
            time_to_live_attribute=table.ttl.attribute if table.ttl else None,
            dynamo_stream=_stream(table),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True,
                recovery_period_in_days=protection.pitr_days,
            ),
            contributor_insights_specification=_insights(protection),
            deletion_protection=protection.deletion_protection,
            removal_policy=removal_policy(environment),
            tags=[cdk.CfnTag(key=key, value=value) for key, value in sorted((tags or {}).items())],
        )

    @property
    def stream_arn(self) -> str:
        """The stream's ARN; its label is given out by DynamoDB, so only a reference knows it.

        Raises
        ------
        DeclarationError
            If the table declares no stream.
        """
        arn = self.resource.table_stream_arn
        if self._declared.stream is None or arn is None:  # TableV2 gives one in either case
            raise DeclarationError(
                f"{self._declared.name}.stream",
                "is not declared, and a function reads it.",
                "Declare stream=StreamView.NEW_IMAGE, or what the function needs of a change.",
            )
        return arn


def _attributes(table: Table, names: Sequence[str]) -> list[dynamodb.Attribute]:
    return [dynamodb.Attribute(name=name, type=_TYPES[str(table.type_of(name))]) for name in names]


def _warm(protection: Tables, table: Table) -> dynamodb.WarmThroughput | None:
    said = protection.warm.get(table.name)
    if said is None:
        return None
    return dynamodb.WarmThroughput(
        read_units_per_second=said.read, write_units_per_second=said.write
    )


def _index(
    table: Table, index: Index, warm: dynamodb.WarmThroughput | None, most: Most
) -> dynamodb.GlobalSecondaryIndexPropsV2:
    partition = _attributes(table, index.key.partition)
    sort = _attributes(table, index.key.sort)
    several = len(partition) > 1 or len(sort) > 1
    return dynamodb.GlobalSecondaryIndexPropsV2(
        index_name=index.name,
        partition_key=None if several else partition[0],
        sort_key=None if several or not sort else sort[0],
        partition_keys=partition if several else None,
        sort_keys=sort or None if several else None,
        projection_type=_PROJECTIONS[index.projection.type],
        non_key_attributes=list(index.projection.include) or None,
        warm_throughput=warm,
        max_read_request_units=most.read,
        max_write_request_units=most.write,
    )


def _billing(capacity: Capacity | None, most: Most) -> dynamodb.Billing:
    """Bill by request, or capacity that scales; each index has the same limits as its table."""
    if capacity is None:
        return dynamodb.Billing.on_demand(
            max_read_request_units=most.read, max_write_request_units=most.write
        )
    target = capacity.utilization_percent
    return dynamodb.Billing.provisioned(
        read_capacity=dynamodb.Capacity.autoscaled(
            min_capacity=capacity.min_read,
            max_capacity=capacity.max_read,
            target_utilization_percent=target,
        ),
        write_capacity=dynamodb.Capacity.autoscaled(
            min_capacity=capacity.min_write,
            max_capacity=capacity.max_write,
            target_utilization_percent=target,
        ),
    )


def _stream(table: Table) -> dynamodb.StreamViewType | None:
    return dynamodb.StreamViewType(table.stream.value) if table.stream else None


def _encryption(scope: Construct, environment: Environment) -> dynamodb.TableEncryptionV2:
    key = customer_key(scope, environment)
    if key:
        return dynamodb.TableEncryptionV2.customer_managed_key(key)
    if environment.tables.encryption == "aws-owned":
        return dynamodb.TableEncryptionV2.dynamo_owned_key()
    return dynamodb.TableEncryptionV2.aws_managed_key()


def _insights(protection: Tables) -> dynamodb.ContributorInsightsSpecification | None:
    """Report throttled keys only: that is billed by throttled request, not by every request."""
    if not protection.contributor_insights:
        return None
    return dynamodb.ContributorInsightsSpecification(
        enabled=True, mode=dynamodb.ContributorInsightsMode.THROTTLED_KEYS
    )
