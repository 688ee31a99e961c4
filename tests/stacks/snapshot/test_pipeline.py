"""The roles of the workflows: which workflow may be them, and what they may do."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from keyline_deploy.environment import Environment, GitHub, load
from keyline_deploy.execution_rights import execution_policy
from keyline_deploy.pipeline_rights import BRANCH, ISSUER, WORKFLOW
from keyline_deploy.systems import systems
from stacks.application import build_pipeline
from tests.support.templates import FULL, Template, new_app, resources

GITHUB = GitHub(repository="acme/data")
ENVIRONMENT = msgspec.structs.replace(FULL, github=GITHUB)
ACCOUNT, REGION = "222222222222", "eu-central-1"
REF = f"refs/heads/{BRANCH}"


def pipeline(environment: Environment, folder: Path) -> Template:
    """Return the template of the stack, the checks of cdk-nag passed."""
    app = new_app(folder, checks=True)
    build_pipeline(app, environment)
    (stack,) = app.synth().stacks
    template: Template = stack.template
    return template


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return pipeline(ENVIRONMENT, tmp_path_factory.mktemp("pipeline"))


def role(template: Template, name: str) -> Mapping[str, Any]:
    found = resources(template, "AWS::IAM::Role").values()
    (properties,) = [each for each in found if each["RoleName"] == name]
    return properties


def statements(template: Template, name: str) -> list[dict[str, Any]]:
    (policy,) = role(template, name)["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def claims(template: Template, name: str) -> dict[str, str]:
    """Return what a token has to say, with the issuer's name left out."""
    (trust,) = role(template, name)["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert trust["Principal"] == {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"}
    assert trust["Condition"].keys() == {"StringEquals"}, "a claim is compared letter by letter"
    return {
        key.removeprefix(f"{ISSUER}:"): value
        for key, value in trust["Condition"]["StringEquals"].items()
    }


def test_the_role_that_deploys_is_of_one_workflow_in_one_environment_of_main(
    template: Template,
) -> None:
    assert claims(template, "KeylineDeploy-full") == {
        "aud": "sts.amazonaws.com",
        "sub": "repo:acme/data:environment:full",
        "environment": "full",
        "repository": "acme/data",
        "ref": REF,
        "job_workflow_ref": f"acme/data/{WORKFLOW}@{REF}",
    }


def test_the_role_that_plans_is_of_the_same_workflow_outside_of_an_environment(
    template: Template,
) -> None:
    assert claims(template, "KeylinePlan-full") == {
        "aud": "sts.amazonaws.com",
        "sub": f"repo:acme/data:ref:{REF}",
        "repository": "acme/data",
        "ref": REF,
        "job_workflow_ref": f"acme/data/{WORKFLOW}@{REF}",
    }


def test_subjects_with_ids_are_compared_as_the_file_has_them(tmp_path: Path) -> None:
    github = GitHub(repository="acme/data", subject="repo:acme-12/data-34", makes_provider=False)
    made = pipeline(msgspec.structs.replace(FULL, github=github), tmp_path)
    assert claims(made, "KeylineDeploy-full")["sub"] == "repo:acme-12/data-34:environment:full"
    assert claims(made, "KeylineDeploy-full")["repository"] == "acme/data"
    assert resources(made, "AWS::IAM::OIDCProvider") == {}


def test_the_account_gets_the_provider_of_github_s_tokens(template: Template) -> None:
    (provider,) = resources(template, "AWS::IAM::OIDCProvider").values()
    assert provider["Url"] == f"https://{ISSUER}"
    assert provider["ClientIdList"] == ["sts.amazonaws.com"]


def test_the_role_that_plans_only_reads_templates_and_describes_tables(template: Template) -> None:
    allowed = {
        action
        for statement in statements(template, "KeylinePlan-full")
        for action in [statement["Action"]]
        for action in ([action] if isinstance(action, str) else action)
    }
    assert allowed == {
        "cloudformation:DescribeStackResource",
        "cloudformation:DescribeStacks",
        "cloudformation:GetTemplate",
        "cloudformation:ListStackResources",
        "dynamodb:DescribeTable",
        "ssm:GetParameter",
    }


def test_the_role_that_deploys_may_be_the_roles_of_the_bootstrap_and_no_others(
    template: Template,
) -> None:
    plans = statements(template, "KeylinePlan-full")
    more = [each for each in statements(template, "KeylineDeploy-full") if each not in plans]
    actions = {each["Action"]: each["Resource"] for each in more}
    start = f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds"
    assert actions == {
        "cloudformation:SetStackPolicy": (
            f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/*-full/*"
        ),
        "secretsmanager:GetSecretValue": (
            f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:keyline/canary/full-??????"
        ),
        "sts:AssumeRole": [
            f"{start}-deploy-role-{ACCOUNT}-{REGION}",
            f"{start}-file-publishing-role-{ACCOUNT}-{REGION}",
        ],
    }


@pytest.mark.parametrize("name", ["KeylinePlan-full", "KeylineDeploy-full"])
def test_no_role_may_use_all_resources(template: Template, name: str) -> None:
    for statement in statements(template, name):
        assert statement["Effect"] == "Allow"
        listed = statement["Resource"]
        assert "*" not in ([listed] if isinstance(listed, str) else listed)


def test_the_rights_are_on_every_table_and_stack_of_the_environment(template: Template) -> None:
    by_id = {each["Sid"]: each for each in statements(template, "KeylinePlan-full")}
    tables = by_id["DescribeTables"]["Resource"]
    start = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/"
    for system in systems():
        for table in system.tables:
            name = table.physical_name("full")
            for each in (name, f"{name}-r20260131T100000Z"):
                assert any(fnmatch.fnmatch(start + each, arn) for arn in tables), each
    assert not any(fnmatch.fnmatch(f"{start}Orders-fullest", arn) for arn in tables)


def test_cloudformation_may_not_change_the_roles_that_deploy(template: Template) -> None:
    """Otherwise a user who may deploy could let other workflows deploy."""
    policy = execution_policy(ACCOUNT, "full")
    names = [
        f"arn:aws:iam::{ACCOUNT}:role/{each}" for each in ("KeylinePlan-full", "KeylineDeploy-full")
    ]
    for statement in policy["Statement"]:
        listed = statement["Resource"]
        hit = [
            name
            for name in names
            for arn in ([listed] if isinstance(listed, str) else listed)
            if arn != "*" and fnmatch.fnmatch(name, arn)
        ]
        assert hit == (names if statement["Effect"] == "Deny" else [])
    assert "AWS::IAM::OIDCProvider" in json.dumps(template)
    assert not [a for s in policy["Statement"] for a in s["Action"] if "OpenIDConnect" in a]


def test_the_claims_are_those_of_the_workflow_that_there_is(root: Path) -> None:
    """A job is of the workflow, of the branch and of the environment that the trust names."""
    assert (root / WORKFLOW).is_file()
    jobs = yaml.safe_load((root / WORKFLOW).read_text(encoding="utf-8"))["jobs"]
    assert "environment" not in jobs["plan"]
    assert jobs["deploy"]["environment"]["name"] == "${{ inputs.environment }}"


def test_the_files_as_they_are_shipped_let_no_repository_in() -> None:
    for name in ("dev", "staging", "prod"):
        assert load(name).github is None
