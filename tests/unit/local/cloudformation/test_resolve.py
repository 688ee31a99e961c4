from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from ops.local.errors import LocalPlatformError
from tests.local_assembly import table, templates

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/Messages-local"

BASE: dict[str, Any] = {
    "Parameters": {
        "Stage": {"Type": "String", "Default": "local"},
        "Names": {"Type": "CommaDelimitedList", "Default": "a,b,c"},
        "BootstrapVersion": {
            "Type": "AWS::SSM::Parameter::Value<String>",
            "Default": "/cdk-bootstrap/hnb659fds/version",
        },
        "External": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/given/name"},
        "Empty": {"Type": "String"},
    },
    "Mappings": {"Sizes": {"us-east-1": {"small": "1"}}},
    "Conditions": {
        "IsLocal": {"Fn::Equals": [{"Ref": "Stage"}, "local"]},
        "IsProd": {"Fn::Not": [{"Condition": "IsLocal"}]},
    },
    "Resources": {
        "Messages": table("Messages-local"),
        "Secret": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {"Name": "app/key", "SecretString": '{"user": "u", "word": "w"}'},
        },
        "Parameter": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {
                "Name": "/app/table",
                "Type": "String",
                "Value": {"Ref": "Messages"},
            },
        },
        "Nothing": {"Type": "AWS::SQS::Queue", "Condition": "IsProd"},
    },
    "Outputs": {
        "Name": {"Value": {"Ref": "Messages"}, "Export": {"Name": "Data:ExportsOutputRefMessages"}}
    },
}


def resolve(tmp_path: Path, value: Any, **parameters: str) -> Any:
    stacks = {"Data": BASE, "Service": {"Resources": {}}}
    return templates(tmp_path, stacks, **parameters).scopes["Data"].resolve(value, "Data/test")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Messages"}, "Messages-local"),
        ({"Ref": "Stage"}, "local"),
        ({"Ref": "Names"}, ["a", "b", "c"]),
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Ref": "AWS::AccountId"}, "000000000000"),
        ({"Ref": "AWS::Partition"}, "aws"),
        ({"Ref": "AWS::StackName"}, "Data"),
        ({"Ref": "AWS::URLSuffix"}, "amazonaws.com"),
        ({"Fn::GetAtt": ["Messages", "Arn"]}, ARN),
        ({"Fn::GetAtt": "Messages.Arn"}, ARN),
        ({"Fn::GetAtt": ["Parameter", "Value"]}, "Messages-local"),
        ({"Fn::Sub": "${Messages}/${AWS::Region}/${!Kept}"}, "Messages-local/us-east-1/${Kept}"),
        ({"Fn::Sub": "${Messages.Arn}/index/*"}, f"{ARN}/index/*"),
        ({"Fn::Sub": ["${x}-${Stage}", {"x": {"Ref": "Messages"}}]}, "Messages-local-local"),
        ({"Fn::Join": ["/", [{"Ref": "Stage"}, "b", 3]]}, "local/b/3"),
        ({"Fn::Join": ["-", {"Ref": "Names"}]}, "a-b-c"),
        ({"Fn::Join": ["-", {"Fn::Split": ["/", "x/y"]}]}, "x-y"),
        ({"Fn::Select": [1, {"Fn::Split": ["/", {"Ref": "Parameter"}]}]}, "app"),
        ({"Fn::Select": ["2", {"Ref": "Names"}]}, "c"),
        ({"Fn::If": ["IsLocal", "yes", "no"]}, "yes"),
        ({"Fn::If": ["IsProd", "yes", {"Ref": "Stage"}]}, "local"),
        ({"Fn::And": [{"Condition": "IsLocal"}, {"Condition": "IsProd"}]}, False),
        ({"Fn::Or": [{"Condition": "IsLocal"}, {"Condition": "IsProd"}]}, True),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "small"]}, "1"),
        ({"Fn::FindInMap": ["Sizes", "eu-west-1", "small", {"DefaultValue": "2"}]}, "2"),
        ({"Fn::ImportValue": "Data:ExportsOutputRefMessages"}, "Messages-local"),
        ({"Fn::GetStackOutput": {"StackName": "Data", "OutputName": "Name"}}, "Messages-local"),
        ({"Fn::Base64": {"Ref": "Stage"}}, base64.b64encode(b"local").decode()),
        ({"a": {"Ref": "AWS::NoValue"}, "b": 1}, {"b": 1}),
        ([{"Fn::If": ["IsProd", 1, {"Ref": "AWS::NoValue"}]}, 2], [2]),
        ({"Condition": {"Bool": {"aws:SecureTransport": "false"}}},) * 2,
        ("{{resolve:secretsmanager:app/key:SecretString:word::}}", "w"),
        ("{{resolve:secretsmanager:app/key}}", '{"user": "u", "word": "w"}'),
        ("a {{resolve:ssm:/app/table}} b", "a Messages-local b"),
        ("{{resolve:ssm:/app/table:1}}", "Messages-local"),
        (
            {
                "Fn::Join": [
                    "",
                    ["{{resolve:secretsmanager:", {"Ref": "Secret"}, ":SecretString:user::}}"],
                ]
            },
            "u",
        ),
    ],
)
def test_intrinsics(tmp_path: Path, value: Any, expected: Any) -> None:
    assert resolve(tmp_path, value) == expected


def test_the_bootstrap_version_satisfies_what_templates_ask_for(tmp_path: Path) -> None:
    assert int(resolve(tmp_path, {"Ref": "BootstrapVersion"})) >= 6


def test_a_parameter_that_no_stack_defines_can_be_given(tmp_path: Path) -> None:
    assert resolve(tmp_path, {"Ref": "External"}, **{"/given/name": "value"}) == "value"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"Ref": "Missing"}, "'Missing' is no resource"),
        ({"Ref": "Nothing"}, "'Nothing' is no resource"),
        ({"Ref": "Empty"}, "has no value"),
        ({"Ref": "External"}, "no stack defines the SSM parameter '/given/name'"),
        ({"Fn::GetAtt": ["Messages", "Colour"]}, "no attribute 'Colour'"),
        ({"Fn::GetAZs": ""}, "Fn::GetAZs is not supported"),
        ({"Fn::ImportValue": "Other:X"}, "no export 'Other:X'"),
        ({"Fn::GetStackOutput": {"StackName": "Other", "OutputName": "X"}}, "no stack 'Other'"),
        ({"Fn::GetStackOutput": {"StackName": "Data", "OutputName": "X"}}, "no output of Data"),
        ({"Fn::If": ["Missing", 1, 2]}, "no condition 'Missing'"),
        ({"Fn::FindInMap": ["Missing", "a", "b"]}, "no mapping 'Missing'"),
        ({"Fn::FindInMap": ["Sizes", "a", "b"]}, "no key 'a'"),
        ({"Fn::Join": "x"}, "malformed argument"),
        ({"Fn::Select": [5, ["a"]]}, "malformed argument"),
        ({"Fn::Select": [-1, ["a"]]}, "malformed argument"),
        ({"Fn::Sub": "${Missing}"}, "'Missing' is no resource"),
        ("{{resolve:secretsmanager:other}}", "no stack defines the secret"),
        ("{{resolve:secretsmanager:app/key:SecretString:x}}", "the key 'x'"),
        ("{{resolve:vault:x}}", "unknown dynamic reference 'vault'"),
    ],
)
def test_what_cannot_be_resolved_is_named(tmp_path: Path, value: Any, message: str) -> None:
    with pytest.raises(LocalPlatformError) as caught:
        resolve(tmp_path, {"Properties": value})
    assert message in caught.value.message
    assert caught.value.path.startswith("Data/test/Properties")
    assert caught.value.suggestion


def test_a_value_that_needs_itself_is_refused(tmp_path: Path) -> None:
    def parameter(of: str) -> dict[str, Any]:
        value = {"Fn::GetAtt": [of, "Value"]}
        return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}

    both = {"Resources": {"A": parameter("B"), "B": parameter("A")}}
    with pytest.raises(LocalPlatformError, match="needs itself"):
        templates(tmp_path, {"Data": both}).scopes["Data"].resolve({"Fn::GetAtt": "A.Value"}, "x")
