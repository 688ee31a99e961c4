"""An update of functions goes back on alarm, by environment; everything else is deployed before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from keyline_deploy.environment import Environment, Rollback, load
from keyline_deploy.systems import systems
from keyline_ops.deployed import Deployed
from keyline_ops.deploying.assembly import Entry
from keyline_ops.deploying.cdk import Cdk
from keyline_ops.deploying.cloudformation import CloudFormation
from keyline_ops.deploying.fills import Pending
from keyline_ops.deploying.rollback import MOST, has_functions, triggers
from keyline_ops.deploying.run import Run
from keyline_ops.plan.evaluate import Stack
from tests.support.templates import Templates

ACCOUNT = "123456789012"
FUNCTION = {"Type": "AWS::Lambda::Function"}


def alarm(namespace: str, metric: str, periods: int = 5) -> dict[str, Any]:
    properties = {"Namespace": namespace, "MetricName": metric, "EvaluationPeriods": periods}
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


ALARMS = {
    "Failed": alarm("AWS/Lambda", "Errors"),
    "Daily": alarm("AWS/Lambda", "Errors", periods=1),
    "Answers": alarm("AWS/ApiGateway", "5xx"),
    "Slow": alarm("AWS/Lambda", "Duration"),
}


def running(*ids: str) -> list[dict[str, str]]:
    kind = {"ResourceType": "AWS::CloudWatch::Alarm"}
    return [{**kind, "LogicalResourceId": id, "PhysicalResourceId": f"name-{id}"} for id in ids]


def stack(name: str, resources: Mapping[str, Any]) -> Stack:
    return Stack(name, {"Resources": dict(resources)})


def test_the_alarms_of_answers_and_failures_are_watched_and_no_others() -> None:
    service = stack("orders-service-dev", {"Place": FUNCTION, **ALARMS})
    told = triggers(service, running("Slow", "Daily", "Failed", "Answers"))
    assert told == ["name-Answers", "name-Failed", "name-Daily"]


def test_an_alarm_that_does_not_run_yet_or_goes_is_not_watched() -> None:
    """CloudFormation fails an update whose trigger is missing."""
    service = stack("orders-service-dev", ALARMS)
    assert triggers(service, running("Answers", "Gone")) == ["name-Answers"]
    assert triggers(service, [{**running("Answers")[0], "PhysicalResourceId": ""}]) == []


def test_a_stack_is_given_no_more_triggers_than_it_takes() -> None:
    many = {f"Failed{number}": ALARMS["Failed"] for number in range(9)}
    found = triggers(stack("orders", {**many, **ALARMS}), running(*many, "Answers"))
    assert len(found) == MOST
    assert found[0] == "name-Answers"


def test_every_stack_with_functions_has_alarms_that_roll_it_back(templates: Templates) -> None:
    found = templates("prod")
    for system in systems():
        name = f"{system.name}-service-prod"
        service = Stack(name, found[name])
        assert has_functions(service)
        assert triggers(service, running(*service.resources)), name
        assert not has_functions(Stack("data", found[f"{system.name}-data-prod"]))


class Calls(Cdk):
    """Stands in for the CDK."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[list[str], list[str]]] = []

    def deploy(self, assembly: Path, stacks: Sequence[str], more: Iterable[str] = ()) -> None:
        self.seen.append(([*stacks], [*more]))


class Running(CloudFormation):
    """Stands in for CloudFormation, in which one service runs and another does not yet."""

    def resources(self, stack: Stack) -> Iterator[Mapping[str, Any]]:
        return iter(running("Answers", "Failed") if stack.name == "orders-service-dev" else ())

    def settle(self, stacks: Iterable[Stack]) -> None:
        pass

    def until_filled(self, stacks: Iterable[Stack]) -> None:
        pass


def deployed(environment: Environment, folder: Path, *names: str) -> Calls:
    """Return what the CDK was asked when a wave of these stacks was made; all if none is named."""
    service = {"Place": FUNCTION, **ALARMS}
    target = [
        stack("orders-data-dev", {}),
        stack("orders-service-dev", service),
        stack("new-service-dev", service),
    ]
    artifacts = {
        each.name: {"type": "aws:cloudformation:stack", "properties": {"stackName": each.name}}
        for each in target
    }
    (folder / "1").mkdir()
    (folder / "1" / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    cdk, where = Calls(), Deployed(environment)
    run = Run(
        where=where,
        target=target,
        cloud=Running(where, lambda line: None),
        cdk=cdk,
        folder=folder,
        pending=Pending(folder / "fills.json"),
        tell=lambda line: None,
    )
    run._deploy(Entry(steps=(), after={}, folder="1", stacks=names), "wave 1", may_replace=False)
    return cdk


@pytest.fixture
def watching() -> Environment:
    return msgspec.structs.replace(load("dev"), account=ACCOUNT, rollback=Rollback(minutes=7))


def test_a_service_that_runs_is_updated_last_and_goes_back_on_alarm(
    watching: Environment, tmp_path: Path
) -> None:
    start = f"--rollback-trigger-alarm-arns=arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm"
    assert deployed(watching, tmp_path).seen == [
        (["orders-data-dev", "new-service-dev"], []),
        (
            ["orders-service-dev"],
            [f"{start}:name-Answers", f"{start}:name-Failed", "--monitoring-time-minutes=7"],
        ),
    ]


def test_a_wave_without_the_service_is_not_watched(watching: Environment, tmp_path: Path) -> None:
    assert deployed(watching, tmp_path, "orders-data-dev").seen == [(["orders-data-dev"], [])]


def test_without_the_section_everything_is_deployed_at_once(tmp_path: Path) -> None:
    environment = load("dev")
    assert environment.rollback is None
    assert deployed(environment, tmp_path).seen == [([], [])]


def test_what_keeps_data_goes_back_on_alarm() -> None:
    for name in ("staging", "prod"):
        assert load(name).rollback is not None
