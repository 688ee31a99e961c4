"""Whole templates of every environment. `make snapshots` writes them anew."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from keyline_deploy.systems import systems
from tests.support.templates import ENVIRONMENTS, Stacks, Templates, normalised

_PARTS = ["account", *(f"{s.name}-{part}" for s in systems() for part in ("data", "service"))]


@pytest.mark.requirement("X-08")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_template(
    environment: str, templates: Templates, template_snapshot: SnapshotAssertion
) -> None:
    assert normalised(templates(environment)[f"account-{environment}"]) == template_snapshot


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
    exports = {
        key
        for template in templates("prod").values()
        for key, output in template.get("Outputs", {}).items()
        if "Export" in output
    }
    assert exports
    assert all("StreamArn" in key for key in exports)
