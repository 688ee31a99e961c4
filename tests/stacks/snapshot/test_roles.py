"""Test what every function may do: exactly what it declares, and nothing by a wildcard."""

from __future__ import annotations

import importlib

import pytest

from keyline.model import Function, System
from keyline_deploy.environment import load
from keyline_deploy.project import ROOT
from keyline_deploy.systems import systems
from tests.support.templates import ENVIRONMENTS, Template, Templates, resources, statements

FUNCTIONS = [
    pytest.param(system, function, id=f"{system.name}-{function.name}")
    for system in systems()
    for function in system.functions
]
TABLE_ARN = f"arn:aws:dynamodb:us-east-1:{load('staging').account}:table/"


def role_of(template: Template, function_name: str) -> str:
    (role,) = (
        properties["Role"]["Fn::GetAtt"][0]
        for properties in resources(template, "AWS::Lambda::Function").values()
        if properties["FunctionName"] == function_name
    )
    return str(role)


@pytest.mark.requirement("K-34", "K-39", "X-07")
@pytest.mark.parametrize(("system", "function"), FUNCTIONS)
def test_a_role_is_exactly_its_function_s_patterns(
    system: System, function: Function, templates: Templates
) -> None:
    template = templates("staging")[f"{system.name}-service-staging"]
    name = f"{system.name}-{function.name}-staging"
    allowed = set(statements(template, role_of(template, name)))

    declared = {
        (
            f"dynamodb:{access.action}",
            TABLE_ARN
            + system.table(access.table).physical_name("staging")
            + (f"/index/{access.index}" if access.index else ""),
        )
        for access in function.access
    }
    on_data = {(action, arn) for action, arn in allowed if arn.startswith(TABLE_ARN)}
    assert on_data == declared

    actions = {action for action, _ in allowed - on_data}
    expected = {
        *("logs:CreateLogStream", "logs:PutLogEvents"),
        *("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
    }
    if function.source:
        expected |= {
            *("dynamodb:DescribeStream", "dynamodb:GetRecords"),
            *("dynamodb:GetShardIterator", "dynamodb:ListStreams"),
            "sqs:SendMessage",
        }
    assert actions == expected | beyond_tables(system, function)


def beyond_tables(system: System, function: Function) -> set[str]:
    """Return what a function may also do, as `tests/systems/SYSTEM/grants.py` says."""
    if not (ROOT / "tests" / "systems" / system.name / "grants.py").exists():
        return set()
    own = importlib.import_module(f"tests.systems.{system.name}.grants")
    return set(own.BEYOND_TABLES.get(function.name, ()))


@pytest.mark.requirement("K-34", "T-81", "X-07")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_role_scans_or_reaches_by_a_wildcard(environment: str, templates: Templates) -> None:
    seen = 0
    for template in templates(environment).values():
        assert resources(template, "AWS::IAM::Policy") == {}
        for role, properties in resources(template, "AWS::IAM::Role").items():
            assert "ManagedPolicyArns" not in properties
            for action, resource in statements(template, role):
                seen += 1
                assert action != "dynamodb:Scan"
                assert "*" not in action
                assert resource != "*" or action.startswith("xray:")
                assert "/index/*" not in resource
    assert seen


@pytest.mark.requirement("X-07")
@pytest.mark.parametrize(("system", "function"), FUNCTIONS)
def test_a_function_writes_to_its_own_log_only(
    system: System, function: Function, templates: Templates
) -> None:
    template = templates("dev")[f"{system.name}-service-dev"]
    name = f"{system.name}-{function.name}-dev"
    logs = {
        resource
        for action, resource in statements(template, role_of(template, name))
        if action.startswith("logs:")
    }
    (arn,) = logs
    group = resources(template, "AWS::Logs::LogGroup")[arn.removeprefix("${").split(".")[0]]
    assert group == {"LogGroupName": f"/aws/lambda/{name}", "RetentionInDays": 14}


@pytest.mark.requirement("X-18")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_templates_hold_no_secret_but_the_reference(environment: str, templates: Templates) -> None:
    found = [
        properties["Environment"]["Variables"]["KEYLINE_CURSOR_SECRET"]
        for name, template in templates(environment).items()
        for properties in resources(template, "AWS::Lambda::Function").values()
        if "KEYLINE_CURSOR_SECRET" in properties["Environment"]["Variables"]
    ]
    secrets = {
        f"{{{{resolve:secretsmanager:{properties['Name']}:SecretString:::}}}}"
        for template in templates(environment).values()
        for properties in resources(template, "AWS::SecretsManager::Secret").values()
    }
    assert found
    assert set(found) <= secrets
