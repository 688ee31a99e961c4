"""Test what `cdk deploy --all` makes: stacks, tables, functions, their triggers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from keyline.model import System, Table
from keyline.model.deployment import operations_on, steady_operations_on
from keyline_cdk.saved_queries import QUERIES
from keyline_deploy.environment import load
from keyline_deploy.names import function_name, pascal, stack_id
from keyline_deploy.systems import systems
from tests.support.deploy.deployment import ENVIRONMENT, Deployment
from tests.support.tables import attribute_types, create_table_params

pytestmark = pytest.mark.deploy

TABLES = [table for system in systems() for table in system.tables]
FUNCTIONS = [
    (function_name(system.name, function.name, ENVIRONMENT), function)
    for system in systems()
    for function in system.functions
]


@pytest.mark.requirement("X-01")
def test_all_stacks_are_deployed_without_credentials_of_aws(deployment: Deployment) -> None:
    expected = [f"{s.name}-{part}-{ENVIRONMENT}" for s in systems() for part in ("data", "service")]

    assert sorted(deployment.assembly.stacks) == sorted([f"account-{ENVIRONMENT}", *expected])
    states = {deployment.stack(name)["StackStatus"] for name in deployment.assembly.stacks}
    assert states == {"CREATE_COMPLETE"}


def computed_alarms(system: System, table: Table) -> Iterator[str]:
    """Name the alarms of a table that fill or add up metrics."""
    for index in ("", *(pascal(index.name) for index in table.indexes)):
        for kind in ("Read", "Write"):
            yield from (f"{index}{kind}Throttles", f"{index}{kind}Units")
    steady = steady_operations_on(system, table)
    if steady:
        yield "SystemErrors"
    for operation in ("GetItem", "PutItem", "Query", "UpdateItem"):
        if operation in steady:
            yield f"{operation}Latency"
    if any(operation.startswith("Transact") for operation in operations_on(system, table)):
        yield "TransactionConflicts"


def own_alarms(service: str, system: System, refused: Iterable[str]) -> list[str]:
    """Name the alarms that a system's own stack adds for throttles of its tables."""
    tables = "|".join(pascal(table.name) for table in system.tables)
    own = re.compile(rf"{service}/({tables})Throttled\d*/Resource")
    return [path for path in refused if own.fullmatch(path)]


def test_what_the_emulator_refuses_is_the_budget_computed_alarms_and_queries(
    deployment: Deployment,
) -> None:
    """The rest of the templates is deployed as it is, but for wheels and token issuer."""
    print("not deployed:", *deployment.assembly.refused, sep="\n  ")

    account = stack_id(f"account-{ENVIRONMENT}")
    refused = [f"{account}/Budget/Budget", f"{account}/UserErrors/Resource"]
    for system in systems():
        data = stack_id(f"{system.name}-data-{ENVIRONMENT}")
        service = stack_id(f"{system.name}-service-{ENVIRONMENT}")
        refused += [f"{service}/{name.capitalize()}Query" for name in QUERIES]
        refused.append(f"{service}/Http/RefusedRequests/Resource")
        refused += [f"{part}/Trouble/Alarm/Resource" for part in (data, service)]
        refused += own_alarms(service, system, deployment.assembly.refused)
        refused += [
            f"{service}/{pascal(function.name)}Schedule/Silent/Resource"
            for function in system.functions
            if function.schedule
        ]
        refused += [
            f"{data}/{pascal(table.name)}Alarms/{alarm}/Resource"
            for table in system.tables
            for alarm in computed_alarms(system, table)
        ]
    assert sorted(deployment.assembly.refused) == sorted(refused)
    assert set(deployment.assembly.issuers) == {load(ENVIRONMENT).auth.issuer}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: str(table.name))
def test_a_table_is_what_is_declared(deployment: Deployment, table: Table) -> None:
    declared = create_table_params(table, ENVIRONMENT)

    found = deployment.table(declared["TableName"])

    assert found["BillingModeSummary"]["BillingMode"] == declared["BillingMode"]
    assert found["KeySchema"] == declared["KeySchema"]
    assert attribute_types(found) == attribute_types(declared)
    assert indexes(found) == indexes(declared)
    stream = found.get("StreamSpecification", {})
    assert stream.get("StreamViewType") == (table.stream.value if table.stream else None)


def test_functions_run_the_code_of_their_system(deployment: Deployment) -> None:
    client = deployment.client("lambda")
    for name, declared in FUNCTIONS:
        found = client.get_function_configuration(FunctionName=name)

        assert found["State"] == "Active"
        assert found["Handler"] == declared.handler
        assert found["Timeout"] == declared.timeout
        assert found["Architectures"] == ["arm64"]
        assert "{{resolve:" not in str(found["Environment"])


@pytest.mark.requirement("X-05")
def test_stream_consumers_are_bounded_and_lose_nothing(deployment: Deployment) -> None:
    client = deployment.client("lambda")
    consumers = [(name, f, f.source) for name, f in FUNCTIONS if f.source]
    assert len(client.list_event_source_mappings()["EventSourceMappings"]) == len(consumers)
    for name, _, source in consumers:
        (found,) = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]

        table = deployment.table(source.table.physical_name(ENVIRONMENT))
        assert found["EventSourceArn"] == table["LatestStreamArn"]
        assert found["State"] == "Enabled"
        assert found["BisectBatchOnFunctionError"]
        assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert found["MaximumRetryAttempts"] == source.max_attempts
        assert found["MaximumRecordAgeInSeconds"] == source.max_age_hours * 3600
        queue = found["DestinationConfig"]["OnFailure"]["Destination"].rpartition(":")[2]
        assert deployment.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]


def test_schedules_lead_to_functions_that_run(deployment: Deployment) -> None:
    events, functions = deployment.client("events"), deployment.client("lambda")
    scheduled = [(name, f) for name, f in FUNCTIONS if f.schedule]
    assert len(events.list_rules()["Rules"]) == len(scheduled)
    for name, function in scheduled:
        arn = functions.get_function_configuration(FunctionName=name)["FunctionArn"]
        (rule,) = events.list_rule_names_by_target(TargetArn=arn)["RuleNames"]
        assert events.describe_rule(Name=rule)["ScheduleExpression"] == function.schedule

        answer = functions.invoke(FunctionName=name, Payload=b"{}")

        assert "FunctionError" not in answer, answer["Payload"].read()


def indexes(table: dict[str, Any]) -> dict[str, Any]:
    return {
        index["IndexName"]: (
            index["KeySchema"],
            index["Projection"]["ProjectionType"],
            sorted(index["Projection"].get("NonKeyAttributes", ())),
        )
        for index in table.get("GlobalSecondaryIndexes", ())
    }
