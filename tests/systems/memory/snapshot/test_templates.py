"""The system's whole templates. `make snapshots` writes them again."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.support.templates import WITH_SNAPSHOT, Templates, normalised


@pytest.mark.requirement("I-43", "X-08")
@pytest.mark.parametrize("part", ["data", "service"])
@pytest.mark.parametrize("environment", WITH_SNAPSHOT)
def test_template(
    environment: str, part: str, templates: Templates, template_snapshot: SnapshotAssertion
) -> None:
    found = templates(environment)[f"memory-{part}-{environment}"]
    assert normalised(found) == template_snapshot
