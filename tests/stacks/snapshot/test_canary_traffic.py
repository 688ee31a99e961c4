"""An environment that lets new code have a share of the requests first, and one that does not."""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec
import pytest

from keyline.model import System
from keyline_deploy.environment import Functions
from keyline_deploy.execution_rights import SERVICES, execution_policy
from keyline_deploy.systems import systems
from tests.support.templates import (
    FULL,
    SynthesizedStack,
    Template,
    Templates,
    resources,
    synthesize,
)

ENVIRONMENT = msgspec.structs.replace(
    FULL, functions=Functions(canary="10%-10-minutes"), systems={}
)


def system() -> System:
    """Return a system with functions behind an API, and at least one behind a stream."""
    return next(
        each
        for each in systems()
        if any(f.routes for f in each.functions) and any(f.source for f in each.functions)
    )


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The service stack of a system, all checks of ours and of cdk-nag passed."""
    made: Mapping[str, SynthesizedStack] = synthesize(
        ENVIRONMENT, [system()], tmp_path_factory.mktemp("canary")
    )
    return made[f"{system().name}-service-full"].template


def behind_the_api() -> int:
    return sum(1 for function in system().functions if function.routes)


def test_each_function_of_the_api_has_an_alias_that_codedeploy_moves(service: Template) -> None:
    aliases = {
        id: body
        for id, body in service["Resources"].items()
        if body["Type"] == "AWS::Lambda::Alias"
    }
    assert len(aliases) == behind_the_api()
    groups = resources(service, "AWS::CodeDeploy::DeploymentGroup")
    assert len(groups) == len(aliases)
    for alias in aliases.values():
        assert alias["Properties"]["Name"] == "live"
        moved = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
        assert moved["DeploymentGroupName"]["Ref"] in groups


def test_requests_go_back_if_the_function_fails_meanwhile(service: Template) -> None:
    alarms = resources(service, "AWS::CloudWatch::Alarm")
    for group in resources(service, "AWS::CodeDeploy::DeploymentGroup").values():
        assert "LambdaCanary10Percent10Minutes" in json.dumps(group["DeploymentConfigName"])
        assert group["AutoRollbackConfiguration"]["Enabled"] is True
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        (alarm,) = group["AlarmConfiguration"]["Alarms"]
        watched = alarms[alarm["Name"]["Ref"]]
        assert (watched["Namespace"], watched["MetricName"]) == ("AWS/Lambda", "Errors")


def test_the_api_calls_the_alias_and_may_call_nothing_else(service: Template) -> None:
    aliases = {
        id for id, body in service["Resources"].items() if body["Type"] == "AWS::Lambda::Alias"
    }
    for integration in resources(service, "AWS::ApiGatewayV2::Integration").values():
        assert integration["IntegrationUri"]["Ref"] in aliases
    allowed = [
        permission["FunctionName"]
        for permission in resources(service, "AWS::Lambda::Permission").values()
        if permission["Principal"] == "apigateway.amazonaws.com"
    ]
    assert allowed
    assert {each["Ref"] for each in allowed} == aliases


def test_a_stream_is_read_by_the_function_itself(service: Template) -> None:
    """Two versions would share the records of one shard otherwise, out of order."""
    for mapping in resources(service, "AWS::Lambda::EventSourceMapping").values():
        function = mapping["FunctionName"]["Ref"]
        assert service["Resources"][function]["Type"] == "AWS::Lambda::Function"


def test_cloudformation_may_make_all_of_it(service: Template) -> None:
    used = {body["Type"].rpartition("::")[0] for body in service["Resources"].values()}
    assert used - {"AWS::IAM"} <= SERVICES.keys()
    passed = json.dumps(execution_policy("222222222222", "full"))
    assert '"codedeploy.amazonaws.com"' in passed


def test_no_environment_asks_for_it_unless_its_file_says_so(templates: Templates) -> None:
    for name in ("dev", "staging", "prod"):
        for template in templates(name).values():
            assert resources(template, "AWS::Lambda::Alias") == {}
            assert resources(template, "AWS::CodeDeploy::DeploymentGroup") == {}
