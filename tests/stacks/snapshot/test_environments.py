"""Whole templates of every environment. `make snapshots` writes the kept ones again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from keyline_deploy.environment import load
from keyline_deploy.systems import systems
from tests.support.templates import (
    ENVIRONMENTS,
    WITH_SNAPSHOT,
    Stacks,
    Template,
    Templates,
    normalised,
    resources,
)

_PARTS = ["account", *(f"{s.name}-{part}" for s in systems() for part in ("data", "service"))]

_SUBSCRIPTION = "AWS::SNS::Subscription"
_KEPT = {
    "DeletionPolicy": ("Delete", "RetainExceptOnCreate"),
    "UpdateReplacePolicy": ("Delete", "Retain"),
}
STAGING: Mapping[str, Mapping[str, tuple[Any, Any]]] = {
    "AWS::DynamoDB::GlobalTable": {
        **_KEPT,
        "DeletionProtectionEnabled": (False, True),
        "RecoveryPeriodInDays": (7, 35),
    },
    "AWS::S3::Bucket": _KEPT,
    "AWS::S3::BucketPolicy": _KEPT,
    "AWS::Logs::LogGroup": {**_KEPT, "RetentionInDays": (14, 30)},
    "AWS::SQS::Queue": _KEPT,
    "AWS::ApiGatewayV2::Api": {
        "AllowOrigins": (["http://localhost:5173"], ["https://staging.example.com"])
    },
    "AWS::ApiGatewayV2::Stage": {
        "ThrottlingBurstLimit": (100, 200),
        "ThrottlingRateLimit": (50, 100),
    },
    "AWS::Budgets::Budget": {"Amount": (10, 20)},
}
"""What differs between dev and staging: by type of resource and name, the two values."""


@pytest.mark.requirement("X-08")
@pytest.mark.parametrize("environment", WITH_SNAPSHOT)
def test_template(
    environment: str, templates: Templates, template_snapshot: SnapshotAssertion
) -> None:
    account = normalised(templates(environment)[f"account-{environment}"])
    assert _without_bodies(account) == template_snapshot


@pytest.mark.requirement("X-08")
@pytest.mark.parametrize("part", _PARTS)
def test_staging_is_dev_with_other_names_and_a_few_other_values(
    part: str, templates: Templates
) -> None:
    dev, staging = (normalised(templates(name)[f"{part}-{name}"]) for name in ("dev", "staging"))
    assert _as_staging(dev) == _without_subscriptions(_without_digests(staging))


@pytest.mark.parametrize(("environment", "told"), [("dev", 0), ("staging", 1), ("prod", 1)])
def test_somebody_hears_of_the_alarms_of_a_protected_environment(
    environment: str, told: int, templates: Templates
) -> None:
    account = templates(environment)[f"account-{environment}"]
    found = resources(account, _SUBSCRIPTION).values()
    assert [each["Protocol"] for each in found] == ["email"] * told


def _without_bodies(template: Template) -> Template:
    """Leave out what dashboards show: it names each system that there is."""
    for dashboard in resources(template, "AWS::CloudWatch::Dashboard").values():
        del dashboard["DashboardBody"]
    return template


def _without_subscriptions(template: Template) -> Template:
    """Return a template without who is told: dev need not tell anybody."""
    every = template["Resources"]
    kept = {id: each for id, each in every.items() if each["Type"] != _SUBSCRIPTION}
    return {**template, "Resources": kept}


def _as_staging(dev: Template) -> Template:
    """Return the template that staging has to have."""
    text = json.dumps(_with_account(dev)).replace("dev", "staging").replace("Dev", "Staging")
    template = _without_digests(json.loads(text))
    for resource in template["Resources"].values():
        resource |= _replaced(resource, STAGING.get(resource["Type"], {}))
    return template


def _with_account(value: Any) -> Any:
    """Return a value in which the account of the deployment is staging's, as text."""
    match value:
        case {"Ref": "AWS::AccountId"}:
            return load("staging").account
        case {"Fn::Join": ["", parts]}:
            return _joined([_with_account(part) for part in parts])
        case {"Fn::Sub": str(text)}:  # the bucket of assets
            return text.replace("${AWS::AccountId}", load("staging").account or "")
        case dict():
            return {name: _with_account(member) for name, member in value.items()}
        case list():
            return [_with_account(member) for member in value]
    return value


def _joined(parts: list[Any]) -> Any:
    """Return the parts joined as the CDK joins them: texts beside each other are one text."""
    joined: list[Any] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    alone = len(joined) == 1 and isinstance(joined[0], str)
    return joined[0] if alone else {"Fn::Join": ["", joined]}


def _replaced(value: Any, changes: Mapping[str, tuple[Any, Any]]) -> Any:
    """Return a value in which each member that `changes` names has staging's value."""
    match value:
        case dict():
            return {
                name: changes[name][1]
                if name in changes and member == changes[name][0]
                else _replaced(member, changes)
                for name, member in value.items()
            }
        case list():
            return [_replaced(member, changes) for member in value]
    return value


def _without_digests(template: Template) -> Template:
    """Return a template without the digests of stacks' names that the CDK puts into some ids."""
    text = re.sub(r"(AllowEventRule\w*?)[0-9A-F]{16}\b", r"\1", json.dumps(template))
    found: Template = json.loads(text)
    return found


@pytest.mark.requirement("X-01")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_stacks_per_system_and_one_for_the_account(environment: str, templates: Templates) -> None:
    assert set(templates(environment)) == {f"{part}-{environment}" for part in _PARTS}


def test_a_system_s_stacks_are_deployed_in_order(stacks: Stacks) -> None:
    found = stacks("dev")
    for system in systems():
        data, service = f"{system.name}-data-dev", f"{system.name}-service-dev"
        assert found[data].needs == {"account-dev"}
        assert data in found[service].needs


@pytest.mark.requirement("X-02")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_stacks_are_tagged_and_protected(environment: str, stacks: Stacks) -> None:
    for name, stack in stacks(environment).items():
        owner = name.removesuffix(f"-{environment}").split("-")[0]
        assert stack.tags == {"project": "keyline", "environment": environment, "system": owner}
        assert stack.termination_protection is (environment in ("staging", "prod"))


def test_one_stack_locks_another_by_streams_only(templates: Templates) -> None:
    exports = [
        key
        for template in templates("prod").values()
        for key, output in template.get("Outputs", {}).items()
        if "Export" in output
    ]
    functions = [function for system in systems() for function in system.functions]
    assert len(exports) == len({f.source.table.name for f in functions if f.source})
    assert all("StreamArn" in key for key in exports)
