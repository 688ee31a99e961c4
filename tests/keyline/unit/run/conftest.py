"""A store whose requests are answered by the test."""

from __future__ import annotations

import pytest

from keyline.run import Store
from tests.support.wire import Wire


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def store(wire: Wire) -> Store:
    return wire.store()
