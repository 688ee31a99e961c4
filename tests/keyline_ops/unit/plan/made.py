"""Templates for the tests of plans: one table of either type, with what is around it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

Template = dict[str, Any]
Edit = Callable[["Made"], None]

TABLE, GLOBAL = "AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"
REGION = {"Ref": "AWS::Region"}


def index(name: str, *attributes: str, projection: Any = "ALL", include: Any = None) -> Template:
    """Return a global secondary index; its attributes are those of its key."""
    kinds = ("HASH", *("RANGE" for _ in attributes[1:]))
    made: Template = {"ProjectionType": projection}
    if include is not None:
        made["NonKeyAttributes"] = list(include)
    return {
        "IndexName": name,
        "KeySchema": [
            {"AttributeName": attribute, "KeyType": kind}
            for attribute, kind in zip(attributes, kinds, strict=True)
        ],
        "Projection": made,
    }


class Made:
    """A template with the table `Orders`, and what edits it for either type.

    The table is keyed by pk and sk, has the index by-status, and is kept, protected, recoverable
    and encrypted with the key of AWS in this account.
    """

    def __init__(self, kind: str, name: str | None = "orders") -> None:
        self.kind = kind
        where: Template = {
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "DeletionProtectionEnabled": True,
        }
        properties: Template = {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk", "status")
            ],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "GlobalSecondaryIndexes": [index("by-status", "status", "sk")],
            "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
            "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
            "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
        }
        if name:
            properties["TableName"] = name
        if kind == GLOBAL:
            properties["Replicas"] = [{"Region": REGION, **where}]
        else:
            properties |= where
        self.template: Template = {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Parameters": {},
            "Conditions": {},
            "Mappings": {},
            "Resources": {
                "Orders": {
                    "Type": kind,
                    "DeletionPolicy": "Retain",
                    "UpdateReplacePolicy": "Retain",
                    "Properties": properties,
                }
            },
            "Outputs": {},
        }

    @property
    def is_global(self) -> bool:
        return self.kind == GLOBAL

    @property
    def resources(self) -> Template:
        found: Template = self.template["Resources"]
        return found

    @property
    def table(self) -> Template:
        found: Template = self.resources["Orders"]
        return found

    @property
    def props(self) -> Template:
        found: Template = self.table["Properties"]
        return found

    @property
    def place(self) -> Template:
        """Return where what is of one region stands: the first replica, or the table."""
        found: Template = self.props["Replicas"][0] if self.is_global else self.props
        return found

    @property
    def indexes(self) -> list[Template]:
        found: list[Template] = self.props.setdefault("GlobalSecondaryIndexes", [])
        return found

    def define(self, name: str, kind: str = "S") -> None:
        self.props["AttributeDefinitions"].append({"AttributeName": name, "AttributeType": kind})

    def undefine(self, name: str) -> None:
        defined = self.props["AttributeDefinitions"]
        defined[:] = [each for each in defined if each["AttributeName"] != name]

    def add_index(self, name: str, attribute: str, **named: Any) -> None:
        self.define(attribute)
        self.indexes.append(index(name, attribute, **named))

    def drop_index(self, name: str = "by-status", attribute: str = "status") -> None:
        self.indexes[:] = [each for each in self.indexes if each["IndexName"] != name]
        if attribute:
            self.undefine(attribute)
        if not self.indexes:
            del self.props["GlobalSecondaryIndexes"]

    def key(self, key: Any) -> None:
        """Encrypt with a key of one's own."""
        self.props["SSESpecification"] = {"SSEEnabled": True, "SSEType": "KMS"}
        target = (
            self.place.setdefault("SSESpecification", {})
            if self.is_global
            else self.props["SSESpecification"]
        )
        target["KMSMasterKeyId"] = key

    def provision(self, units: int = 5) -> None:
        """Give it provisioned capacity instead of billing by request."""
        self.props["BillingMode"] = "PROVISIONED"
        if self.is_global:
            scaled = {
                "MinCapacity": units,
                "MaxCapacity": 10 * units,
                "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70},
            }
            write = {"WriteCapacityAutoScalingSettings": scaled}
            self.props["WriteProvisionedThroughputSettings"] = write
            for each in self.indexes:
                each["WriteProvisionedThroughputSettings"] = copy.deepcopy(write)
            return
        given = {"ReadCapacityUnits": units, "WriteCapacityUnits": units}
        self.props["ProvisionedThroughput"] = given
        for each in self.indexes:
            each["ProvisionedThroughput"] = dict(given)

    def add_function(self, logical_id: str = "Reader", code: str = "v1", **variables: Any) -> None:
        """Add a function with a role and variables; TABLE names the table."""
        self.resources[f"{logical_id}Role"] = {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": {"Statement": []}},
        }
        self.resources[logical_id] = {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Handler": "index.handler",
                "Role": {"Fn::GetAtt": [f"{logical_id}Role", "Arn"]},
                "Code": {"S3Bucket": "code", "S3Key": code},
                "Environment": {"Variables": {"TABLE": {"Ref": "Orders"}, **variables}},
            },
        }

    def add_policy(self, *resources: Any, logical_id: str = "Reader") -> None:
        """Let a function query resources."""
        self.resources[f"{logical_id}Policy"] = {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": "access",
                "Roles": [{"Ref": f"{logical_id}Role"}],
                "PolicyDocument": {
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": ["dynamodb:Query"],
                            "Resource": list(resources),
                        }
                    ]
                },
            },
        }

    def add_mapping(
        self, logical_id: str = "Mapping", function: str = "Reader", **more: Any
    ) -> None:
        """Let a function consume the stream."""
        if function not in self.resources:
            self.add_function(function)
        self.resources[logical_id] = {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": {"Fn::GetAtt": ["Orders", "StreamArn"]},
                "FunctionName": {"Ref": function},
                "StartingPosition": "LATEST",
                **more,
            },
        }


def index_arn(name: str) -> Template:
    """Return the ARN of an index, as the CDK writes it."""
    return {"Fn::Join": ["", [{"Fn::GetAtt": ["Orders", "Arn"]}, f"/index/{name}"]]}
