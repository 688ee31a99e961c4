from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from keyline_local.host.errors import LocalPlatformError
from tests.keyline_local.local_assembly import table, templates

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
        "Size": {"Type": "Number", "Default": 5},
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
        ({"Fn::GetAZs": ""}, ["us-east-1a", "us-east-1b", "us-east-1c"]),
        ({"Fn::GetAZs": {"Ref": "AWS::Region"}}, ["us-east-1a", "us-east-1b", "us-east-1c"]),
        ({"Fn::Select": [1, {"Fn::GetAZs": "eu-west-1"}]}, "eu-west-1b"),
        ({"Fn::Cidr": ["10.0.0.0/24", "2", "4"]}, ["10.0.0.0/28", "10.0.0.16/28"]),
        ({"Fn::Cidr": ["2001:db8::/56", 2]}, ["2001:db8::/64", "2001:db8:0:1::/64"]),
        ({"Fn::Length": {"Ref": "Names"}}, 3),
        ({"Fn::Length": ["a", {"Ref": "Stage"}]}, 2),
        ({"Fn::ToJsonString": {"a": [{"Ref": "Stage"}]}}, '{"a":["local"]}'),
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
        ({"Ref": "Missing"}, "'Missing' is not a resource"),
        ({"Ref": "Nothing"}, "'Nothing' is not a resource"),
        ({"Ref": "Empty"}, "has no value"),
        ({"Ref": "External"}, "no stack defines the SSM parameter '/given/name'"),
        ({"Fn::GetAtt": ["Messages", "Colour"]}, "no attribute 'Colour'"),
        ({"Fn::Transform": {}}, "Fn::Transform is not supported"),
        ({"Fn::Cidr": ["10.0.0.0/24", 3, 7]}, "has no 3 blocks of 7 bits"),
        ({"Fn::Cidr": ["10.0.0.0/24", 0, 4]}, "has no 0 blocks"),
        ({"Fn::Cidr": ["10.0.0.1/24", 1, 4]}, "malformed argument"),
        ({"Fn::Length": "abc"}, "malformed argument"),
        ({"Fn::ToJsonString": "abc"}, "neither an object nor a list"),
        ({"Fn::ImportValue": "Other:X"}, "no export 'Other:X'"),
        ({"Fn::GetStackOutput": {"StackName": "Other", "OutputName": "X"}}, "no stack 'Other'"),
        ({"Fn::GetStackOutput": {"StackName": "Data", "OutputName": "X"}}, "no output of Data"),
        ({"Fn::If": ["Missing", 1, 2]}, "no condition 'Missing'"),
        ({"Fn::FindInMap": ["Missing", "a", "b"]}, "no mapping 'Missing'"),
        ({"Fn::FindInMap": ["Sizes", "a", "b"]}, "no key 'a'"),
        ({"Fn::Join": "x"}, "malformed argument"),
        ({"Fn::Join": ["-", ["a"], "b"]}, "3 elements, not 2"),
        ({"Fn::Join": [5, ["a"]]}, "5 is not a string"),
        ({"Fn::Join": ["-", "a"]}, "'a' is not a list"),
        ({"Fn::Join": ["-", [["a"]]]}, "['a'] is not a string"),
        ({"Fn::Select": ["one", ["a"]]}, "one is not an index of a list of 1"),
        ({"Fn::Select": [0, "a,b"]}, "'a,b' is not a list"),
        ({"Fn::Select": [0]}, "1 elements, not 2"),
        ({"Fn::Split": ["", "a"]}, "malformed argument"),
        ({"Fn::Split": [1, "a"]}, "1 is not a string"),
        ({"Fn::Split": ["-", ["a"]]}, "['a'] is not a string"),
        ({"Fn::Sub": ["${Stage}"]}, "1 elements, not 2"),
        ({"Fn::Sub": ["${Stage}", ["Stage"]]}, "not an object of variables"),
        ({"Fn::Sub": ["${Stage}", {}, {}]}, "3 elements, not 2"),
        ({"Fn::Sub": [{"Ref": "Stage"}, {}]}, "is not a string"),
        ({"Fn::Sub": {"Ref": "Stage"}}, "is not a list"),
        ({"Fn::Sub": 5}, "5 is not a list"),
        ({"Fn::Sub": "a ${Stage"}, "has no closing brace"),
        ({"Fn::Sub": "${}"}, "holds no name"),
        ({"Fn::Sub": "${a-b}"}, "holds no name"),
        ({"Fn::Sub": "${Names}"}, "is not a string"),
        ({"Fn::Sub": "${AWS::NoValue}"}, "AWS::NoValue is not a string"),
        ({"Fn::GetAtt": ["Messages"]}, "1 elements, not 2"),
        ({"Fn::GetAtt": ["Messages", "Arn", "x"]}, "3 elements, not 2"),
        ({"Fn::GetAtt": "Messages"}, "1 elements, not 2"),
        ({"Ref": ["Stage"]}, "['Stage'] is not a string"),
        ({"Fn::FindInMap": ["Sizes", "us-east-1"]}, "2 elements, not 3 to 4"),
        ({"Fn::FindInMap": ["Sizes", "us-east-1", "small", "2"]}, "with DefaultValue alone"),
        ({"Fn::FindInMap": ["Sizes", "x", "small", {"Value": "2"}]}, "with DefaultValue alone"),
        ({"Fn::FindInMap": "Sizes"}, "'Sizes' is not a list"),
        ({"Fn::And": []}, "0 elements, not 2 to 10"),
        ({"Fn::Or": [{"Condition": "IsLocal"}]}, "1 elements, not 2 to 10"),
        ({"Fn::Or": [{"Condition": "IsLocal"}] * 11}, "11 elements, not 2 to 10"),
        ({"Fn::And": {"a": {"Condition": "IsLocal"}}}, "is not a list"),
        ({"Fn::And": [{"Condition": "IsLocal"}, True]}, "True is not a condition"),
        ({"Fn::Or": [{"Condition": "IsLocal"}, {"Ref": "Stage"}]}, "is not a condition"),
        ({"Fn::Not": [{"Condition": "IsLocal"}] * 2}, "2 elements, not 1"),
        ({"Fn::Not": {"Condition": "IsLocal"}}, "is not a list"),
        ({"Fn::Not": ["true"]}, "'true' is not a condition"),
        ({"Fn::If": ["IsLocal", 1]}, "2 elements, not 3"),
        ({"Fn::If": [{"Condition": "IsLocal"}, 1, 2]}, "is not a string"),
        ({"Fn::Equals": ["a"]}, "1 elements, not 2"),
        ({"Fn::Equals": ["a", "b", "c"]}, "3 elements, not 2"),
        ({"Fn::Equals": [{"Ref": "Names"}, "a"]}, "is not a string"),
        ({"Fn::Equals": "ab"}, "'ab' is not a list"),
        ({"Fn::GetStackOutput": "Data"}, "not an object with StackName"),
        ({"Fn::Sub": "a", "b": "c"}, "Fn::Sub stands beside b"),
        (None, "null stands here"),
        ({"Fn::Select": [5, ["a"]]}, "malformed argument"),
        ({"Fn::Select": [-1, ["a"]]}, "malformed argument"),
        ({"Fn::Sub": "${Missing}"}, "'Missing' is not a resource"),
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


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("true", True, True),
        (False, "false", True),
        ("True", True, False),
        ("5", 5, True),
        (5, 5.5, False),
        ({"Ref": "Size"}, 5, True),
        ({"Ref": "Size"}, "5", True),
        ("", "", True),
        ("a", "A", False),
        ({"Fn::FindInMap": ["Sizes", "us-east-1", "small"]}, 1, True),
    ],
)
def test_values_are_compared_as_text(tmp_path: Path, left: Any, right: Any, expected: bool) -> None:
    for pair in ([left, right], [right, left]):
        assert resolve(tmp_path, {"Fn::Equals": pair}) is expected


PARAMETERS: Any = [
    ({"Type": "Number", "Default": 5}, "5"),
    ({"Type": "Number", "Default": "1.50"}, "1.50"),
    ({"Type": "String", "Default": True}, "true"),
    ({"Type": "String", "Default": " a, b "}, " a, b "),
    ({"Type": "CommaDelimitedList", "Default": "a, b ,c"}, ["a", "b", "c"]),
    ({"Type": "CommaDelimitedList", "Default": ""}, [""]),
    ({"Type": "List<Number>", "Default": "1, 2.5"}, ["1", "2.5"]),
    ({"Type": "List<AWS::EC2::Subnet::Id>", "Default": "s-1,s-2"}, ["s-1", "s-2"]),
    ({"Type": "AWS::EC2::VPC::Id", "Default": "vpc-1,x"}, "vpc-1,x"),
    ({"Type": "AWS::SSM::Parameter::Name", "Default": "/other/list"}, "/other/list"),
    ({"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/other/list"}, "a, b"),
    ({"Type": "AWS::SSM::Parameter::Value<List<String>>", "Default": "/other/list"}, ["a", "b"]),
    (
        {"Type": "AWS::SSM::Parameter::Value<CommaDelimitedList>", "Default": "/other/list"},
        ["a", "b"],
    ),
    ({"Type": "String", "Default": "a", "AllowedValues": ["a", "b"]}, "a"),
    ({"Type": "Number", "Default": "5", "AllowedValues": [5], "MaxValue": "5"}, "5"),
    ({"Type": "String", "Default": "ab", "AllowedPattern": "[a-z]*", "MinLength": 2}, "ab"),
]


def parameter(tmp_path: Path, declared: Any, **given: str) -> Any:
    other = {"Name": "/other/list", "Type": "StringList", "Value": "a, b"}
    own = {"Name": "/own", "Type": "String", "Value": "a"}
    stacks = {
        "Other": {"Resources": {"List": {"Type": "AWS::SSM::Parameter", "Properties": other}}},
        "Data": {
            "Parameters": {"P": declared},
            "Conditions": {"C": {"Fn::Equals": [{"Fn::Join": ["", [{"Ref": "P"}]]}, "a"]}},
            "Resources": {
                "Own": {"Type": "AWS::SSM::Parameter", "Properties": own, "Condition": "C"}
            },
        },
    }
    found = templates(tmp_path, stacks, **given).scopes["Data"]
    return found.resolve({"Ref": "P"}, "Data/test")


@pytest.mark.parametrize(("declared", "expected"), PARAMETERS)
def test_a_parameter_is_text_or_a_list_of_it(tmp_path: Path, declared: Any, expected: Any) -> None:
    assert parameter(tmp_path, declared) == expected


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"Default": "a"}, "has no type"),
        ({"Type": "Text", "Default": "a"}, "no parameter type 'Text'"),
        ({"Type": "List<Text>", "Default": "a"}, "no parameter type 'List<Text>'"),
        ({"Type": "Number", "Default": "five"}, "'five' is not a number"),
        ({"Type": "Number", "Default": "nan"}, "'nan' is not a number"),
        ({"Type": "List<Number>", "Default": "1,x"}, "'x' is not a number"),
        ({"Type": "String", "Default": ["a"]}, "['a'] is not a string"),
        ({"Type": "String", "Default": "c", "AllowedValues": ["a"]}, "not one of AllowedValues"),
        ({"Type": "String", "Default": "A1", "AllowedPattern": "[a-z]*"}, "AllowedPattern"),
        ({"Type": "String", "Default": "a", "AllowedPattern": "("}, "AllowedPattern cannot be"),
        ({"Type": "String", "Default": "a", "MinLength": "2"}, "beyond MinLength 2"),
        ({"Type": "String", "Default": "abc", "MaxLength": 2}, "beyond MaxLength 2"),
        ({"Type": "Number", "Default": "1", "MinValue": 2}, "beyond MinValue 2"),
        ({"Type": "Number", "Default": "3", "MaxValue": 2}, "beyond MaxValue 2"),
        ({"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/own"}, "no stack defines"),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(
    tmp_path: Path, declared: Any, message: str
) -> None:
    with pytest.raises(LocalPlatformError) as caught:
        parameter(tmp_path, declared)
    assert message in caught.value.message
    assert caught.value.suggestion


def test_a_given_value_is_checked_as_a_default_is(tmp_path: Path) -> None:
    declared = {"Type": "List<Number>", "Default": "1", "AllowedValues": ["1", "2"]}
    assert parameter(tmp_path, declared, P="2, 1") == ["2", "1"]
    with pytest.raises(LocalPlatformError, match="'3' is not one of AllowedValues"):
        parameter(tmp_path, declared, P="1,3")


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("true", "is not a condition"),
        (True, "is not a condition"),
        ({"Ref": "Stage"}, "is not a condition"),
        ({"Fn::Equals": [{"Ref": "Messages"}, "a"]}, "'Messages', which is not a parameter"),
        ({"Fn::Equals": [{"Fn::GetAtt": "Messages.Arn"}, "a"]}, "which is not a parameter"),
        ({"Condition": "Missing"}, "no condition 'Missing'"),
        ({"Condition": "Odd"}, "needs itself"),
        ({"Fn::Or": [{"Condition": "IsLocal"}]}, "1 elements, not 2 to 10"),
    ],
)
def test_a_condition_that_nothing_uses_is_checked_too(
    tmp_path: Path, condition: Any, message: str
) -> None:
    base = {**BASE, "Conditions": {**BASE["Conditions"], "Odd": condition}}
    with pytest.raises(LocalPlatformError) as caught:
        templates(tmp_path, {"Data": base}).scopes["Data"].check()
    assert message in caught.value.message
    assert caught.value.path.startswith("Data/Conditions/Odd")


def test_a_transform_that_is_not_known_is_refused(tmp_path: Path) -> None:
    known = {**BASE, "Transform": "AWS::LanguageExtensions"}
    templates(tmp_path / "known", {"Data": known}).scopes["Data"].check()
    other = {**BASE, "Transform": ["AWS::LanguageExtensions", "Ours"]}
    with pytest.raises(LocalPlatformError, match="the transform 'Ours'"):
        templates(tmp_path / "other", {"Data": other}).scopes["Data"].check()


def outputs(tmp_path: Path, **named: Any) -> dict[str, str]:
    read = templates(tmp_path, {"Data": {**BASE, "Outputs": named}})
    found = read.outputs()
    read.refusals.raise_all()
    return found


def test_an_output_is_there_if_its_condition_holds(tmp_path: Path) -> None:
    found = outputs(
        tmp_path,
        Kept={"Value": "a", "Condition": "IsLocal"},
        Left={"Value": {"Ref": "Nothing"}, "Condition": "IsProd", "Export": {"Name": "left"}},
        Flag={"Value": True},
    )
    assert found == {"Data.Kept": "a", "Data.Flag": "true"}


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({"Value": "a", "Condition": "Missing"}, "no condition 'Missing'"),
        ({"Value": "a", "Condition": {"Condition": "IsLocal"}}, "no condition"),
        ({"Description": "a"}, "has no Value"),
        ({"Value": {"Ref": "Names"}}, "the value of an output is text"),
    ],
)
def test_an_output_that_is_wrong_is_named(tmp_path: Path, output: Any, message: str) -> None:
    with pytest.raises(LocalPlatformError) as caught:
        outputs(tmp_path, Odd=output)
    assert message in caught.value.message
    assert caught.value.path == "Data/Outputs/Odd"


def test_an_export_whose_output_is_left_out_cannot_be_imported(tmp_path: Path) -> None:
    left = {"Value": "a", "Condition": "IsProd", "Export": {"Name": "left"}}
    scope = templates(tmp_path, {"Data": {**BASE, "Outputs": {"Left": left}}}).scopes["Data"]
    with pytest.raises(LocalPlatformError, match="no export 'left'"):
        scope.resolve({"Fn::ImportValue": "left"}, "Data/test")


def test_one_name_is_exported_once(tmp_path: Path) -> None:
    one = {"Value": "a", "Export": {"Name": "same"}}
    scope = templates(tmp_path, {"A": {"Outputs": {"X": one}}, "B": {"Outputs": {"Y": one}}})
    with pytest.raises(LocalPlatformError, match="A exports the name 'same' already"):
        scope.scopes["A"].resolve({"Fn::ImportValue": "same"}, "A/test")


def test_an_api_has_its_id_as_an_attribute(tmp_path: Path) -> None:
    api = {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "a", "ProtocolType": "HTTP"}}
    scope = templates(tmp_path, {"Data": {"Resources": {"Api": api}}}).scopes["Data"]
    found = [
        scope.resolve(value, "Data/test")
        for value in ({"Ref": "Api"}, {"Fn::GetAtt": ["Api", "ApiId"]}, {"Fn::Sub": "${Api.ApiId}"})
    ]
    assert found[0]
    assert found == [found[0]] * 3


def test_a_value_that_needs_itself_is_refused(tmp_path: Path) -> None:
    def parameter(of: str) -> dict[str, Any]:
        value = {"Fn::GetAtt": [of, "Value"]}
        return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}

    both = {"Resources": {"A": parameter("B"), "B": parameter("A")}}
    with pytest.raises(LocalPlatformError, match="needs itself"):
        templates(tmp_path, {"Data": both}).scopes["Data"].resolve({"Fn::GetAtt": "A.Value"}, "x")


@pytest.mark.parametrize(
    "section", ["Parameters", "Mappings", "Conditions", "Resources", "Outputs"]
)
@pytest.mark.parametrize("value", [None, [], "text", 5, {"Odd": None}, {"Odd": ["text"]}])
def test_a_section_of_another_form_is_named(tmp_path: Path, section: str, value: Any) -> None:
    scope = templates(tmp_path, {"Data": {**BASE, section: value}}).scopes["Data"]
    with pytest.raises(LocalPlatformError, match=f"^Data/{section}"):
        scope.check()


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"Type": []}, "Data/Resources/Odd/Type"),
        ({"Properties": "text"}, "Data/Resources/Odd/Properties"),
        ({"Properties": None}, "Data/Resources/Odd/Properties"),
        ({"Metadata": 5}, "Data/Resources/Odd/Metadata"),
    ],
)
def test_a_resource_of_another_form_is_named(
    tmp_path: Path, change: dict[str, Any], path: str
) -> None:
    resources = {**BASE["Resources"], "Odd": {"Type": "AWS::SQS::Queue", **change}}
    scope = templates(tmp_path, {"Data": {**BASE, "Resources": resources}}).scopes["Data"]
    with pytest.raises(LocalPlatformError) as caught:
        assert scope.resources is None  # it is told before
    assert caught.value.path == path


@pytest.mark.parametrize("export", [None, "text", {}, {"Name": ["a"]}, {"Name": 5}])
def test_an_export_without_a_name_is_named(tmp_path: Path, export: Any) -> None:
    base = {**BASE, "Outputs": {"Odd": {"Value": "x", "Export": export}}}
    with pytest.raises(LocalPlatformError, match=r"^Data/Outputs/Odd/Export: .* is not a name"):
        assert templates(tmp_path, {"Data": base}).exports is None  # it is told before


@pytest.mark.parametrize(
    "constraint",
    [
        {"MinValue": "low"},
        {"MaxLength": []},
        {"AllowedValues": "5"},
        {"AllowedValues": 5},
        {"AllowedValues": [["5"]]},
        {"AllowedPattern": 5},
    ],
)
def test_a_constraint_of_another_form_is_named(tmp_path: Path, constraint: dict[str, Any]) -> None:
    declared = {"Type": "Number", "Default": "5", **constraint}
    base = {**BASE, "Parameters": {"Odd": declared}, "Conditions": {}}
    with pytest.raises(LocalPlatformError, match=r"^Data/Parameters/Odd: a constraint has another"):
        templates(tmp_path, {"Data": base}).scopes["Data"].resolve({"Ref": "Odd"}, "Data/test")
