"""Parameters, conditions, mappings and intrinsic functions, and what nobody knows."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from keyline_ops.plan.constants import is_known, shown
from keyline_ops.plan.errors import UnjudgedError
from keyline_ops.plan.evaluate import Evaluator, Stack
from keyline_ops.plan.judge import judge
from keyline_ops.plan.templates import parse_template
from keyline_ops.plan.worlds import MAX_WORLDS, World, in_every_world
from tests.keyline_ops.unit.plan.made import GLOBAL, TABLE, Made

TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "Stage": {"Type": "String", "Default": "prod"},
        "Names": {"Type": "CommaDelimitedList", "Default": "a, b"},
        "Image": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/image"},
        "Open": {"Type": "String"},
    },
    "Conditions": {
        "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "Both": {"Fn::And": [{"Condition": "IsProd"}, {"Fn::Not": [{"Condition": "Never"}]}]},
        "Never": {"Fn::Or": [{"Fn::Equals": ["a", "b"]}, {"Fn::Equals": [1, 2]}]},
    },
    "Mappings": {"Sizes": {"prod": {"pages": 5, "list": ["x", "y"]}}},
    "Resources": {
        "Orders": {"Type": TABLE, "Properties": {"TableName": {"Fn::Sub": "${Stage}-orders"}}},
        "Users": {"Type": TABLE, "Properties": {}},
    },
}


def value(node: Any, name: str = "") -> Any:
    result = Evaluator(Stack(name, TEMPLATE), World()).value(node)
    return shown(result) if isinstance(result, str) else result


@pytest.mark.parametrize(
    ("node", "result"),
    [
        ({"Ref": "Stage"}, "prod"),
        ({"Ref": "Names"}, ["a", "b"]),
        ({"Ref": "Image"}, "${ssm /image}"),
        ({"Ref": "Open"}, "${Open}"),
        ({"Ref": "AWS::Region"}, "${AWS::Region}"),
        ({"Ref": "Orders"}, "prod-orders"),
        ({"Ref": "Users"}, "${Users}"),
        ({"Fn::GetAtt": "Users.StreamArn"}, "${Users.StreamArn}"),
        ({"Fn::GetAtt": ["Users", "StreamArn"]}, "${Users.StreamArn}"),
        (
            {"Fn::Sub": "${Orders.Arn}"},
            "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/prod-orders",
        ),
        ({"Fn::Sub": "${!Stage} ${Stage}"}, "${Stage} prod"),
        ({"Fn::Sub": ["${A}-${Stage}", {"A": {"Ref": "Stage"}}]}, "prod-prod"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Stage"}, 1]]}, "a-prod-1"),
        ({"Fn::Join": ["+", {"Ref": "Names"}]}, "a+b"),
        ({"Fn::Select": ["1", {"Fn::Split": ["/", "a/b/c"]}]}, "b"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "pages"]}, 5),
        ({"Fn::FindInMap": ["Sizes", "dev", "pages", {"DefaultValue": 7}]}, 7),
        ({"Fn::If": ["Both", "yes", "no"]}, "yes"),
        ({"Fn::If": ["Never", "yes", "no"]}, "no"),
        ({"a": {"Ref": "AWS::NoValue"}, "b": [{"Ref": "AWS::NoValue"}, 1]}, {"b": [1]}),
        ({"Fn::Length": {"Ref": "Names"}}, 2),
        ({"Fn::ToJsonString": {"b": 1, "a": "x"}}, '{"a": "x", "b": 1}'),
        ({"Fn::ImportValue": "other"}, "${import other}"),
        ({"Fn::ImportValue": {"Fn::Sub": "${Stage}-x"}}, "${import prod-x}"),
        (True, True),
    ],
    ids=str,
)
def test_a_value_is_evaluated(node: Any, result: Any) -> None:
    assert value(node) == result


def test_what_depends_on_the_stack_bears_its_name() -> None:
    assert value({"Ref": "AWS::StackName"}, "one") == "${one.AWS::StackName}"
    assert value({"Ref": "Users"}, "one") == "${one:Users}"
    assert value({"Ref": "AWS::Region"}, "one") == "${AWS::Region}"


def test_a_text_is_split_only_where_it_is_known() -> None:
    arn: Any = {"Fn::Select": [5, {"Fn::Split": [":", {"Fn::GetAtt": "Users.StreamArn"}]}]}
    assert not is_known(Evaluator(Stack("", TEMPLATE), World()).value(arn))
    assert value(arn) == value(dict(arn))


def test_a_loop_makes_a_table_for_each_name() -> None:
    looped: dict[str, Any] = {
        "Transform": "AWS::LanguageExtensions",
        "Parameters": TEMPLATE["Parameters"],
        "Resources": {
            "Fn::ForEach::Tables": [
                "Name",
                {"Ref": "Names"},
                {"Table${Name}": {"Type": TABLE, "Properties": {"TableName": {"Ref": "Name"}}}},
            ]
        },
    }
    found = Evaluator(Stack("", looped), World()).resources()
    assert [(r.logical_id, r.properties) for r in found] == [
        ("Tablea", {"TableName": "a"}),
        ("Tableb", {"TableName": "b"}),
    ]


def test_a_table_that_leaves_a_loop_is_removed() -> None:
    made = Made(TABLE, name=None)
    looped = dict(made.template)
    looped["Resources"] = {
        "Fn::ForEach::Tables": ["Name", ["A", "B"], {"Orders${Name}": made.table}]
    }
    fewer = dict(looped)
    fewer["Resources"] = {"Fn::ForEach::Tables": ["Name", ["A"], {"Orders${Name}": made.table}]}
    plan = judge([Stack("", looped)], [Stack("", fewer)])
    assert [(t.owner, t.verdict.word) for t in plan.tables] == [
        ("OrdersA", "harmless"),
        ("OrdersB", "refused"),
    ]


# ---------------------------------------------------------------------------------- worlds


def test_each_answer_to_what_nobody_knows_is_a_world() -> None:
    def judged(world: World) -> str:
        region = world.constant("AWS::Region")
        if world.same(region, "eu-west-1"):
            return "west " + str(world.same(world.constant("AWS::Region"), "us-east-1"))
        return "east" if world.same(region, "us-east-1") else "elsewhere"

    assert sorted(found for _, found in in_every_world(judged)) == [
        "east",
        "elsewhere",
        "west False",
    ]


def test_too_many_worlds_are_not_judged() -> None:
    def judged(world: World) -> int:
        return sum(world.same(world.constant(f"P{n}"), "x") for n in range(13))

    with pytest.raises(UnjudgedError, match=f"{MAX_WORLDS:,}"):
        in_every_world(judged)


def test_conditions_that_have_nothing_to_do_with_tables_make_no_worlds() -> None:
    made = Made(TABLE)
    for number in range(20):
        name = f"Open{number}"
        made.template["Parameters"][name] = {"Type": "String"}
        made.template["Conditions"][name] = {"Fn::Equals": [{"Ref": name}, "yes"]}
        made.resources[f"Topic{number}"] = {"Type": "AWS::SNS::Topic", "Condition": name}
        made.add_function(f"F{number}", INDEX={"Fn::If": [name, "by-status", "by-day"]})
        made.template["Outputs"][name] = {"Value": {"Ref": f"Topic{number}"}, "Condition": name}
    without = copy.deepcopy(made)
    without.drop_index()
    old, new = Stack("", made.template), Stack("", without.template)
    assert judge([old], [old]).verdict.word == "harmless"
    assert judge([old], [new]).verdict.word == "refused"  # a function may read it


def test_the_worst_world_decides_and_says_what_it_takes_for_granted() -> None:
    before, after = Made(TABLE), Made(TABLE)
    after.template["Conditions"]["Here"] = {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}
    after.place["DeletionProtectionEnabled"] = {"Fn::If": ["Here", True, False]}
    plan = judge([Stack("", before.template)], [Stack("", after.template)])
    assert plan.verdict.word == "refused"
    assert plan.assumptions == ("AWS::Region is not 'eu-west-1'",)


def test_what_is_found_in_a_region_that_nobody_knows_is_named_for_people() -> None:
    before, after = Made(GLOBAL), Made(GLOBAL)
    after.place["DeletionProtectionEnabled"] = False
    (table,) = judge([Stack("", before.template)], [Stack("", after.template)]).tables
    path = "Orders.Replicas.${AWS::Region}.DeletionProtectionEnabled"
    assert [found.path for found in table.findings] == [path]


def test_a_map_by_region_is_judged_in_each_region_of_the_map() -> None:
    before, after = Made(TABLE), Made(TABLE)
    for made, days in ((before, 35), (after, 7)):
        made.template["Mappings"]["Days"] = {"a": {"d": 35}, "b": {"d": days}}
        made.place["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] = {
            "Fn::FindInMap": ["Days", {"Ref": "AWS::Region"}, "d"]
        }
    plan = judge([Stack("", before.template)], [Stack("", after.template)])
    assert plan.verdict.word == "refused"
    assert plan.assumptions[-1] == "AWS::Region is 'b'"


# ----------------------------------------------------------------------------------- unseen


def nested(**more: Any) -> dict[str, Any]:
    return {"Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack", **more}}}


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (nested(), nested(), "harmless"),
        (nested(), {"Resources": {}}, "refused"),
        (nested(DeletionPolicy="Retain"), {"Resources": {}}, "harmless"),
        (nested(), nested(Properties={"TemplateURL": "https://example.com/2"}), "harmless"),
        ({"Resources": {}}, nested(), "harmless"),
    ],
)
def test_a_nested_stack_that_is_not_here_is_not_lost_unseen(
    before: Any, after: Any, verdict: str
) -> None:
    assert judge([Stack("", before)], [Stack("", after)]).verdict.word == verdict


def test_a_macro_that_is_not_run_is_told() -> None:
    made = Made(TABLE)
    made.template["Transform"] = ["AWS::Serverless-2016-10-31", "Tables"]
    stack = Stack("", made.template)
    assert judge([stack], [stack]).assumptions == ("the macro Tables changes no table",)


# ------------------------------------------------------------------------------------ files

_YAML = """
AWSTemplateFormatVersion: 2010-09-09
Conditions:
  Never: !Equals [a, !Ref AWS::Region]
Resources:
  T:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub ${AWS::StackName}-x
      Arn: !GetAtt T.Arn
      Choice: !If [Never, !Ref "AWS::NoValue", 2012-10-17]
"""


def test_yaml_has_short_forms_and_no_dates() -> None:
    found: Any = parse_template(_YAML, "t.yaml")
    assert found["AWSTemplateFormatVersion"] == "2010-09-09"
    assert found["Conditions"]["Never"] == {"Fn::Equals": ["a", {"Ref": "AWS::Region"}]}
    assert found["Resources"]["T"]["Properties"] == {
        "TableName": {"Fn::Sub": "${AWS::StackName}-x"},
        "Arn": {"Fn::GetAtt": "T.Arn"},
        "Choice": {"Fn::If": ["Never", {"Ref": "AWS::NoValue"}, "2012-10-17"]},
    }


@pytest.mark.parametrize(
    "text",
    [
        *("", "hello", "[]", "{", "{}", '{"Resources": []}', '{"Resources": {"A": {}}}', "a: ["),
        '{"Resources": {"A": {"Type": "AWS::DynamoDB::Table", "Properties": []}}}',
    ],
)
def test_what_is_no_template_is_not_judged(text: str, tmp_path: Path) -> None:
    with pytest.raises(UnjudgedError):
        parse_template(text, "t.json")
