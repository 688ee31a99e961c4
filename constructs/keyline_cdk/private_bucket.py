"""An S3 bucket that only this account reaches, over TLS, encrypted, and with its past."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from keyline_cdk.acknowledge import acknowledge, as_findings_write
from keyline_cdk.data_key import customer_key
from keyline_cdk.handler_function import HandlerFunction
from keyline_cdk.removal import removal_policy
from keyline_deploy.environment import Environment

KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
"""What S3 does with a customer's key in the name of who reads and writes objects."""


class PrivateBucket(Construct):
    """A bucket of a system, for what it derives from its tables or keeps of them.

    The bucket is encrypted with the tables' KMS key where they have one of the customer's, and else
    by S3. The bucket is removed or kept as the tables are; CloudFormation removes no bucket that
    holds objects.

    Parameters
    ----------
    name
        The bucket's name, unique among all buckets there are (`names.bucket_name`).
    old_versions
        For how many days a version is kept that has been replaced.
    """

    def __init__(
        self, scope: Construct, id: str, *, name: str, old_versions: int, environment: Environment
    ) -> None:
        super().__init__(scope, id)
        policy = removal_policy(environment)
        key = customer_key(self, environment)
        self.resource = s3.Bucket(
            self,
            "Bucket",
            bucket_name=name,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key,
            bucket_key_enabled=True if key else None,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    noncurrent_version_expiration=cdk.Duration.days(old_versions),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                )
            ],
            removal_policy=policy,
        )
        if self.resource.policy:  # a bucket that is kept goes on asking for TLS
            self.resource.policy.apply_removal_policy(policy)
        acknowledge(
            self.resource,
            {
                "AwsSolutions-S1": "Who read it is a matter of CloudTrail's data events, which an "
                "account switches on for all its buckets."
            },
        )


def allow_objects(
    handler: HandlerFunction,
    bucket: str,
    prefix: str,
    actions: Sequence[str],
    *,
    environment: Environment,
    why: str,
) -> str:
    """Let a function work with objects of this account's bucket whose keys begin so.

    The name of a bucket that was deleted is free for anybody to take, so the account is asked for.

    Parameters
    ----------
    why
        Why the keys are not known in advance.

    Returns
    -------
    The ARN of the bucket.
    """
    stack = cdk.Stack.of(handler)
    arn = stack.format_arn(service="s3", region="", account="", resource=bucket)
    handler.allow(actions, f"{arn}/{prefix}*", {"StringEquals": own_account(stack)})
    key = environment.key_arn
    if key:
        via = {"kms:ViaService": f"s3.{environment.region}.amazonaws.com"}
        handler.allow(KEY_ACTIONS, key, {"StringEquals": via})
    rule = f"AwsSolutions-IAM5[Resource::{as_findings_write(stack, arn)}/{prefix}*]"
    acknowledge(handler.role, {rule: why})
    return arn


def own_account(stack: cdk.Stack) -> dict[str, str]:
    """Return the condition that a bucket is of the stack's account."""
    return {"aws:ResourceAccount": stack.account}
