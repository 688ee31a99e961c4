"""Waves as templates: each is harmless by itself, and takes one index of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from keyline_ops.deploying.mixing import ByHandError
from keyline_ops.deploying.waves import EVERYTHING, EVERYTHING_ELSE, Wave, build_waves
from keyline_ops.plan.evaluate import Stack
from keyline_ops.plan.judge import judge
from tests.keyline_ops.unit.plan.labelled import WAVES, Case, cases
from tests.keyline_ops.unit.plan.made import GLOBAL, TABLE, Made

IN_WAVES = [case for case in cases() if case.verdict == WAVES]
BY_HAND = {
    "no_stream_and_no_consumer_any_more",
    "a_consumer_from_the_start_under_another_logical_id",
    "another_starting_position_of_an_event_of_sam",
    "another_attribute_of_expiry",
    "two_replicas_more",
    "a_replica_and_an_index_more",
}
"""Changes that also take time, or more than the table: the command leaves these to people."""


def waves(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Wave]:
    """Return the waves between stacks, given by their templates."""
    running = {name: Stack(name, template) for name, template in before.items()}
    target = {name: Stack(name, template) for name, template in after.items()}
    plan = judge([*running.values()], [*target.values()])
    return list(build_waves(running, target, plan, judge))


def table_of(stack: Stack) -> dict[str, Any]:
    """Return the properties of the table."""
    found: Any = stack.resources["Orders"]
    properties: dict[str, Any] = found["Properties"]
    return properties


def indexes(stack: Stack) -> set[str]:
    return {each["IndexName"] for each in table_of(stack).get("GlobalSecondaryIndexes", [])}


@pytest.mark.parametrize("case", IN_WAVES, ids=lambda case: f"{case.name}-{case.kind[15:]}")
def test_each_wave_of_a_labelled_change_is_harmless_and_the_last_is_the_whole(case: Case) -> None:
    if case.name in BY_HAND:
        with pytest.raises(ByHandError):
            waves({"Data": case.before}, {"Data": case.after})
        return
    before = Stack("Data", case.before)
    made = waves({"Data": case.before}, {"Data": case.after})
    for wave in made:
        after = wave.stacks["Data"]
        assert judge([before], [after]).verdict.word == "harmless", wave.steps
        if "Orders" in case.after["Resources"]:
            assert len(indexes(before) ^ indexes(after)) <= 1, wave.steps
        before = after
    assert len(made) > 1
    assert before.template == case.after


@pytest.mark.parametrize("kind", [TABLE, GLOBAL])
def test_two_new_indexes_and_one_that_goes_are_three_waves(kind: str) -> None:
    made = waves({"Data": Made(kind).template}, {"Data": changed(kind).template})
    assert [indexes(wave.stacks["Data"]) for wave in made] == [
        {"by-status", "by-customer"},
        {"by-status", "by-customer", "by-day"},
        {"by-customer", "by-day"},
    ]
    assert [wave.steps[0].partition(",")[0] for wave in made] == [
        "Data.Orders: create the index by-customer",
        "Data.Orders: create the index by-day",
        "Data.Orders: delete the index by-status",
    ]


def test_readers_in_another_stack_change_when_new_indexes_are_there_and_old_ones_not_gone() -> None:
    made = waves(
        {"Data": Made(GLOBAL).template, "Service": reader("by-status")},
        {"Data": changed(GLOBAL).template, "Service": reader("by-customer")},
    )
    assert [wave.changed for wave in made] == [
        ("Data",),
        ("Data",),
        ("Service",),
        ("Data", "Service"),
    ]
    assert made[2].steps == (EVERYTHING_ELSE,)
    assert made[1].stacks["Service"].template == reader("by-status")
    assert indexes(made[2].stacks["Data"]) == {"by-status", "by-customer", "by-day"}


def test_a_replica_lists_the_indexes_that_the_table_has_after_each_wave() -> None:
    before, after = Made(GLOBAL), changed(GLOBAL)
    for made in (before, after):
        made.place["GlobalSecondaryIndexes"] = [
            {"IndexName": each["IndexName"]} for each in made.indexes
        ]
    for wave in waves({"Data": before.template}, {"Data": after.template}):
        stack = wave.stacks["Data"]
        (replica,) = table_of(stack)["Replicas"]
        listed = {each["IndexName"] for each in replica["GlobalSecondaryIndexes"]}
        assert listed == indexes(stack)


def test_attributes_are_defined_that_keys_have_and_no_others() -> None:
    for wave in waves({"Data": Made(TABLE).template}, {"Data": changed(TABLE).template}):
        table = table_of(wave.stacks["Data"])
        keyed = [table, *table["GlobalSecondaryIndexes"]]
        used = {part["AttributeName"] for each in keyed for part in each["KeySchema"]}
        assert {each["AttributeName"] for each in table["AttributeDefinitions"]} == used


def test_what_runs_is_left_as_it_is_until_everything_else_is_deployed() -> None:
    after = changed(TABLE)
    after.place["DeletionProtectionEnabled"] = True
    after.props["Tags"] = [{"Key": "team", "Value": "orders"}]
    made = waves({"Data": Made(TABLE).template}, {"Data": after.template})
    assert ["Tags" in table_of(wave.stacks["Data"]) for wave in made] == [False, False, True, True]


def test_what_one_deployment_does_is_one_wave() -> None:
    after = Made(TABLE)
    after.add_index("by-day", "day")
    made = waves({"Data": Made(TABLE).template}, {"Data": after.template, "New": {"Resources": {}}})
    assert [(wave.steps, wave.changed) for wave in made] == [((EVERYTHING,), ("Data", "New"))]


def test_an_index_that_is_not_written_out_is_left_to_people() -> None:
    after = changed(TABLE)
    after.template["Conditions"]["Eu"] = {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}
    after.props["GlobalSecondaryIndexes"] = {
        "Fn::If": ["Eu", after.indexes[:1], after.indexes],
    }
    with pytest.raises(ByHandError, match="not written out"):
        waves({"Data": Made(TABLE).template}, {"Data": after.template})


def test_a_table_in_a_nested_stack_is_left_to_people() -> None:
    with pytest.raises(ByHandError, match="nested stack"):
        waves({"Data.In": Made(TABLE).template}, {"Data.In": changed(TABLE).template})


def changed(kind: str) -> Made:
    """Return the table with two indexes more, and without the one that it had."""
    made = Made(kind)
    made.add_index("by-customer", "customer")
    made.add_index("by-day", "day")
    made.drop_index()
    return made


def reader(name: str) -> dict[str, Any]:
    """Return a stack with a function that reads an index of the table."""
    variables = {"TABLE": "orders", "INDEX": name}
    code = {"S3Bucket": "code", "S3Key": name}
    properties = {"Handler": "a.b", "Code": code, "Environment": {"Variables": variables}}
    return {"Resources": {"Reader": {"Type": "AWS::Lambda::Function", "Properties": properties}}}
