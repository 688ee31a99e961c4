"""An environment whose roles are bounded by a policy, and the environments whose roles are not."""

from __future__ import annotations

import msgspec
import pytest

from keyline_deploy.environment import Backup, Functions, Roles, SharedCache
from keyline_deploy.execution_rights import execution_policy
from keyline_deploy.metric_catalogue import MetricCatalogue
from keyline_deploy.systems import systems
from keyline_deploy.template_rules import check_template
from tests.support.templates import FULL, Template, Templates, resources, synthesize

BOUNDARY = "arn:aws:iam::222222222222:policy/boundary"
ENVIRONMENT = msgspec.structs.replace(
    FULL,
    roles=Roles(permissions_boundary=BOUNDARY),
    functions=Functions(canary="10%-10-minutes"),
    backup=Backup(keep_days=400),
    cache=SharedCache(),
    systems={},
)
"""An environment with every role that the stacks can make."""
ROLE = "AWS::IAM::Role"


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    out = tmp_path_factory.mktemp("bounded")
    made = synthesize(ENVIRONMENT, systems(), out)
    return {name: stack.template for name, stack in made.items()}


def test_every_role_is_bounded(bounded: dict[str, Template]) -> None:
    roles = [r for template in bounded.values() for r in resources(template, ROLE).values()]
    assert len(roles) > len(systems())
    assert {role["PermissionsBoundary"] for role in roles} == {BOUNDARY}


def test_a_role_without_the_boundary_is_found(bounded: dict[str, Template]) -> None:
    name, template = next((n, t) for n, t in bounded.items() if resources(t, ROLE))
    id, role = next(iter(resources(template, ROLE).items()))
    del role["PermissionsBoundary"]
    try:
        (finding,) = check_template(template, ENVIRONMENT, MetricCatalogue(systems()))
        assert (finding.rule, finding.logical_id) == ("role-boundary", id), name
    finally:
        role["PermissionsBoundary"] = BOUNDARY


def test_no_role_is_bounded_where_the_file_does_not_say_so(templates: Templates) -> None:
    for template in templates("prod").values():
        for role in resources(template, ROLE).values():
            assert "PermissionsBoundary" not in role


def test_cloudformation_may_make_and_change_bounded_roles_alone() -> None:
    statements = execution_policy("222222222222", "full", boundary=BOUNDARY)["Statement"]
    allowed = [each for each in statements if each["Effect"] == "Allow"]
    for action in ("CreateRole", "PutRolePolicy", "AttachRolePolicy", "PutRolePermissionsBoundary"):
        (statement,) = (each for each in allowed if f"iam:{action}" in each["Action"])
        assert statement["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}
    assert not any("iam:DeleteRolePermissionsBoundary" in each["Action"] for each in allowed)
    plain = execution_policy("222222222222", "full")["Statement"]
    (statement,) = (each for each in plain if "iam:CreateRole" in each["Action"])
    assert "Condition" not in statement
