"""Names of event buses."""

from __future__ import annotations

import pytest

from keyline_local.events.bus_names import bus_name

PARTNER = "aws.partner/shop.example/shop-event-bus/1"


@pytest.mark.parametrize("name", ["default", "shop", PARTNER])
def test_a_bus_goes_by_its_name_or_its_arn(name: str) -> None:
    assert bus_name(name) == name
    assert bus_name(f"arn:aws:events:us-east-1:000000000000:event-bus/{name}") == name
