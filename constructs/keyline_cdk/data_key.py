"""The KMS key of an environment that asks for one of its own, for health data and the like."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from keyline_cdk.removal import removal_policy
from keyline_deploy.environment import Environment
from keyline_deploy.names import key_alias, key_parameter

WINDOW = cdk.Duration.days(30)
"""How long a deletion of the key can be taken back: as long as KMS allows."""


class DataKey(Construct):
    """A symmetric key that encrypts tables, streams, backups, buckets and the cache.

    The key's policy lets the account's own policies decide who uses it: a function's role has the
    use through DynamoDB alone, and only if the function reads or writes a table or a stream.
    DynamoDB itself may look at the key, which it does for tables, backups and exports (DynamoDB
    developer guide, "DynamoDB encryption at rest").
    """

    def __init__(self, scope: Construct, id: str, *, environment: Environment) -> None:
        super().__init__(scope, id)
        self.resource = kms.Key(
            self,
            "Key",
            alias=key_alias(environment.name),
            description=f"Encrypts the data of {environment.name}.",
            enable_key_rotation=True,
            pending_window=WINDOW,
            removal_policy=removal_policy(environment),
        )
        self.resource.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("dynamodb.amazonaws.com")],
                actions=["kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants"],
                resources=["*"],  # of this key
            )
        )
        ssm.StringParameter(
            self,
            "Arn",
            parameter_name=key_parameter(environment.name),
            description="Read when what the key encrypts is deployed.",
            string_value=self.resource.key_arn,
        )


def customer_key(scope: Construct, environment: Environment) -> kms.IKey | None:
    """Return the customer's key of an environment; None where a key of AWS's encrypts."""
    arn = environment.key_arn
    if arn is None:
        return None
    if environment.tables.makes_key:
        reference = cdk.CfnDynamicReference(
            cdk.CfnDynamicReferenceService.SSM, key_parameter(environment.name)
        )
        arn = reference.to_string()
    return kms.Key.from_key_arn(scope, "Key", arn)
