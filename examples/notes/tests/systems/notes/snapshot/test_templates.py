"""The system's whole templates in every environment. `make snapshots` writes them."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.support.templates import ENVIRONMENTS, Templates, normalised


@pytest.mark.parametrize("part", ["data", "service"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_template(
    environment: str, part: str, templates: Templates, template_snapshot: SnapshotAssertion
) -> None:
    found = templates(environment)[f"notes-{part}-{environment}"]
    assert normalised(found) == template_snapshot
