"""The API of interactions under more requests than it can answer at once."""

from __future__ import annotations

import pytest

from tests.support.platform import Running
from tests.support.saturation import CLIENTS, assert_saturated
from tests.systems.interactions.e2e.creations import creations

pytestmark = [pytest.mark.soak, pytest.mark.xdist_group("interactions")]


def test_checks_are_stored_once_at_saturation(running: Running) -> None:
    with creations(running, CLIENTS) as created:
        assert_saturated(running, created)
