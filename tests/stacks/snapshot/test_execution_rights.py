"""CloudFormation may do what the templates ask for, and two environments have nothing in common."""

from __future__ import annotations

import json
from fnmatch import fnmatch
from pathlib import Path

import msgspec
import pytest

from keyline_deploy.environment import load
from keyline_deploy.execution_rights import SERVICES, execution_policy
from keyline_deploy.systems import systems
from tests.support.templates import ENVIRONMENTS, Templates, synthesize

ROLES = "AWS::IAM"
ACCOUNT = "123456789012"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_service_of_a_template_is_allowed(environment: str, templates: Templates) -> None:
    used = {
        resource["Type"].rpartition("::")[0]
        for template in templates(environment).values()
        for resource in template["Resources"].values()
    }
    assert used - {ROLES} <= SERVICES.keys()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_role_has_no_name_of_its_own(environment: str, templates: Templates) -> None:
    """Under a name of its own, a second one could not be made before the first is deleted."""
    for template in templates(environment).values():
        for resource in template["Resources"].values():
            assert resource["Type"] != "AWS::IAM::Role" or "RoleName" not in resource["Properties"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_role_may_be_made_and_passed_whatever_cloudformation_calls_it(
    environment: str, templates: Templates
) -> None:
    """A name has 64 characters, in which the end of the name of a long stack is cut off."""
    roles = [
        resource["Properties"]
        for template in templates(environment).values()
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::IAM::Role"
    ]
    assert roles
    arns = {f"arn:aws:iam::{ACCOUNT}:role{role.get('Path', '/')}cut-off-ABC123" for role in roles}

    def allowed(name: str, action: str) -> bool:
        statements = execution_policy(ACCOUNT, name)["Statement"]
        patterns = [s["Resource"] for s in statements if action in s["Action"]]
        return any(all(fnmatch(arn, each) for arn in arns) for each in patterns)

    for action in ("iam:CreateRole", "iam:PassRole"):
        assert allowed(environment, action)
        assert not allowed("other", action)


def test_two_environments_in_two_accounts_and_regions_have_nothing_in_common(
    tmp_path: Path,
) -> None:
    prod = load("prod")
    there = {"name": "prodeu", "account": "333333333333", "region": "eu-central-1"}
    prodeu = msgspec.structs.replace(prod, **there)
    system = next(s for s in systems() if any(table.indexes for table in s.tables))
    made = {each.name: synthesize(each, [system], tmp_path / each.name) for each in (prod, prodeu)}
    assert not made["prod"].keys() & made["prodeu"].keys()
    for name, other in (("prod", prodeu), ("prodeu", prod)):
        for stack in made[name].values():
            text = json.dumps(stack.template)
            assert str(other.account) not in text
            assert other.region not in text
    for environment in (prod, prodeu):
        (file,) = (tmp_path / environment.name).rglob("manifest.json")
        manifest = json.loads(file.read_text())
        where = {
            artifact["environment"]
            for artifact in manifest["artifacts"].values()
            if artifact["type"] == "aws:cloudformation:stack"
        }
        assert where == {f"aws://{environment.account}/{environment.region}"}
