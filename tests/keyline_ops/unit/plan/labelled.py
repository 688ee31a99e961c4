"""Pairs of templates with their verdicts, from what AWS documents of updates.

Each case is an edit of the table before and one after, on both types of tables unless it says
otherwise. `tricky` cases look like another verdict than they have.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.keyline_ops.unit.plan.made import (
    GLOBAL,
    REGION,
    TABLE,
    Edit,
    Made,
    Template,
    index,
    index_arn,
)

HARMLESS, WAVES, REFUSED = "harmless", "waves", "refused"


@dataclass(frozen=True)
class Case:
    """A pair, with the verdict on it."""

    name: str
    kind: str
    verdict: str
    before: Template
    after: Template
    tricky: bool


_CASES: list[tuple[str, str, Edit, Edit, tuple[str, ...], bool]] = []


def _nothing(made: Made) -> None:
    pass


def case(
    verdict: str,
    *,
    before: Edit = _nothing,
    kinds: tuple[str, ...] = (TABLE, GLOBAL),
    tricky: bool = False,
) -> Callable[[Edit], Edit]:
    """Register the edit that leads from before to after; `before` comes first on both sides."""

    def register(after: Edit) -> Edit:
        _CASES.append((after.__name__, verdict, before, after, kinds, tricky))
        return after

    return register


def cases() -> Iterator[Case]:
    """Yield all cases, each with its templates."""
    for name, verdict, before, after, kinds, tricky in _CASES:
        for kind in kinds:
            old, new = Made(kind), Made(kind)
            before(old)
            before(new)
            after(new)
            yield Case(name, kind, verdict, old.template, new.template, tricky)


def _named(name: str, edit: Edit) -> Edit:
    """Give an edit the name of its case."""
    edit.__name__ = name
    return edit


def _together(*edits: Edit) -> Edit:
    def run(made: Made) -> None:
        for edit in edits:
            edit(made)

    return run


# ------------------------------------------------------------------------------ nothing


@case(HARMLESS)
def unchanged(made: Made) -> None:
    pass


@case(HARMLESS, tricky=True)
def lists_in_another_order(made: Made) -> None:
    made.props["AttributeDefinitions"].reverse()
    made.template["Resources"] = dict(reversed(made.resources.items()))
    made.table["Properties"] = dict(reversed(made.props.items()))


def _included(made: Made) -> None:
    made.indexes.append(index("by-kind", "status", projection="INCLUDE", include=["b", "a"]))
    made.props["Tags" if not made.is_global else "WarmThroughput"] = (
        [{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}]
        if not made.is_global
        else {"ReadUnitsPerSecond": 12000}
    )


@case(HARMLESS, before=_included, tricky=True)
def sets_in_another_order(made: Made) -> None:
    made.indexes.reverse()
    for each in made.indexes:
        each["Projection"].get("NonKeyAttributes", []).reverse()
    if not made.is_global:
        made.props["Tags"].reverse()
    else:
        made.props["WarmThroughput"]["ReadUnitsPerSecond"] = "12000"


@case(HARMLESS, tricky=True)
def truth_values_as_text(made: Made) -> None:
    made.place["DeletionProtectionEnabled"] = "true"
    made.place["PointInTimeRecoverySpecification"] = {"PointInTimeRecoveryEnabled": "true"}
    made.props["SSESpecification"]["SSEEnabled"] = "true"


@case(HARMLESS, tricky=True)
def defaults_written_out(made: Made) -> None:
    made.place["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] = 35
    made.place["TableClass"] = "STANDARD"
    del made.props["SSESpecification"]["SSEType"]


@case(HARMLESS, before=lambda made: made.props.pop("SSESpecification"), tricky=True)
def encryption_off_written_out(made: Made) -> None:
    made.props["SSESpecification"] = {"SSEEnabled": False}


@case(HARMLESS, tricky=True)
def name_by_a_parameter(made: Made) -> None:
    made.template["Parameters"]["Name"] = {"Type": "String", "Default": "orders"}
    made.props["TableName"] = {"Ref": "Name"}


def _of_the_stack(made: Made) -> None:
    made.props["TableName"] = {"Fn::Sub": "${AWS::StackName}-orders"}


@case(HARMLESS, before=_of_the_stack, tricky=True)
def the_same_text_joined(made: Made) -> None:
    made.props["TableName"] = {"Fn::Join": ["-", [{"Ref": "AWS::StackName"}, "orders"]]}


@case(HARMLESS, tricky=True)
def a_value_of_a_mapping(made: Made) -> None:
    made.template["Mappings"]["Names"] = {"all": {"orders": "orders"}}
    made.props["TableName"] = {"Fn::FindInMap": ["Names", "all", "orders"]}


@case(HARMLESS, tricky=True)
def a_condition_that_holds(made: Made) -> None:
    made.template["Parameters"]["Stage"] = {"Type": "String", "Default": "prod"}
    made.template["Conditions"]["IsProd"] = {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}
    made.table["Condition"] = "IsProd"
    made.place["DeletionProtectionEnabled"] = {"Fn::If": ["IsProd", True, False]}


@case(HARMLESS, tricky=True)
def a_property_that_has_no_value(made: Made) -> None:
    made.template["Conditions"]["Never"] = {"Fn::Equals": ["a", "b"]}
    made.props["WarmThroughput"] = {
        "Fn::If": ["Never", {"ReadUnitsPerSecond": 20000}, {"Ref": "AWS::NoValue"}]
    }


@case(HARMLESS, tricky=True)
def empty_lists(made: Made) -> None:
    made.props["LocalSecondaryIndexes"] = []


@case(HARMLESS)
def metadata_and_dependencies(made: Made) -> None:
    made.table["Metadata"] = {"aws:cdk:path": "Stack/Orders/Resource"}
    made.resources["Topic"] = {"Type": "AWS::SNS::Topic"}
    made.table["DependsOn"] = ["Topic"]


@case(HARMLESS)
def another_table_is_new(made: Made) -> None:
    made.resources["Users"] = {
        "Type": TABLE,
        "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        },
    }


@case(HARMLESS, before=lambda made: made.add_function(), tricky=True)
def an_unrelated_function_is_renamed(made: Made) -> None:
    made.resources["Other"] = made.resources.pop("Reader")


@case(HARMLESS)
def tags(made: Made) -> None:
    made.place["Tags"] = [{"Key": "team", "Value": "data"}]


@case(REFUSED, tricky=True)
def another_table_of_the_same_name_is_new(made: Made) -> None:
    made.resources["Copy"] = copy.deepcopy(made.table)


# ---------------------------------------------------------------------------- replaced


@case(REFUSED)
def another_key(made: Made) -> None:
    made.props["KeySchema"][1]["AttributeName"] = "created"
    made.define("created")


@case(REFUSED)
def a_sort_key_less(made: Made) -> None:
    del made.props["KeySchema"][1]


@case(REFUSED)
def the_type_of_a_key(made: Made) -> None:
    made.props["AttributeDefinitions"][0]["AttributeType"] = "N"


@case(REFUSED, tricky=True)
def the_type_of_an_index_key(made: Made) -> None:
    made.props["AttributeDefinitions"][2]["AttributeType"] = "N"


@case(REFUSED)
def another_name(made: Made) -> None:
    made.props["TableName"] = "orders-v2"


@case(REFUSED, tricky=True)
def a_name_less(made: Made) -> None:
    del made.props["TableName"]


@case(REFUSED, before=lambda made: made.props.pop("TableName"), tricky=True)
def a_name_given(made: Made) -> None:
    made.props["TableName"] = "orders"


@case(REFUSED, before=_of_the_stack, tricky=True)
def the_default_of_a_parameter_in_the_name(made: Made) -> None:
    made.template["Parameters"]["Stage"] = {"Type": "String", "Default": "v2"}
    made.props["TableName"] = {"Fn::Sub": "${AWS::StackName}-${Stage}"}


@case(REFUSED)
def another_logical_id(made: Made) -> None:
    made.resources["OrdersTable"] = made.resources.pop("Orders")


@case(REFUSED, before=lambda made: made.props.pop("TableName"), tricky=True)
def another_logical_id_without_a_name(made: Made) -> None:
    made.resources["OrdersTable1A2B3C4D"] = made.resources.pop("Orders")


@case(REFUSED)
def removed_and_kept(made: Made) -> None:
    del made.resources["Orders"]


@case(REFUSED, before=lambda made: made.table.pop("DeletionPolicy"))
def removed_and_deleted(made: Made) -> None:
    del made.resources["Orders"]


@case(REFUSED, tricky=True)
def a_condition_turns_false(made: Made) -> None:
    made.template["Parameters"]["Stage"] = {"Type": "String", "Default": "dev"}
    made.template["Conditions"]["IsProd"] = {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}
    made.table["Condition"] = "IsProd"


@case(REFUSED, tricky=True)
def a_condition_on_the_region(made: Made) -> None:
    made.template["Conditions"]["Here"] = {"Fn::Equals": [REGION, "eu-west-1"]}
    made.table["Condition"] = "Here"


@case(REFUSED, kinds=(TABLE,))
def a_local_index(made: Made) -> None:
    made.define("total", "N")
    local = index("by-total", "pk", "total")
    made.props["LocalSecondaryIndexes"] = [local]


def _local(made: Made) -> None:
    made.define("total", "N")
    made.props["LocalSecondaryIndexes"] = [index("by-total", "pk", "total", projection="KEYS_ONLY")]


@case(REFUSED, before=_local)
def the_projection_of_a_local_index(made: Made) -> None:
    made.props["LocalSecondaryIndexes"][0]["Projection"]["ProjectionType"] = "ALL"


@case(REFUSED, before=_local)
def a_local_index_less(made: Made) -> None:
    made.undefine("total")
    del made.props["LocalSecondaryIndexes"]


@case(REFUSED, kinds=(TABLE,))
def a_table_becomes_global(made: Made) -> None:
    made.table["Type"] = GLOBAL
    made.props["Replicas"] = [{"Region": REGION}]


@case(REFUSED, kinds=(TABLE,), tricky=True)
def an_import_that_is_taken_out(made: Made) -> None:
    made.props["ImportSourceSpecification"] = {
        "InputFormat": "CSV",
        "S3BucketSource": {"S3Bucket": "orders"},
    }


# ----------------------------------------------------------------------------- indexes


@case(HARMLESS)
def one_index_more(made: Made) -> None:
    made.add_index("by-customer", "customer")


@case(HARMLESS)
def one_index_less(made: Made) -> None:
    made.drop_index()


@case(WAVES)
def two_indexes_more(made: Made) -> None:
    made.add_index("by-customer", "customer")
    made.add_index("by-day", "day")


@case(WAVES, before=lambda made: made.add_index("by-customer", "customer"))
def two_indexes_less(made: Made) -> None:
    made.drop_index()
    made.drop_index("by-customer", "customer")


@case(WAVES, tricky=True)
def an_index_is_renamed(made: Made) -> None:
    made.indexes[0]["IndexName"] = "status-index"


@case(WAVES)
def one_index_more_and_one_less(made: Made) -> None:
    made.drop_index()
    made.add_index("by-customer", "customer")


@case(REFUSED)
def the_projection_of_an_index(made: Made) -> None:
    made.indexes[0]["Projection"] = {"ProjectionType": "KEYS_ONLY"}


@case(REFUSED, before=_included, tricky=True)
def one_more_attribute_in_a_projection(made: Made) -> None:
    made.indexes[1]["Projection"]["NonKeyAttributes"].append("c")


@case(REFUSED)
def the_key_of_an_index(made: Made) -> None:
    del made.indexes[0]["KeySchema"][1]


@case(REFUSED, tricky=True)
def an_index_goes_and_its_attribute_stays_defined(made: Made) -> None:
    made.drop_index(attribute="")


@case(REFUSED, tricky=True)
def an_index_on_an_attribute_that_is_not_defined(made: Made) -> None:
    made.indexes.append(index("by-customer", "customer"))


@case(REFUSED)
def more_indexes_than_a_table_has(made: Made) -> None:
    for number in range(20):
        made.add_index(f"by-{number}", f"a{number}")


def _crowded(made: Made) -> None:
    for number in range(19):
        made.add_index(f"by-{number}", f"a{number}")


@case(WAVES, before=_crowded)
def the_last_place_for_an_index_is_given_to_another(made: Made) -> None:
    made.drop_index()
    made.add_index("by-customer", "customer")


@case(
    REFUSED,
    before=_together(_crowded, lambda made: made.add_function(INDEX="by-status")),
    tricky=True,
)
def the_last_place_of_an_index_that_is_read(made: Made) -> None:
    made.drop_index()
    made.add_index("by-customer", "customer")
    made.add_function(INDEX="by-customer")


def _by_variable(made: Made) -> None:
    made.add_function(INDEX="by-status")


@case(REFUSED, before=_by_variable)
def an_index_less_that_a_function_reads(made: Made) -> None:
    made.drop_index()


@case(WAVES, before=_by_variable, tricky=True)
def an_index_less_with_its_reader(made: Made) -> None:
    made.drop_index()
    del made.resources["Reader"]["Properties"]["Environment"]["Variables"]["INDEX"]


@case(WAVES, before=lambda made: made.add_function(), tricky=True)
def an_index_more_with_its_reader(made: Made) -> None:
    made.add_index("by-customer", "customer")
    made.add_function(INDEX="by-customer")


@case(WAVES, before=_by_variable)
def an_index_is_renamed_with_its_reader(made: Made) -> None:
    made.indexes[0]["IndexName"] = "status-index"
    made.add_function(INDEX="status-index")


def _granted(made: Made) -> None:
    made.add_function()
    made.add_policy({"Fn::GetAtt": ["Orders", "Arn"]}, index_arn("by-status"))


@case(REFUSED, before=_granted, tricky=True)
def an_index_less_that_a_role_reads(made: Made) -> None:
    made.drop_index()


def _granted_all(made: Made) -> None:
    made.add_function()
    made.add_policy({"Fn::GetAtt": ["Orders", "Arn"]}, index_arn("*"))


@case(HARMLESS, before=_granted_all, tricky=True)
def an_index_more_under_a_grant_of_all(made: Made) -> None:
    made.add_index("by-customer", "customer")


@case(HARMLESS, before=lambda made: made.add_function(), tricky=True)
def an_index_more_with_a_grant_and_no_new_code(made: Made) -> None:
    made.add_index("by-customer", "customer")
    made.add_policy({"Fn::GetAtt": ["Orders", "Arn"]}, index_arn("by-customer"))


@case(WAVES, before=lambda made: made.add_function(), tricky=True)
def an_index_more_with_a_grant_and_new_code(made: Made) -> None:
    made.add_index("by-customer", "customer")
    made.add_function(code="v2")
    made.add_policy({"Fn::GetAtt": ["Orders", "Arn"]}, index_arn("by-customer"))


def _resolver(made: Made) -> None:
    made.resources["Source"] = {
        "Type": "AWS::AppSync::DataSource",
        "Properties": {
            "ApiId": "api",
            "Name": "Orders",
            "Type": "AMAZON_DYNAMODB",
            "DynamoDBConfig": {"TableName": {"Ref": "Orders"}, "AwsRegion": REGION},
        },
    }
    made.resources["Resolver"] = {
        "Type": "AWS::AppSync::Resolver",
        "Properties": {
            "DataSourceName": {"Fn::GetAtt": ["Source", "Name"]},
            "RequestMappingTemplate": '{"operation": "Query", "index": "by-status"}',
        },
    }


@case(REFUSED, before=_resolver, tricky=True)
def an_index_less_that_a_resolver_reads(made: Made) -> None:
    made.drop_index()


@case(HARMLESS, tricky=True)
def an_index_less_whose_name_another_table_has(made: Made) -> None:
    made.drop_index()
    made.resources["Mail"] = {
        "Type": "AWS::Lambda::Function",
        "Properties": {"Environment": {"Variables": {"INDEX": "by-status", "TABLE": "users"}}},
    }


def _by_role(made: Made) -> None:
    """Add a function that has the name of the index, and the table only in its permissions."""
    made.add_function(INDEX="by-status", TABLES="/orders/tables")
    del made.resources["Reader"]["Properties"]["Environment"]["Variables"]["TABLE"]
    made.add_policy({"Fn::GetAtt": ["Orders", "Arn"]}, index_arn("*"))


@case(REFUSED, before=_by_role, tricky=True)
def an_index_less_of_a_function_that_knows_the_table_by_its_role(made: Made) -> None:
    made.drop_index()


def _by_index_alone(made: Made) -> None:
    made.add_function(INDEX="by-status")
    del made.resources["Reader"]["Properties"]["Environment"]["Variables"]["TABLE"]


@case(REFUSED, before=_by_index_alone, tricky=True)
def an_index_less_of_a_function_that_names_no_table(made: Made) -> None:
    made.drop_index()


def _named_email(made: Made) -> None:
    """Add an index whose name is a plain word, and things that have the word for other reasons."""
    made.add_index("email", "email")
    made.add_function(CONTACT="email")
    made.resources["Pool"] = {
        "Type": "AWS::Cognito::UserPool",
        "Properties": {
            "AliasAttributes": ["email"],
            "LambdaConfig": {"PostConfirmation": {"Fn::GetAtt": ["Reader", "Arn"]}},
        },
    }


@case(HARMLESS, before=_named_email, tricky=True)
def an_index_less_whose_name_is_an_ordinary_word(made: Made) -> None:
    made.drop_index("email", "email")


def _read_by_email(made: Made) -> None:
    _named_email(made)
    made.add_function(CONTACT="email", USER_INDEX="email")


@case(REFUSED, before=_read_by_email, tricky=True)
def an_index_less_whose_name_is_an_ordinary_word_and_is_read(made: Made) -> None:
    made.drop_index("email", "email")


def _resolved_by_email(made: Made) -> None:
    _named_email(made)
    _resolver(made)
    made.resources["Resolver"]["Properties"]["RequestMappingTemplate"] = '{"index" : "email"}'


@case(REFUSED, before=_resolved_by_email, tricky=True)
def an_index_less_whose_name_is_an_ordinary_word_in_a_resolver(made: Made) -> None:
    made.drop_index("email", "email")


# ------------------------------------------------------------------- what AWS rejects


@case(REFUSED, tricky=True)
def a_table_under_a_condition_that_is_not_defined(made: Made) -> None:
    made.table["Condition"] = "Nowhere"


@case(REFUSED, tricky=True)
def a_choice_by_a_condition_that_is_not_defined(made: Made) -> None:
    made.place["DeletionProtectionEnabled"] = {"Fn::If": ["Nowhere", True, True]}


@case(HARMLESS, before=a_table_under_a_condition_that_is_not_defined, tricky=True)
def a_condition_that_was_not_defined_either(made: Made) -> None:
    made.place["Tags"] = [{"Key": "team", "Value": "data"}]


@case(REFUSED, tricky=True)
def a_class_that_there_is_not(made: Made) -> None:
    made.place["TableClass"] = "IA"


@case(REFUSED, before=lambda made: made.props.pop("StreamSpecification"), tricky=True)
def a_view_that_there_is_not(made: Made) -> None:
    made.props["StreamSpecification"] = {"StreamViewType": "NEW"}


@case(REFUSED, tricky=True)
def a_type_of_an_attribute_that_there_is_not(made: Made) -> None:
    made.add_index("by-customer", "customer")
    made.props["AttributeDefinitions"][-1]["AttributeType"] = "X"


@case(REFUSED, tricky=True)
def a_recovery_that_is_longer_than_there_is(made: Made) -> None:
    made.place["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] = 40


@case(REFUSED, before=lambda made: made.provision(), kinds=(TABLE,), tricky=True)
def no_capacity_to_read(made: Made) -> None:
    made.props["ProvisionedThroughput"]["ReadCapacityUnits"] = 0


@case(HARMLESS, tricky=True)
def a_mode_that_nobody_knows(made: Made) -> None:
    made.place["ContributorInsightsSpecification"] = {"Enabled": True, "Mode": {"Ref": "Mode"}}
    made.template["Parameters"]["Mode"] = {"Type": "String"}


# ------------------------------------------------------------------------------ stream


def _no_stream(made: Made) -> None:
    made.props.pop("StreamSpecification")


@case(HARMLESS, before=_no_stream)
def a_stream(made: Made) -> None:
    made.props["StreamSpecification"] = {"StreamViewType": "KEYS_ONLY"}


@case(HARMLESS, before=_no_stream)
def a_stream_with_its_consumer(made: Made) -> None:
    made.props["StreamSpecification"] = {"StreamViewType": "NEW_IMAGE"}
    made.add_mapping()


@case(HARMLESS, tricky=True)
def no_stream_that_nobody_reads(made: Made) -> None:
    _no_stream(made)


@case(REFUSED, before=lambda made: made.add_mapping())
def the_view_of_a_stream_with_a_consumer(made: Made) -> None:
    made.props["StreamSpecification"] = {"StreamViewType": "NEW_IMAGE"}


@case(HARMLESS, tricky=True)
def the_view_of_a_stream_that_nobody_reads(made: Made) -> None:
    made.props["StreamSpecification"] = {"StreamViewType": "NEW_IMAGE"}


@case(REFUSED, before=lambda made: made.add_mapping())
def no_stream_and_a_consumer(made: Made) -> None:
    _no_stream(made)


@case(WAVES, before=lambda made: made.add_mapping(), tricky=True)
def no_stream_and_no_consumer_any_more(made: Made) -> None:
    _no_stream(made)
    del made.resources["Mapping"]


@case(HARMLESS, before=lambda made: made.add_mapping())
def the_batch_of_a_consumer(made: Made) -> None:
    made.resources["Mapping"]["Properties"]["BatchSize"] = 10


@case(REFUSED, before=lambda made: made.add_mapping(), tricky=True)
def a_consumer_under_another_logical_id(made: Made) -> None:
    made.resources["Mapping2"] = made.resources.pop("Mapping")


def _from_the_start(made: Made) -> None:
    made.add_mapping(StartingPosition="TRIM_HORIZON")


@case(WAVES, before=_from_the_start, tricky=True)
def a_consumer_from_the_start_under_another_logical_id(made: Made) -> None:
    made.resources["Mapping2"] = made.resources.pop("Mapping")


@case(REFUSED, before=_from_the_start, tricky=True)
def another_starting_position(made: Made) -> None:
    made.resources["Mapping"]["Properties"]["StartingPosition"] = "LATEST"


@case(HARMLESS, before=lambda made: made.add_mapping())
def a_second_consumer(made: Made) -> None:
    made.add_mapping("Mapping2", "Counter")


@case(REFUSED, before=lambda made: made.add_mapping(), tricky=True)
def a_consumer_less_of_a_stream_that_stays(made: Made) -> None:
    del made.resources["Mapping"]


@case(REFUSED, before=lambda made: made.add_mapping(), tricky=True)
def a_consumer_that_is_stopped(made: Made) -> None:
    made.resources["Mapping"]["Properties"]["Enabled"] = False


@case(HARMLESS, before=lambda made: made.add_mapping(), tricky=True)
def a_consumer_less_with_its_function(made: Made) -> None:
    del made.resources["Mapping"], made.resources["Reader"]


@case(HARMLESS, before=lambda made: made.add_mapping(), tricky=True)
def another_function_takes_over_from_a_consumer(made: Made) -> None:
    del made.resources["Mapping"]
    made.add_mapping("Mapping2", "Counter")


def _pipe(made: Made) -> None:
    made.resources["Pipe"] = {
        "Type": "AWS::Pipes::Pipe",
        "Properties": {"Source": {"Fn::GetAtt": "Orders.StreamArn"}, "Target": "t", "RoleArn": "r"},
    }


@case(REFUSED, before=_pipe, tricky=True)
def the_view_of_a_stream_with_a_pipe(made: Made) -> None:
    made.props["StreamSpecification"] = {"StreamViewType": "OLD_IMAGE"}


def _sam(made: Made) -> None:
    made.template["Transform"] = "AWS::Serverless-2016-10-31"
    made.resources["Worker"] = {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "Handler": "a.b",
            "Events": {
                "Changes": {
                    "Type": "DynamoDB",
                    "Properties": {
                        "Stream": {"Fn::GetAtt": ["Orders", "StreamArn"]},
                        "StartingPosition": "LATEST",
                    },
                }
            },
        },
    }


def _events(made: Made) -> Any:
    return made.resources["Worker"]["Properties"]["Events"]


@case(REFUSED, before=_sam, tricky=True)
def an_event_of_sam_less(made: Made) -> None:
    del _events(made)["Changes"]


@case(REFUSED, before=_sam, tricky=True)
def an_event_of_sam_under_another_name(made: Made) -> None:
    _events(made)["Records"] = _events(made).pop("Changes")


@case(WAVES, before=_sam, tricky=True)
def another_starting_position_of_an_event_of_sam(made: Made) -> None:
    _events(made)["Changes"]["Properties"]["StartingPosition"] = "TRIM_HORIZON"


@case(HARMLESS, before=_sam, tricky=True)
def an_event_of_sam_as_sam_transforms_it(made: Made) -> None:
    del made.resources["Worker"]["Properties"]["Events"]
    made.add_mapping("WorkerChanges", "Worker")


@case(REFUSED, before=_sam, tricky=True)
def the_view_of_a_stream_with_an_event_of_sam(made: Made) -> None:
    made.props["StreamSpecification"] = {"StreamViewType": "KEYS_ONLY"}


def _exported(made: Made) -> None:
    made.template["Outputs"]["Stream"] = {
        "Value": {"Fn::GetAtt": ["Orders", "StreamArn"]},
        "Export": {"Name": "orders-stream"},
    }


@case(REFUSED, before=_exported, tricky=True)
def the_view_of_a_stream_that_is_exported(made: Made) -> None:
    made.props["StreamSpecification"] = {"StreamViewType": "NEW_IMAGE"}


def _reading_grant(made: Made) -> None:
    made.add_function()
    made.add_policy({"Fn::GetAtt": ["Orders", "StreamArn"]})


@case(REFUSED, before=_reading_grant, tricky=True)
def the_view_of_a_stream_that_a_role_may_read(made: Made) -> None:
    made.props["StreamSpecification"] = {"StreamViewType": "NEW_IMAGE"}


@case(REFUSED, before=_exported)
def an_export_less(made: Made) -> None:
    made.template["Outputs"] = {}


@case(HARMLESS, before=lambda made: made.template["Outputs"].update({"Name": {"Value": "x"}}))
def an_output_less(made: Made) -> None:
    made.template["Outputs"] = {}


def _kinesis(made: Made) -> None:
    made.resources["Changes"] = {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}}
    made.place["KinesisStreamSpecification"] = {"StreamArn": {"Fn::GetAtt": ["Changes", "Arn"]}}


@case(HARMLESS)
def a_destination_in_kinesis(made: Made) -> None:
    _kinesis(made)


@case(REFUSED, before=_kinesis)
def no_destination_in_kinesis(made: Made) -> None:
    del made.place["KinesisStreamSpecification"]


@case(HARMLESS, before=_kinesis, tricky=True)
def the_same_destination_in_other_words(made: Made) -> None:
    made.place["KinesisStreamSpecification"] = {"StreamArn": {"Fn::Sub": "${Changes.Arn}"}}


# ------------------------------------------------------------------------------ expiry


@case(HARMLESS, before=lambda made: made.props.pop("TimeToLiveSpecification"))
def expiry(made: Made) -> None:
    made.props["TimeToLiveSpecification"] = {"AttributeName": "ttl", "Enabled": True}


@case(WAVES)
def another_attribute_of_expiry(made: Made) -> None:
    made.props["TimeToLiveSpecification"]["AttributeName"] = "ttl"


@case(HARMLESS)
def no_expiry(made: Made) -> None:
    made.props["TimeToLiveSpecification"]["Enabled"] = False


@case(HARMLESS, tricky=True)
def no_expiry_by_leaving_it_out(made: Made) -> None:
    del made.props["TimeToLiveSpecification"]


def _numbered(made: Made) -> None:
    made.props["AttributeDefinitions"][1]["AttributeType"] = "N"
    del made.props["TimeToLiveSpecification"]


def _indexed_by_time(made: Made) -> None:
    made.define("created", "N")
    made.indexes.append(index("by-created", "status", "created"))
    del made.props["TimeToLiveSpecification"]


@case(REFUSED, before=_indexed_by_time, tricky=True)
def expiry_by_a_key_of_an_index(made: Made) -> None:
    made.props["TimeToLiveSpecification"] = {"AttributeName": "created", "Enabled": True}


@case(REFUSED, before=_numbered, tricky=True)
def expiry_by_a_key_of_every_item(made: Made) -> None:
    made.props["TimeToLiveSpecification"] = {"AttributeName": "sk", "Enabled": True}


# -------------------------------------------------------------------------- protection


@case(REFUSED)
def no_recovery(made: Made) -> None:
    made.place["PointInTimeRecoverySpecification"] = {"PointInTimeRecoveryEnabled": False}


@case(REFUSED, tricky=True)
def no_recovery_by_leaving_it_out(made: Made) -> None:
    del made.place["PointInTimeRecoverySpecification"]


@case(REFUSED, tricky=True)
def a_shorter_recovery(made: Made) -> None:
    made.place["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] = 7


def _short(made: Made) -> None:
    made.place["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] = 7


@case(HARMLESS, before=_short)
def a_longer_recovery(made: Made) -> None:
    del made.place["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"]


@case(REFUSED)
def no_deletion_protection(made: Made) -> None:
    made.place["DeletionProtectionEnabled"] = False


@case(REFUSED, tricky=True)
def no_deletion_protection_by_leaving_it_out(made: Made) -> None:
    del made.place["DeletionProtectionEnabled"]


@case(REFUSED, tricky=True)
def no_deletion_protection_by_a_condition(made: Made) -> None:
    made.template["Parameters"]["Stage"] = {"Type": "String", "Default": "dev"}
    made.template["Conditions"]["IsProd"] = {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}
    made.place["DeletionProtectionEnabled"] = {"Fn::If": ["IsProd", True, False]}


def _protected_by_a_parameter(made: Made) -> None:
    made.template["Parameters"]["Protect"] = {"Type": "String"}
    made.place["DeletionProtectionEnabled"] = {"Ref": "Protect"}


@case(REFUSED, before=_protected_by_a_parameter, tricky=True)
def no_deletion_protection_where_nobody_knew(made: Made) -> None:
    made.place["DeletionProtectionEnabled"] = False


@case(HARMLESS, before=_protected_by_a_parameter, tricky=True)
def deletion_protection_where_nobody_knew(made: Made) -> None:
    made.place["DeletionProtectionEnabled"] = True


def _recovery_by_a_parameter(made: Made) -> None:
    made.template["Parameters"]["Days"] = {"Type": "Number"}
    made.place["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] = {"Ref": "Days"}


@case(HARMLESS, before=_recovery_by_a_parameter, tricky=True)
def a_recovery_that_nobody_knows(made: Made) -> None:
    made.place["DeletionProtectionEnabled"] = "true"


@case(REFUSED, before=_recovery_by_a_parameter, tricky=True)
def a_recovery_that_may_be_shorter(made: Made) -> None:
    made.place["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] = 7


def _backed_up(made: Made) -> None:
    made.resources["Selection"] = {
        "Type": "AWS::Backup::BackupSelection",
        "Properties": {
            "BackupPlanId": "plan",
            "BackupSelection": {
                "IamRoleArn": "role",
                "SelectionName": "orders",
                "Resources": [{"Fn::GetAtt": ["Orders", "Arn"]}],
            },
        },
    }


@case(HARMLESS)
def backups(made: Made) -> None:
    _backed_up(made)


@case(REFUSED, before=_backed_up, tricky=True)
def no_backups(made: Made) -> None:
    del made.resources["Selection"]


def _selection(**given: Any) -> Edit:
    """Select tables with a tag, by what is given, into a plan that keeps backups for 90 days."""

    def run(made: Made) -> None:
        _backed_up(made)
        properties = made.resources["Selection"]["Properties"]
        properties["BackupPlanId"] = {"Ref": "Plan"}
        del properties["BackupSelection"]["Resources"]
        properties["BackupSelection"] |= {"SelectionName": "daily", **given}
        made.place["Tags"] = [{"Key": "backup", "Value": "yes"}]
        rule = {"RuleName": "daily", "Lifecycle": {"DeleteAfterDays": 90}}
        made.resources["Plan"] = {
            "Type": "AWS::Backup::BackupPlan",
            "Properties": {"BackupPlan": {"BackupPlanName": "p", "BackupPlanRule": [rule]}},
        }

    return run


def _condition(key: str) -> list[Template]:
    return [{"ConditionKey": key, "ConditionValue": "yes", "ConditionType": "STRINGEQUALS"}]


_BY_TAG = _selection(ListOfTags=_condition("backup"))
_BY_CONDITION = _selection(
    Resources=["*"], Conditions={"StringEquals": _condition("aws:ResourceTag/backup")}
)
_BY_PATTERN = _selection(Resources=["arn:aws:dynamodb:*:*:table/ord*"])
_EXCLUDED = _selection(Resources=["*"], NotResources=["arn:aws:dynamodb:*:*:table/*"])


def _no_selection(made: Made) -> None:
    del made.resources["Selection"]


@case(REFUSED, before=_BY_TAG, tricky=True)
def no_backups_by_a_tag(made: Made) -> None:
    _no_selection(made)


@case(REFUSED, before=_BY_TAG, tricky=True)
def the_tag_of_backups_less(made: Made) -> None:
    del made.place["Tags"]


@case(REFUSED, before=_BY_CONDITION, tricky=True)
def the_tag_of_backups_by_a_condition_changes(made: Made) -> None:
    made.place["Tags"][0]["Value"] = "no"


@case(REFUSED, before=_BY_PATTERN, tricky=True)
def no_backups_by_a_pattern(made: Made) -> None:
    _no_selection(made)


@case(HARMLESS, before=_BY_TAG, tricky=True)
def backups_by_a_pattern_and_not_by_a_tag(made: Made) -> None:
    _BY_PATTERN(made)
    del made.place["Tags"]


@case(HARMLESS, before=_EXCLUDED, tricky=True)
def no_backups_of_other_resources(made: Made) -> None:
    _no_selection(made)


def _kept_for(made: Made) -> Any:
    return made.resources["Plan"]["Properties"]["BackupPlan"]["BackupPlanRule"][0]["Lifecycle"]


@case(REFUSED, before=_BY_TAG, tricky=True)
def backups_that_are_kept_for_less_time(made: Made) -> None:
    _kept_for(made)["DeleteAfterDays"] = 7


@case(HARMLESS, before=_BY_TAG, tricky=True)
def backups_that_are_kept_for_ever(made: Made) -> None:
    del _kept_for(made)["DeleteAfterDays"]


@case(HARMLESS, before=lambda made: made.place.pop("DeletionProtectionEnabled"))
def deletion_protection(made: Made) -> None:
    made.place["DeletionProtectionEnabled"] = True


@case(REFUSED)
def no_policy_of_deletion(made: Made) -> None:
    made.table["DeletionPolicy"] = "Delete"


@case(REFUSED, tricky=True)
def no_policy_of_replacement(made: Made) -> None:
    del made.table["UpdateReplacePolicy"]


@case(HARMLESS, tricky=True)
def retained_except_on_creation(made: Made) -> None:
    made.table["DeletionPolicy"] = "RetainExceptOnCreate"


# -------------------------------------------------------------------------- encryption


@case(REFUSED)
def no_encryption_of_the_account(made: Made) -> None:
    del made.props["SSESpecification"]


@case(HARMLESS)
def a_key_of_ones_own(made: Made) -> None:
    made.key("alias/orders")


@case(REFUSED, before=lambda made: made.key("alias/orders"))
def no_key_of_ones_own(made: Made) -> None:
    made.props["SSESpecification"].pop("KMSMasterKeyId", None)
    if made.is_global:
        made.place.pop("SSESpecification")


@case(HARMLESS, before=lambda made: made.key("alias/orders"))
def another_key_of_ones_own(made: Made) -> None:
    made.key("alias/orders-2")


def _key(made: Made) -> None:
    made.resources["Key"] = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {}}}
    made.key({"Fn::GetAtt": ["Key", "Arn"]})


@case(REFUSED, before=_key, tricky=True)
def the_old_key_is_deleted(made: Made) -> None:
    made.resources["Key2"] = made.resources.pop("Key")
    made.key({"Fn::GetAtt": ["Key2", "Arn"]})


def _key_by_an_alias(name: Any) -> Edit:
    def run(made: Made) -> None:
        _key(made)
        made.resources["Alias"] = {
            "Type": "AWS::KMS::Alias",
            "Properties": {"AliasName": "alias/mine", "TargetKeyId": {"Ref": "Key"}},
        }
        made.key(name)

    return run


def _without_the_key(made: Made) -> None:
    del made.resources["Key"], made.resources["Alias"]
    made.key("alias/other")


@case(REFUSED, before=_key_by_an_alias({"Ref": "Alias"}), tricky=True)
def the_old_key_with_an_alias_is_deleted(made: Made) -> None:
    _without_the_key(made)


@case(REFUSED, before=_key_by_an_alias("alias/mine"), tricky=True)
def the_old_key_with_an_alias_by_its_name_is_deleted(made: Made) -> None:
    _without_the_key(made)


@case(REFUSED, before=_key_by_an_alias({"Ref": "Alias"}), tricky=True)
def the_alias_names_another_key_and_the_old_one_is_deleted(made: Made) -> None:
    made.resources["Key2"] = made.resources.pop("Key")
    made.resources["Alias"]["Properties"]["TargetKeyId"] = {"Ref": "Key2"}


_ACCOUNT = {
    "Effect": "Allow",
    "Principal": {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}},
    "Action": "kms:*",
    "Resource": "*",
}


def _key_of_the_account(made: Made, *more: Any) -> None:
    policy = {"Version": "2012-10-17", "Statement": [_ACCOUNT, *more]}
    made.resources["Key"] = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy}}
    made.key({"Fn::GetAtt": ["Key", "Arn"]})


@case(REFUSED, before=_together(_granted), tricky=True)
def a_key_that_a_reader_may_not_use(made: Made) -> None:
    _key_of_the_account(made)


@case(HARMLESS, before=_together(_granted), tricky=True)
def a_key_that_a_reader_may_use(made: Made) -> None:
    _key_of_the_account(made)
    made.resources["ReaderPolicy"]["Properties"]["PolicyDocument"]["Statement"].append(
        {
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:DescribeKey"],
            "Resource": {"Fn::GetAtt": ["Key", "Arn"]},
        }
    )


@case(HARMLESS, before=_together(_granted), tricky=True)
def a_key_that_everybody_uses_through_dynamodb(made: Made) -> None:
    through = {"StringLike": {"kms:ViaService": "dynamodb.*.amazonaws.com"}}
    _key_of_the_account(made, {**_ACCOUNT, "Principal": {"AWS": "*"}, "Condition": through})


def _kept_key(made: Made) -> None:
    _key(made)
    made.resources["Key"]["DeletionPolicy"] = "Retain"


@case(REFUSED, before=_kept_key, tricky=True)
def the_key_is_no_longer_kept(made: Made) -> None:
    made.resources["Key"]["DeletionPolicy"] = "Delete"


@case(HARMLESS, before=_kept_key, tricky=True)
def the_key_is_kept_except_on_creation(made: Made) -> None:
    made.resources["Key"]["DeletionPolicy"] = "RetainExceptOnCreate"


@case(REFUSED, before=_key, tricky=True)
def the_key_is_disabled(made: Made) -> None:
    made.resources["Key"]["Properties"]["Enabled"] = False


# ---------------------------------------------------------------------------- capacity


@case(HARMLESS)
def provisioned_capacity(made: Made) -> None:
    made.provision()


@case(HARMLESS, before=lambda made: made.provision())
def billing_by_request(made: Made) -> None:
    for owner in (made.props, *made.indexes):
        owner.pop("ProvisionedThroughput", None)
        owner.pop("WriteProvisionedThroughputSettings", None)
    made.props["BillingMode"] = "PAY_PER_REQUEST"


@case(REFUSED, before=lambda made: made.provision(), tricky=True)
def billing_by_request_with_capacity_left(made: Made) -> None:
    made.props["BillingMode"] = "PAY_PER_REQUEST"


@case(REFUSED, tricky=True)
def provisioned_capacity_of_the_table_alone(made: Made) -> None:
    made.provision()
    for each in made.indexes:
        each.pop("ProvisionedThroughput", None)
        each.pop("WriteProvisionedThroughputSettings", None)


@case(HARMLESS, before=lambda made: made.provision())
def more_capacity(made: Made) -> None:
    made.provision(10)


@case(HARMLESS, before=lambda made: made.provision(), kinds=(TABLE,), tricky=True)
def billing_that_is_the_default_left_out(made: Made) -> None:
    del made.props["BillingMode"]


@case(WAVES, before=lambda made: made.provision(), kinds=(TABLE,), tricky=True)
def capacity_together_with_an_index(made: Made) -> None:
    made.add_index("by-customer", "customer")
    made.provision(10)


@case(HARMLESS, before=lambda made: made.provision(), kinds=(TABLE,), tricky=True)
def capacity_of_an_index_together_with_another_index(made: Made) -> None:
    made.add_index("by-customer", "customer")
    made.provision()
    made.indexes[0]["ProvisionedThroughput"]["ReadCapacityUnits"] = 7


@case(WAVES, tricky=True)
def no_stream_together_with_an_index(made: Made) -> None:
    _no_stream(made)
    made.add_index("by-customer", "customer")


@case(HARMLESS)
def warm_throughput(made: Made) -> None:
    made.props["WarmThroughput"] = {"ReadUnitsPerSecond": 20000}


@case(
    REFUSED,
    before=lambda made: made.props.update({"WarmThroughput": {"ReadUnitsPerSecond": 20000}}),
    tricky=True,
)
def less_warm_throughput(made: Made) -> None:
    made.props["WarmThroughput"] = {"ReadUnitsPerSecond": 15000}


@case(HARMLESS, kinds=(TABLE,))
def a_maximum_on_demand(made: Made) -> None:
    made.props["OnDemandThroughput"] = {"MaxReadRequestUnits": 100}


@case(HARMLESS, kinds=(TABLE,), tricky=True)
def no_maximum_on_demand(made: Made) -> None:
    made.props["OnDemandThroughput"] = {"MaxReadRequestUnits": -1}


@case(REFUSED, kinds=(TABLE,), tricky=True)
def a_maximum_on_demand_of_nothing(made: Made) -> None:
    made.props["OnDemandThroughput"] = {"MaxReadRequestUnits": 0}


@case(HARMLESS)
def the_class_of_the_table(made: Made) -> None:
    made.place["TableClass"] = "STANDARD_INFREQUENT_ACCESS"


@case(HARMLESS)
def contributor_insights(made: Made) -> None:
    made.place["ContributorInsightsSpecification"] = {"Enabled": True}


# ---------------------------------------------------------------------------- replicas


def _replicated(made: Made) -> None:
    made.props["Replicas"].append({"Region": "eu-west-1", "DeletionProtectionEnabled": True})


@case(HARMLESS, kinds=(GLOBAL,))
def a_replica_more(made: Made) -> None:
    _replicated(made)


@case(WAVES, kinds=(GLOBAL,))
def two_replicas_more(made: Made) -> None:
    _replicated(made)
    made.props["Replicas"].append({"Region": "ap-south-1"})


@case(WAVES, kinds=(GLOBAL,), tricky=True)
def a_replica_and_an_index_more(made: Made) -> None:
    _replicated(made)
    made.add_index("by-customer", "customer")


@case(REFUSED, before=_replicated, kinds=(GLOBAL,))
def a_replica_less(made: Made) -> None:
    del made.props["Replicas"][1]


@case(REFUSED, before=_replicated, kinds=(GLOBAL,), tricky=True)
def a_replica_in_another_region(made: Made) -> None:
    made.props["Replicas"][1]["Region"] = "eu-west-2"


@case(HARMLESS, before=_replicated, kinds=(GLOBAL,), tricky=True)
def replicas_in_another_order(made: Made) -> None:
    made.props["Replicas"].reverse()


@case(REFUSED, before=_replicated, kinds=(GLOBAL,), tricky=True)
def no_protection_in_one_region(made: Made) -> None:
    made.props["Replicas"][1]["DeletionProtectionEnabled"] = False


@case(REFUSED, before=_replicated, kinds=(GLOBAL,), tricky=True)
def no_stream_with_replicas(made: Made) -> None:
    _no_stream(made)


@case(REFUSED, before=_no_stream, kinds=(GLOBAL,), tricky=True)
def a_replica_more_without_a_stream(made: Made) -> None:
    _replicated(made)


@case(REFUSED, before=_replicated, kinds=(GLOBAL,), tricky=True)
def strong_consistency(made: Made) -> None:
    made.props["MultiRegionConsistency"] = "STRONG"


def _replica_of_the_cdk(made: Made) -> None:
    made.resources["Replica"] = {
        "Type": "Custom::DynamoDBReplica",
        "Properties": {"TableName": {"Ref": "Orders"}, "Region": "eu-west-1"},
    }


@case(HARMLESS, kinds=(TABLE,))
def a_replica_of_the_cdk(made: Made) -> None:
    _replica_of_the_cdk(made)


@case(REFUSED, before=_replica_of_the_cdk, kinds=(TABLE,), tricky=True)
def no_replica_of_the_cdk(made: Made) -> None:
    del made.resources["Replica"]


@case(HARMLESS, kinds=(GLOBAL,), tricky=True)
def the_region_in_letters(made: Made) -> None:
    made.props["Replicas"][0]["Region"] = "us-east-1"


# ------------------------------------------------------------------------------ grants


def _allowed(*actions: str) -> Edit:
    def run(made: Made) -> None:
        if "Reader" not in made.resources:
            made.add_function()
        made.add_policy({"Fn::GetAtt": ["Orders", "Arn"]}, index_arn("*"))
        document = made.resources["ReaderPolicy"]["Properties"]["PolicyDocument"]
        document["Statement"][0]["Action"] = [f"dynamodb:{action}" for action in actions]

    return run


_READ_AND_WRITE = _allowed("GetItem", "PutItem")


@case(REFUSED, before=_READ_AND_WRITE, tricky=True)
def a_grant_to_write_less(made: Made) -> None:
    _allowed("GetItem")(made)


@case(REFUSED, before=_READ_AND_WRITE, tricky=True)
def a_grant_less(made: Made) -> None:
    del made.resources["ReaderPolicy"]


@case(REFUSED, before=_allowed("*"), tricky=True)
def a_grant_of_all_becomes_one_to_read(made: Made) -> None:
    _allowed("GetItem", "Query")(made)


@case(HARMLESS, before=_allowed("*"), tricky=True)
def a_grant_of_all_becomes_one_of_what_is_needed(made: Made) -> None:
    _allowed("GetItem", "Query", "PutItem")(made)


@case(HARMLESS, before=_READ_AND_WRITE, tricky=True)
def a_grant_to_write_less_with_new_code(made: Made) -> None:
    made.add_function(code="v2")
    _allowed("GetItem")(made)


@case(HARMLESS, before=_READ_AND_WRITE, tricky=True)
def a_role_under_another_logical_id(made: Made) -> None:
    made.resources["Role2"] = made.resources.pop("ReaderRole")
    made.resources["Reader"]["Properties"]["Role"] = {"Fn::GetAtt": ["Role2", "Arn"]}
    made.resources["ReaderPolicy"]["Properties"]["Roles"] = [{"Ref": "Role2"}]


@case(HARMLESS, before=_READ_AND_WRITE, tricky=True)
def a_function_with_the_same_rights_under_another_logical_id(made: Made) -> None:
    made.resources["Writer"] = made.resources.pop("Reader")


@case(HARMLESS, before=_READ_AND_WRITE, tricky=True)
def a_grant_within_the_role(made: Made) -> None:
    policy = made.resources.pop("ReaderPolicy")["Properties"]
    del policy["Roles"]
    made.resources["ReaderRole"]["Properties"]["Policies"] = [policy]


@case(HARMLESS, before=_READ_AND_WRITE, tricky=True)
def a_grant_by_a_policy_of_aws(made: Made) -> None:
    del made.resources["ReaderPolicy"]
    managed = "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"
    made.resources["ReaderRole"]["Properties"]["ManagedPolicyArns"] = [managed]


def _sam_writer(*policies: str) -> Edit:
    def run(made: Made) -> None:
        _sam(made)
        made.resources["Worker"]["Properties"]["Policies"] = [
            {name: {"TableName": {"Ref": "Orders"}}} for name in policies
        ]

    return run


@case(REFUSED, before=_sam_writer("DynamoDBCrudPolicy"), tricky=True)
def a_policy_of_sam_to_write_less(made: Made) -> None:
    _sam_writer("DynamoDBReadPolicy")(made)


@case(HARMLESS, before=_sam_writer("DynamoDBCrudPolicy"), tricky=True)
def two_policies_of_sam_for_one(made: Made) -> None:
    _sam_writer("DynamoDBReadPolicy", "DynamoDBWritePolicy")(made)


# ---------------------------------------------------------------------------- policies

_LET_IN = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::222222222222:role/reader"},
    "Action": ["dynamodb:GetItem", "dynamodb:Query"],
    "Resource": "*",
}
_KEEP = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "dynamodb:DeleteTable",
    "Resource": "*",
}


def _policy(*statements: Any) -> Edit:
    def run(made: Made) -> None:
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        made.place["ResourcePolicy"] = {"PolicyDocument": document}

    return run


@case(HARMLESS)
def a_resource_policy(made: Made) -> None:
    _policy(_LET_IN, _KEEP)(made)


@case(REFUSED, before=_policy(_LET_IN, _KEEP))
def no_resource_policy(made: Made) -> None:
    del made.place["ResourcePolicy"]


@case(REFUSED, before=_policy(_LET_IN, _KEEP), tricky=True)
def a_denial_less(made: Made) -> None:
    _policy(_LET_IN)(made)


@case(HARMLESS, before=_policy(_LET_IN, _KEEP), tricky=True)
def a_resource_policy_in_another_order(made: Made) -> None:
    let_in = {**_LET_IN, "Sid": "Readers", "Action": ["dynamodb:Query", "dynamodb:GetItem"]}
    _policy({**_KEEP, "Action": ["dynamodb:DeleteTable"]}, let_in)(made)


@case(HARMLESS, before=_policy(_LET_IN), tricky=True)
def an_action_more(made: Made) -> None:
    actions = ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchGetItem"]
    _policy({**_LET_IN, "Action": actions})(made)


@case(REFUSED, tricky=True)
def a_denial_of_reading(made: Made) -> None:
    _policy({**_KEEP, "Action": "dynamodb:*"})(made)


# --------------------------------------------------------------- grants on indexes, and denials


def _queries(*resources: Any) -> Edit:
    def run(made: Made) -> None:
        if "Reader" not in made.resources:
            made.add_function()
        made.add_policy(*resources)

    return run


_TABLE_ARN = {"Fn::GetAtt": ["Orders", "Arn"]}
_TABLE_AND_INDEX = _queries(_TABLE_ARN, index_arn("by-status"))
_TABLE_AND_INDEXES = _queries(_TABLE_ARN, index_arn("*"))


@case(REFUSED, before=_TABLE_AND_INDEX, tricky=True)
def a_grant_on_an_index_less(made: Made) -> None:
    _queries(_TABLE_ARN)(made)


@case(REFUSED, before=_TABLE_AND_INDEXES, tricky=True)
def a_grant_on_all_indexes_less(made: Made) -> None:
    _queries(_TABLE_ARN)(made)


@case(HARMLESS, before=_TABLE_AND_INDEXES, tricky=True)
def a_grant_on_all_indexes_becomes_one_on_an_index(made: Made) -> None:
    _TABLE_AND_INDEX(made)


@case(HARMLESS, before=_TABLE_AND_INDEX, tricky=True)
def a_grant_on_an_index_less_with_new_code(made: Made) -> None:
    made.add_function(code="v2")
    _queries(_TABLE_ARN)(made)


def _two_indexes(made: Made) -> None:
    made.add_index("by-day", "day")
    _TABLE_AND_INDEXES(made)


@case(HARMLESS, before=_two_indexes, tricky=True)
def a_grant_on_all_indexes_becomes_one_on_that_which_is_used(made: Made) -> None:
    _queries(_TABLE_ARN, index_arn("by-day"))(made)


def _two_indexes_of_which_one_is_named(made: Made) -> None:
    _two_indexes(made)
    made.resources["Reader"]["Properties"]["Environment"]["Variables"]["INDEX"] = "by-status"


@case(REFUSED, before=_two_indexes_of_which_one_is_named, tricky=True)
def a_grant_on_all_indexes_becomes_one_on_another_than_is_used(made: Made) -> None:
    _queries(_TABLE_ARN, index_arn("by-day"))(made)


def _deny(action: str, resource: Any = "*", **more: Any) -> Edit:
    def run(made: Made) -> None:
        document = made.resources["ReaderPolicy"]["Properties"]["PolicyDocument"]
        denied = {"Effect": "Deny", "Action": action, "Resource": resource, **more}
        document["Statement"].append(denied)

    return run


case(REFUSED, before=_READ_AND_WRITE, tricky=True)(
    _named("writing_is_denied", _deny("dynamodb:PutItem"))
)
case(REFUSED, before=_TABLE_AND_INDEX, tricky=True)(
    _named("queries_of_an_index_are_denied", _deny("dynamodb:Query", index_arn("by-status")))
)
case(REFUSED, before=_READ_AND_WRITE)(_named("everything_is_denied", _deny("*")))
case(HARMLESS, before=_READ_AND_WRITE, tricky=True)(
    _named("deleting_the_table_is_denied", _deny("dynamodb:DeleteTable"))
)
case(HARMLESS, before=_READ_AND_WRITE, tricky=True)(
    _named(
        "writing_another_table_is_denied",
        _deny("dynamodb:*", "arn:aws:dynamodb:us-east-1:123456789012:table/orders-archive"),
    )
)
case(HARMLESS, before=_READ_AND_WRITE, tricky=True)(
    _named(
        "requests_without_tls_are_denied",
        _deny("dynamodb:*", Condition={"Bool": {"aws:SecureTransport": "false"}}),
    )
)


# -------------------------------------------------------------------------------- pipes


def _pipe_to_a_queue(made: Made) -> None:
    _pipe(made)
    made.resources["Target"] = {"Type": "AWS::SQS::Queue", "Properties": {}}
    made.resources["Pipe"]["Properties"]["Target"] = {"Fn::GetAtt": ["Target", "Arn"]}


@case(REFUSED, before=_pipe_to_a_queue, tricky=True)
def a_pipe_less_of_a_stream_that_stays(made: Made) -> None:
    del made.resources["Pipe"]


@case(REFUSED, before=_pipe_to_a_queue, tricky=True)
def a_pipe_that_is_stopped(made: Made) -> None:
    made.resources["Pipe"]["Properties"]["DesiredState"] = "STOPPED"


@case(HARMLESS, before=_pipe_to_a_queue, tricky=True)
def a_pipe_less_with_its_target(made: Made) -> None:
    del made.resources["Pipe"], made.resources["Target"]


@case(HARMLESS, before=_pipe_to_a_queue, tricky=True)
def a_function_takes_over_from_a_pipe(made: Made) -> None:
    del made.resources["Pipe"]
    made.add_mapping(StartingPosition="TRIM_HORIZON")
