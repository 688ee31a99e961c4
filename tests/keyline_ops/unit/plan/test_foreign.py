"""Templates as other generators write them: Amplify, Serverless, SAM, and by hand in YAML."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from keyline_ops.plan.evaluate import Stack
from keyline_ops.plan.judge import judge
from keyline_ops.plan.templates import parse_template

Template = dict[str, Any]
Edit = Callable[[Template], None]

# What Amplify makes of a model: switches by parameters, and the API's id from another stack.
AMPLIFY: Template = {
    "Parameters": {
        "DynamoDBModelTableReadIOPS": {"Type": "Number", "Default": 5},
        "DynamoDBModelTableWriteIOPS": {"Type": "Number", "Default": 5},
        "DynamoDBBillingMode": {
            "Type": "String",
            "Default": "PAY_PER_REQUEST",
            "AllowedValues": ["PAY_PER_REQUEST", "PROVISIONED"],
        },
        "DynamoDBEnablePointInTimeRecovery": {"Type": "String", "Default": "true"},
        "DynamoDBEnableServerSideEncryption": {"Type": "String", "Default": "true"},
        "env": {"Type": "String", "Default": "NONE"},
        "referencetotransformerrootstackApiId": {"Type": "String"},
    },
    "Conditions": {
        "HasEnvironmentParameter": {"Fn::Not": [{"Fn::Equals": [{"Ref": "env"}, "NONE"]}]},
        "ShouldUseServerSideEncryption": {
            "Fn::Equals": [{"Ref": "DynamoDBEnableServerSideEncryption"}, "true"]
        },
        "ShouldUsePayPerRequestBilling": {
            "Fn::Equals": [{"Ref": "DynamoDBBillingMode"}, "PAY_PER_REQUEST"]
        },
        "ShouldUsePointInTimeRecovery": {
            "Fn::Equals": [{"Ref": "DynamoDBEnablePointInTimeRecovery"}, "true"]
        },
    },
    "Resources": {
        "TodoTable": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TableName": {
                    "Fn::Join": [
                        "",
                        [
                            "Todo-",
                            {"Ref": "referencetotransformerrootstackApiId"},
                            "-",
                            {"Ref": "env"},
                        ],
                    ]
                },
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "AttributeDefinitions": [
                    {"AttributeName": "id", "AttributeType": "S"},
                    {"AttributeName": "owner", "AttributeType": "S"},
                ],
                "BillingMode": {
                    "Fn::If": [
                        "ShouldUsePayPerRequestBilling",
                        "PAY_PER_REQUEST",
                        {"Ref": "AWS::NoValue"},
                    ]
                },
                "ProvisionedThroughput": {
                    "Fn::If": [
                        "ShouldUsePayPerRequestBilling",
                        {"Ref": "AWS::NoValue"},
                        {
                            "ReadCapacityUnits": {"Ref": "DynamoDBModelTableReadIOPS"},
                            "WriteCapacityUnits": {"Ref": "DynamoDBModelTableWriteIOPS"},
                        },
                    ]
                },
                "PointInTimeRecoverySpecification": {
                    "Fn::If": [
                        "ShouldUsePointInTimeRecovery",
                        {"PointInTimeRecoveryEnabled": True},
                        {"Ref": "AWS::NoValue"},
                    ]
                },
                "SSESpecification": {
                    "SSEEnabled": {"Fn::If": ["ShouldUseServerSideEncryption", True, False]}
                },
                "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
                "GlobalSecondaryIndexes": [
                    {
                        "IndexName": "byOwner",
                        "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
                        "Projection": {"ProjectionType": "ALL"},
                        "ProvisionedThroughput": {
                            "Fn::If": [
                                "ShouldUsePayPerRequestBilling",
                                {"Ref": "AWS::NoValue"},
                                {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
                            ]
                        },
                    }
                ],
            },
        },
        "TodoIAMRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "Policies": [
                    {
                        "PolicyName": "DynamoDBAccess",
                        "PolicyDocument": {
                            "Statement": [
                                {
                                    "Effect": "Allow",
                                    "Action": ["dynamodb:Query", "dynamodb:PutItem"],
                                    "Resource": [
                                        {
                                            "Fn::Sub": [
                                                "arn:aws:dynamodb:${AWS::Region}:"
                                                "${AWS::AccountId}:table/${tablename}/*",
                                                {"tablename": {"Ref": "TodoTable"}},
                                            ]
                                        }
                                    ],
                                }
                            ]
                        },
                    }
                ]
            },
        },
        "TodoDataSource": {
            "Type": "AWS::AppSync::DataSource",
            "Properties": {
                "Name": "TodoTable",
                "Type": "AMAZON_DYNAMODB",
                "ServiceRoleArn": {"Fn::GetAtt": ["TodoIAMRole", "Arn"]},
                "DynamoDBConfig": {
                    "AwsRegion": {"Ref": "AWS::Region"},
                    "TableName": {"Ref": "TodoTable"},
                },
            },
        },
        "QuerytodosByOwner": {
            "Type": "AWS::AppSync::FunctionConfiguration",
            "DependsOn": ["TodoDataSource"],
            "Properties": {
                "DataSourceName": {"Fn::GetAtt": ["TodoDataSource", "Name"]},
                "RequestMappingTemplate": (
                    '#set( $QueryRequest = {"version": "2018-05-29", "operation": "Query",'
                    ' "index": "byOwner"} )'
                ),
            },
        },
    },
}

# What Serverless makes: names by the stage, one role for all functions, a mapping.
SERVERLESS: Template = {
    "Resources": {
        "OrdersTable": {
            "Type": "AWS::DynamoDB::Table",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "TableName": "orders-prod",
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [
                    {"AttributeName": "id", "AttributeType": "S"},
                    {"AttributeName": "email", "AttributeType": "S"},
                ],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "GlobalSecondaryIndexes": [
                    {
                        "IndexName": "email-index",
                        "KeySchema": [{"AttributeName": "email", "KeyType": "HASH"}],
                        "Projection": {"ProjectionType": "ALL"},
                    }
                ],
                "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            },
        },
        "IamRoleLambdaExecution": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "Policies": [
                    {
                        "PolicyName": "orders-prod-lambda",
                        "PolicyDocument": {
                            "Statement": [
                                {
                                    "Effect": "Allow",
                                    "Action": ["dynamodb:*"],
                                    "Resource": [
                                        {"Fn::GetAtt": ["OrdersTable", "Arn"]},
                                        {
                                            "Fn::Join": [
                                                "/",
                                                [
                                                    {"Fn::GetAtt": ["OrdersTable", "Arn"]},
                                                    "index/*",
                                                ],
                                            ]
                                        },
                                    ],
                                },
                                {
                                    "Effect": "Allow",
                                    "Action": ["dynamodb:GetRecords"],
                                    "Resource": [{"Fn::GetAtt": ["OrdersTable", "StreamArn"]}],
                                },
                            ]
                        },
                    }
                ]
            },
        },
        "ListLambdaFunction": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": "orders-prod-list",
                "Code": {"S3Bucket": "deploy", "S3Key": "serverless/orders/prod/1/orders.zip"},
                "Role": {"Fn::GetAtt": ["IamRoleLambdaExecution", "Arn"]},
                "Environment": {"Variables": {"ORDERS_TABLE": "orders-prod"}},
            },
        },
        "ListLambdaVersionAbc": {
            "Type": "AWS::Lambda::Version",
            "DeletionPolicy": "Retain",
            "Properties": {"FunctionName": {"Ref": "ListLambdaFunction"}},
        },
        "ListEventSourceMappingDynamodbOrdersTable": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": {"Fn::GetAtt": ["OrdersTable", "StreamArn"]},
                "FunctionName": {"Fn::GetAtt": ["ListLambdaFunction", "Arn"]},
                "StartingPosition": "TRIM_HORIZON",
            },
        },
    }
}

SAM = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: python3.13
    Environment:
      Variables:
        BY_DAY: day-index
Resources:
  Sessions:
    Type: AWS::Serverless::SimpleTable
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      PrimaryKey: {Name: sessionId, Type: String}
      Tags: {team: web}
  Visits:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - {AttributeName: id, AttributeType: S}
        - {AttributeName: day, AttributeType: S}
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      GlobalSecondaryIndexes:
        - IndexName: day-index
          KeySchema: [{AttributeName: day, KeyType: HASH}]
          Projection: {ProjectionType: KEYS_ONLY}
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: app.handler
      Policies:
        - DynamoDBReadPolicy: {TableName: !Ref Visits}
      Environment:
        Variables: {VISITS: !Ref Visits}
      Events:
        Stream:
          Type: DynamoDB
          Properties: {Stream: !GetAtt Visits.StreamArn, StartingPosition: LATEST}
"""

BY_NAME: dict[str, Template] = {
    "amplify": AMPLIFY,
    "serverless": SERVERLESS,
    "sam": dict(parse_template(SAM, "sam.yaml")),
}


def properties(template: Template, logical_id: str) -> Template:
    found: Template = template["Resources"][logical_id]["Properties"]
    return found


def amplify_default(name: str, value: object) -> Edit:
    return lambda template: template["Parameters"][name].update(Default=value)


def amplify_renamed_index(template: Template) -> None:
    properties(template, "TodoTable")["GlobalSecondaryIndexes"][0]["IndexName"] = "byUser"


def amplify_renamed_index_and_resolver(template: Template) -> None:
    amplify_renamed_index(template)
    resolver = properties(template, "QuerytodosByOwner")
    resolver["RequestMappingTemplate"] = resolver["RequestMappingTemplate"].replace("Owner", "User")


def amplify_sort_key(template: Template) -> None:
    table = properties(template, "TodoTable")
    table["KeySchema"].append({"AttributeName": "owner", "KeyType": "RANGE"})


def amplify_name_by_sub(template: Template) -> None:
    properties(template, "TodoTable")["TableName"] = {
        "Fn::Sub": "Todo-${referencetotransformerrootstackApiId}-${env}"
    }


def serverless_new_code(template: Template) -> None:
    code = properties(template, "ListLambdaFunction")["Code"]
    code["S3Key"] = "serverless/orders/prod/2/orders.zip"
    versions = template["Resources"]
    versions["ListLambdaVersionDef"] = versions.pop("ListLambdaVersionAbc")


def serverless_index(template: Template) -> None:
    serverless_new_code(template)
    table = properties(template, "OrdersTable")
    table["AttributeDefinitions"].append({"AttributeName": "day", "AttributeType": "S"})
    index = copy.deepcopy(table["GlobalSecondaryIndexes"][0])
    index["IndexName"], index["KeySchema"][0]["AttributeName"] = "day-index", "day"
    table["GlobalSecondaryIndexes"].append(index)


def serverless_index_and_variable(template: Template) -> None:
    serverless_index(template)
    environment = properties(template, "ListLambdaFunction")["Environment"]
    environment["Variables"]["DAY_INDEX"] = "day-index"


def serverless_stage(template: Template) -> None:
    renamed = json.loads(json.dumps(template).replace("orders-prod", "orders-live"))
    template["Resources"] = renamed["Resources"]


def serverless_view(template: Template) -> None:
    properties(template, "OrdersTable")["StreamSpecification"]["StreamViewType"] = "KEYS_ONLY"


def serverless_no_retain(template: Template) -> None:
    del template["Resources"]["OrdersTable"]["DeletionPolicy"]


def sam_as_it_is_transformed(template: Template) -> None:
    template["Resources"]["Sessions"] |= {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "AttributeDefinitions": [{"AttributeName": "sessionId", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "sessionId", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            "Tags": [{"Key": "team", "Value": "web"}],
        },
    }


def sam_key(template: Template) -> None:
    properties(template, "Sessions")["PrimaryKey"]["Name"] = "id"


def sam_key_type(template: Template) -> None:
    properties(template, "Sessions")["PrimaryKey"]["Type"] = "Number"


def sam_no_index(template: Template) -> None:
    table = properties(template, "Visits")
    del table["GlobalSecondaryIndexes"]
    table["AttributeDefinitions"].pop()


def sam_view(template: Template) -> None:
    properties(template, "Visits")["StreamSpecification"]["StreamViewType"] = "NEW_IMAGE"


def sam_no_event_and_no_stream(template: Template) -> None:
    del properties(template, "Visits")["StreamSpecification"]
    del properties(template, "Reader")["Events"]


def sam_type_that_nobody_knows(template: Template) -> None:
    template["Parameters"] = {"Type": {"Type": "String"}}
    properties(template, "Sessions")["PrimaryKey"]["Type"] = {"Ref": "Type"}


def sam_encryption_in_globals(template: Template) -> None:
    encrypted = {"SSESpecification": {"SSEEnabled": True}}
    template["Globals"]["SimpleTable"] = encrypted


def sam_encryption_less_than_in_globals(template: Template) -> None:
    sam_encryption_in_globals(template)
    properties(template, "Sessions")["SSESpecification"] = {"SSEEnabled": False}


def unchanged(template: Template) -> None:
    pass


@pytest.mark.parametrize(
    ("origin", "edit", "verdict"),
    [
        ("amplify", unchanged, "harmless"),
        ("amplify", amplify_name_by_sub, "harmless"),
        ("amplify", amplify_default("DynamoDBModelTableReadIOPS", 10), "harmless"),
        ("amplify", amplify_default("DynamoDBBillingMode", "PROVISIONED"), "harmless"),
        ("amplify", amplify_default("DynamoDBEnablePointInTimeRecovery", "false"), "refused"),
        ("amplify", amplify_default("DynamoDBEnableServerSideEncryption", "false"), "refused"),
        ("amplify", amplify_default("env", "prod"), "refused"),
        ("amplify", amplify_renamed_index, "refused"),
        ("amplify", amplify_renamed_index_and_resolver, "waves"),
        ("amplify", amplify_sort_key, "refused"),
        ("serverless", unchanged, "harmless"),
        ("serverless", serverless_new_code, "harmless"),
        ("serverless", serverless_index, "harmless"),
        ("serverless", serverless_index_and_variable, "waves"),
        ("serverless", serverless_stage, "refused"),
        ("serverless", serverless_view, "refused"),
        ("serverless", serverless_no_retain, "refused"),
        ("sam", unchanged, "harmless"),
        ("sam", sam_as_it_is_transformed, "harmless"),
        ("sam", sam_key, "refused"),
        ("sam", sam_key_type, "refused"),
        ("sam", sam_type_that_nobody_knows, "refused"),
        ("sam", sam_no_index, "refused"),
        ("sam", sam_view, "refused"),
        ("sam", sam_no_event_and_no_stream, "waves"),
    ],
)
def test_a_template_of_another_generator_is_judged(origin: str, edit: Edit, verdict: str) -> None:
    before, after = copy.deepcopy(BY_NAME[origin]), copy.deepcopy(BY_NAME[origin])
    edit(after)
    plan = judge([Stack("", before)], [Stack("", after)])
    assert plan.verdict.word == verdict, plan.tables


@pytest.mark.parametrize(
    ("edit", "verdict"),
    [
        (unchanged, "refused"),
        (sam_encryption_in_globals, "harmless"),
        (sam_encryption_less_than_in_globals, "refused"),
    ],
)
def test_what_sam_says_of_all_simple_tables_is_of_each(edit: Edit, verdict: str) -> None:
    before, after = copy.deepcopy(BY_NAME["sam"]), copy.deepcopy(BY_NAME["sam"])
    sam_encryption_in_globals(before)
    edit(after)
    plan = judge([Stack("", before)], [Stack("", after)])
    assert plan.verdict.word == verdict, plan.tables
