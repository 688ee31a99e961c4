"""Every alarm of every template: that it can fire, that it tells somebody, and which there are."""

from __future__ import annotations

import copy

import aws_cdk as cdk
import pytest
from msgspec.structs import replace

from keyline.model import System, deployment
from keyline_deploy.alarm_rules import RUNBOOK, Watchable, joined_alarms
from keyline_deploy.alarms import MetricAlarm
from keyline_deploy.alarms.templates import alarms_of
from keyline_deploy.data_points import DataPoints, judged
from keyline_deploy.environment import load
from keyline_deploy.metric_catalogue import MAX_METRICS, MetricCatalogue
from keyline_deploy.metric_sources import MetricSources
from keyline_deploy.project import ROOT
from keyline_deploy.rates import runs_of
from keyline_deploy.systems import systems
from keyline_deploy.template_rules import check_sources, check_template, check_watched
from keyline_ops.alarms.proof import Prover, is_proven
from stacks.account_stack import AccountStack
from tests.support.alarms import ALARM, alarms, composites, dimensions, metrics, named
from tests.support.markdown import anchors
from tests.support.sample.shop import LARGE
from tests.support.templates import ENVIRONMENTS, Template, Templates, resources, synthesize


def tables_and_indexes(system: System, environment: str) -> set[tuple[str, str | None]]:
    return {
        (table.physical_name(environment), index)
        for table in system.tables
        for index in (None, *(i.name for i in table.indexes))
    }


@pytest.mark.requirement("X-06")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_alarm_watches_a_metric_that_is_published(
    environment: str, templates: Templates
) -> None:
    found = alarms(templates, environment)
    published = MetricCatalogue(systems())
    assert len(found) > 14 * len(systems())
    for alarm in found:
        watched = list(metrics(alarm))
        assert watched
        for metric in watched:
            name = metric["MetricName"]
            assert published.fault(metric["Namespace"], name, dimensions(metric)) is None


@pytest.mark.requirement("X-06")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_alarm_tells_the_topic_and_says_what_silence_is(
    environment: str, templates: Templates
) -> None:
    joined = [id for t in templates(environment).values() for id in joined_alarms(t)]
    found = [
        *alarms(templates, environment),
        *(each for t in templates(environment).values() for each in composites(t)),
    ]
    quiet = [alarm for alarm in found if "AlarmActions" not in alarm]
    assert len(quiet) == len(joined)
    for alarm in found:
        for actions in ("AlarmActions", "OKActions") if alarm not in quiet else ():
            (action,) = alarm[actions]
            assert "keyline-alarms" in str(action) or "AlarmsTopic" in str(action)
    for alarm in alarms(templates, environment):
        on_silence = alarm["ComparisonOperator"] == "LessThanThreshold"
        assert alarm["TreatMissingData"] == ("breaching" if on_silence else "notBreaching")
        assert alarm["AlarmDescription"]


@pytest.fixture(scope="module")
def prover() -> Prover:
    return Prover(MetricCatalogue(systems()))


@pytest.mark.requirement("X-06")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_alarm_goes_off_ends_and_depends_on_its_dimensions(
    environment: str, templates: Templates, prover: Prover
) -> None:
    """Each is driven OK, ALARM, OK by samples as often as the declaration lets them come."""
    sources, proven = MetricSources(systems(), load(environment)), 0
    for name, template in templates(environment).items():
        found = alarms_of(name, template)
        for each in found:
            if isinstance(each.alarm, MetricAlarm):
                proof = prover.of(each.alarm, sources.a_month(each.alarm, template))
                assert proof.holds, (each.stack, each.name, proof)
                proven += 1
            else:
                assert is_proven(each.alarm.rule, [one.logical_id for one in found]), each.name
    assert proven == len(alarms(templates, environment))


@pytest.mark.requirement("X-06")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_alarm_needs_more_data_points_than_its_source_emits(
    environment: str, templates: Templates
) -> None:
    sources = MetricSources(systems(), load(environment))
    for template in templates(environment).values():
        assert check_sources(template, sources) == []


@pytest.mark.requirement("X-06")
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_three_of_five_minutes_of_a_rare_function_are_found_and_never_come(
    system: System, templates: Templates, prover: Prover
) -> None:
    sources = MetricSources(systems(), load("prod"))
    rare = {
        f"{system.name}-{function.name}-prod"
        for function in system.functions
        if judged(DataPoints(3, 5), runs_of(system, function)).breaching == 1
    }
    template = copy.deepcopy(templates("prod")[f"{system.name}-service-prod"])
    changed = {
        logical_id: alarm
        for logical_id, alarm in resources(template, ALARM).items()
        if dimensions(alarm).get("FunctionName") in rare and alarm["Period"] == 60
    }
    assert {dimensions(alarm)["FunctionName"] for alarm in changed.values()} == rare
    for alarm in changed.values():
        alarm |= {"EvaluationPeriods": 5, "DatapointsToAlarm": 3}
    found = check_sources(template, sources)
    assert {finding.logical_id for finding in found} == set(changed)
    assert {finding.rule for finding in found} <= {"alarm-sparse"}
    for each in alarms_of("", template):
        if each.logical_id in changed:
            assert isinstance(each.alarm, MetricAlarm)
            proof = prover.of(each.alarm, sources.a_month(each.alarm, template))
            assert proof.fires_after is None


@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_one_cause_tells_once(system: System, templates: Templates) -> None:
    (tables,) = composites(templates("prod")[f"{system.name}-data-prod"])
    (service,) = composites(templates("prod")[f"{system.name}-service-prod"])
    assert tables["AlarmName"] == f"{system.name}-prod-tables"
    assert service["AlarmName"] == f"{system.name}-prod-service"
    # While the tables are in trouble, that of the service waits
    assert service["ActionsSuppressor"] == tables["AlarmName"] or (
        f":alarm:{tables['AlarmName']}" in str(service["ActionsSuppressor"])
    )
    assert "ActionsSuppressor" not in tables


@pytest.mark.requirement("X-06")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_alarm_watches_what_the_app_has(environment: str, templates: Templates) -> None:
    watchable = Watchable(templates(environment).values(), environment)
    for template in templates(environment).values():
        assert check_watched(template, watchable) == []


@pytest.mark.requirement("X-06")
def test_an_alarm_on_a_table_that_is_not_there_is_found(templates: Templates) -> None:
    system = systems()[0]
    watchable = Watchable(templates("prod").values(), "prod")
    template = copy.deepcopy(templates("prod")[f"{system.name}-data-prod"])
    alarm = next(iter(resources(template, ALARM).values()))
    watched = next(metrics(alarm))
    watched["Dimensions"][0]["Value"] = "another"
    assert {finding.rule for finding in check_watched(template, watchable)} == {"alarm-target"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_description_of_every_alarm_ends_with_a_section_that_exists(
    environment: str, templates: Templates
) -> None:
    for alarm in alarms(templates, environment):
        assert len(alarm["AlarmDescription"]) <= 1024  # CloudWatch API reference, PutMetricAlarm
        found = RUNBOOK.search(alarm["AlarmDescription"])
        assert found
        text = (ROOT / found["page"]).read_text(encoding="utf-8")
        assert found["section"] is None or found["section"] in anchors(text)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The data stack of a system that is watched in every way."""
    stacks = synthesize(load("prod"), [LARGE], tmp_path_factory.mktemp("sample"))
    return stacks["orders-data-prod"].template


@pytest.mark.requirement("X-06")
@pytest.mark.parametrize(
    ("metric", "wrong"),
    [
        ("ReadThrottleEvents", ["TableName", "Operation"]),
        ("ConsumedWriteCapacityUnits", ["GlobalSecondaryIndexName"]),
        ("SuccessfulRequestLatency", ["TableName"]),
        ("StorageGrowthPercent", ["Table"]),
    ],
)
def test_a_wrong_dimension_set_is_caught(metric: str, wrong: list[str], sample: Template) -> None:
    template = copy.deepcopy(sample)
    environment = load("prod")
    assert check_template(template, environment, MetricCatalogue(systems())) == []

    logical_id, watched = next(
        (logical_id, watched)
        for logical_id, alarm in resources(template, ALARM).items()
        for watched in metrics(alarm)
        if watched["MetricName"] == metric
    )
    watched["Dimensions"] = [{"Name": name, "Value": "any"} for name in wrong]

    (finding,) = check_template(template, environment, MetricCatalogue(systems()))
    assert (finding.rule, finding.logical_id) == ("alarm-dimensions", logical_id)


@pytest.mark.requirement("K-63", "M-44", "M-49", "T-62", "X-06")
@pytest.mark.parametrize("metric", ["ReadThrottleEvents", "WriteThrottleEvents"])
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_throttling_is_watched_on_every_table_and_index(
    system: System, metric: str, templates: Templates
) -> None:
    found = named(alarms(templates, "prod", f"{system.name}-data"), metric)
    assert {
        (dimensions(a)["TableName"], dimensions(a).get("GlobalSecondaryIndexName")) for a in found
    } == tables_and_indexes(system, "prod")
    rules = {(a["Statistic"], a["Period"], a["ComparisonOperator"], a["Threshold"]) for a in found}
    assert rules == {("Sum", 60, "GreaterThanThreshold", 0)}


@pytest.mark.requirement(
    "B-23", "B-24", "I-71", "K-55", "K-56", "M-43", "M-46", "M-51", "T-64", "T-65"
)
@pytest.mark.parametrize(
    ("metric", "threshold"),
    [("ConsumedReadCapacityUnits", 10_000), ("ConsumedWriteCapacityUnits", 5_000)],
)
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_consumption_is_watched_on_every_table_and_index_in_absolute_units(
    system: System, metric: str, threshold: int, templates: Templates
) -> None:
    """On-demand has no capacity of which it could be a part."""
    found = named(alarms(templates, "prod", f"{system.name}-data"), metric)
    assert {
        (dimensions(a)["TableName"], dimensions(a).get("GlobalSecondaryIndexName")) for a in found
    } == tables_and_indexes(system, "prod")
    for alarm in found:
        assert alarm["Threshold"] == threshold
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
        assert (alarm["Statistic"], alarm["Period"]) == ("Sum", 60)
        assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (1, 3)


@pytest.mark.requirement("B-26", "K-58", "T-66", "X-06")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_user_errors_are_watched_once_and_without_dimensions(
    environment: str, templates: Templates
) -> None:
    (alarm,) = named(alarms(templates, environment), "UserErrors")
    assert "Dimensions" not in alarm
    assert (alarm["Statistic"], alarm["Period"], alarm["Threshold"]) == ("Sum", 60, 10)
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm in named(alarms(templates, environment, f"account-{environment}"), "UserErrors")


@pytest.mark.requirement("K-71", "M-37", "T-67")
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_query_latency_of_the_handlers_is_watched_by_its_p99(
    system: System, templates: Templates
) -> None:
    found = named(alarms(templates, "prod", f"{system.name}-service"), "Latency")
    (client,) = (alarm for alarm in found if alarm["Namespace"] == "Keyline")
    where = {"Environment": "prod", "System": system.name}
    assert dimensions(client) == {**where, "Operation": "Query"}
    assert (client["ExtendedStatistic"], client["Threshold"]) == ("p99", 100)


@pytest.mark.requirement("K-57")
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_latency_within_dynamodb_is_watched_by_operation(
    system: System, templates: Templates
) -> None:
    found = named(alarms(templates, "prod", f"{system.name}-data"), "SuccessfulRequestLatency")
    watched = [(dimensions(alarm)["TableName"], dimensions(alarm)["Operation"]) for alarm in found]
    assert watched == [
        (table.physical_name("prod"), operation)
        for table in system.tables
        for operation in ("GetItem", "PutItem", "Query", "UpdateItem")
        if operation in deployment.steady_operations_on(system, table)
    ]
    assert "Query" in {operation for _, operation in watched}


@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_conflicts_are_watched_where_there_are_transactions(
    system: System, templates: Templates
) -> None:
    found = named(alarms(templates, "prod", f"{system.name}-data"), "TransactionConflict")
    assert {dimensions(alarm)["TableName"] for alarm in found} == {
        table.physical_name("prod")
        for table in system.tables
        if any(o.startswith("Transact") for o in deployment.operations_on(system, table))
    }


@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_every_function_is_watched_for_throttling(system: System, templates: Templates) -> None:
    found = named(alarms(templates, "prod", f"{system.name}-service"), "Throttles")
    names = {f"{system.name}-{function.name}-prod" for function in system.functions}
    assert {dimensions(alarm)["FunctionName"] for alarm in found} == names


@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_what_is_scheduled_is_watched_for_silence_and_for_lost_events(
    system: System, templates: Templates
) -> None:
    names = {f"{system.name}-{f.name}-prod" for f in system.functions if f.schedule}
    found = alarms(templates, "prod", f"{system.name}-service")
    silent = named(found, "Invocations")
    assert {dimensions(alarm)["FunctionName"] for alarm in silent} == names
    assert {(a["Period"], a["EvaluationPeriods"]) for a in silent} <= {(86400, 2)}
    lost = named(found, "AsyncEventsDropped")
    assert {dimensions(alarm)["FunctionName"] for alarm in lost} == names
    failed = named(found, "FailedInvocations")
    assert {dimensions(alarm)["RuleName"] for alarm in failed} == names


@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_every_failure_queue_is_watched_for_new_old_and_lost_messages(
    system: System, templates: Templates
) -> None:
    consumers = {f"{system.name}-{f.name}-prod" for f in system.functions if f.source}
    found = alarms(templates, "prod", f"{system.name}-service")
    for metric in (
        "ApproximateNumberOfMessagesVisible",
        "NumberOfMessagesSent",
        "ApproximateAgeOfOldestMessage",
    ):
        assert len({dimensions(a)["QueueName"] for a in named(found, metric)}) == len(consumers)
    kept = named(found, "DestinationDeliveryFailures")
    assert {dimensions(alarm)["FunctionName"] for alarm in kept} == consumers


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_account_is_watched_for_its_concurrency_and_for_alarms_that_reach_nobody(
    environment: str, templates: Templates
) -> None:
    found = alarms(templates, environment, "account")
    (concurrency,) = named(found, "ConcurrentExecutions")
    assert "Dimensions" not in concurrency
    assert (concurrency["Statistic"], concurrency["Threshold"]) == ("Maximum", 800)
    (untold,) = named(found, "NumberOfNotificationsFailed")
    assert "TopicName" in dimensions(untold)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_topic_is_watched_for_messages_that_reach_nobody(
    environment: str, templates: Templates
) -> None:
    topics = [
        topic["TopicName"]
        for template in templates(environment).values()
        for topic in resources(template, "AWS::SNS::Topic").values()
    ]
    assert topics
    untold = named(alarms(templates, environment), "NumberOfNotificationsFailed")
    assert sorted(dimensions(alarm)["TopicName"] for alarm in untold) == sorted(topics)


@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_every_api_is_watched_for_refusals_and_slow_answers(
    system: System, templates: Templates
) -> None:
    found = alarms(templates, "prod", f"{system.name}-service")
    (refused,) = [a for a in found if any(m["MetricName"] == "4xx" for m in metrics(a))]
    assert refused["Threshold"] == 50
    slow = [a for a in named(found, "Latency") if a["Namespace"] == "AWS/ApiGateway"]
    assert [(a["ExtendedStatistic"], a["Threshold"]) for a in slow] == [("p99", 5_000)]
    assert slow[0]["EvaluateLowSampleCountPercentile"] == "evaluate"


@pytest.mark.requirement("B-27", "K-59")
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_faults_of_dynamodb_are_watched_operation_by_operation(
    system: System, templates: Templates
) -> None:
    watched = {
        (found["TableName"], found["Operation"])
        for alarm in alarms(templates, "prod", f"{system.name}-data")
        for metric in metrics(alarm)
        if metric["MetricName"] == "SystemErrors"
        for found in [dimensions(metric)]
    }
    assert watched == {
        (table.physical_name("prod"), operation)
        for table in system.tables
        for operation in deployment.steady_operations_on(system, table)
    }
    used = {p.table for f in system.functions if not f.schedule for p in f.patterns}
    assert {name for name, _ in watched} == {table.physical_name("prod") for table in used}


@pytest.mark.requirement("K-60", "K-61", "M-50")
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_every_function_is_watched_for_errors_and_for_nearing_its_timeout(
    system: System, templates: Templates
) -> None:
    found = alarms(templates, "prod", f"{system.name}-service")
    names = {f"{system.name}-{function.name}-prod" for function in system.functions}
    assert {dimensions(a)["FunctionName"] for a in named(found, "Errors")} == names
    slow = {dimensions(a)["FunctionName"]: a["Threshold"] for a in named(found, "Duration")}
    assert slow == {f"{system.name}-{f.name}-prod": f.timeout * 800 for f in system.functions}


@pytest.mark.requirement("M-50")
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_every_api_is_watched_for_answers_that_are_our_fault(
    system: System, templates: Templates
) -> None:
    (alarm,) = named(alarms(templates, "prod", f"{system.name}-service"), "5xx")
    assert (alarm["Namespace"], alarm["Threshold"], alarm["Statistic"]) == (
        "AWS/ApiGateway",
        0,
        "Sum",
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_sums_of_metrics_are_small_enough_and_filled(
    environment: str, templates: Templates
) -> None:
    computed = [alarm for alarm in alarms(templates, environment) if "Metrics" in alarm]
    assert computed
    for alarm in computed:
        assert len(alarm["Metrics"]) <= MAX_METRICS
        (expression,) = (q["Expression"] for q in alarm["Metrics"] if "Expression" in q)
        ids = [query["Id"] for query in alarm["Metrics"] if "MetricStat" in query]
        if "IF(" not in expression:  # a share of requests
            assert expression == " + ".join(f"FILL({id}, 0)" for id in ids)
        assert all(f"FILL({id}, 0)" in expression for id in ids)


def test_a_page_is_an_address_where_an_environment_says_where_pages_are() -> None:
    prod, url = load("prod"), "https://example.com/acme/data/blob/main/"
    alarms = replace(prod.alarms, runbooks_url=url)
    app = cdk.App()
    AccountStack(app, systems=[], environment=replace(prod, alarms=alarms))
    template = app.synth().get_stack_by_name("account-prod").template
    found = [
        RUNBOOK.search(alarm["AlarmDescription"])
        for alarm in resources(template, "AWS::CloudWatch::Alarm").values()
    ]
    assert found
    for page in found:
        assert page is not None
        assert page["page"].startswith(f"{url}docs/runbooks/")
        assert page["section"]
