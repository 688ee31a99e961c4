"""The parameter of the phase as the function reads it, on one machine."""

from __future__ import annotations

import pytest

from tests.support.local_services import LocalServices

pytestmark = pytest.mark.xdist_group("services")

PHASE = """
name = os.environ["KEYLINE_PHASE_PARAMETER"]
print(json.dumps(create("ssm").get_parameter(Name=name)["Parameter"]["Value"]))
"""


def test_the_function_reads_its_phase(local_services: LocalServices) -> None:
    assert local_services.ask("interactions", "interactions", PHASE) == "3"
