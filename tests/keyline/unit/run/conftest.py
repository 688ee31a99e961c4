"""A store whose requests are answered by the test."""

from __future__ import annotations

import pytest
from botocore.retries.standard import ExponentialBackoff

from keyline.run import Store
from tests.support.wire import Wire


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def store(wire: Wire) -> Store:
    return wire.store()


@pytest.fixture
def no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore wait no time before it tries again."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)
