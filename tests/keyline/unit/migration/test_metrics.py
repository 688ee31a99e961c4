"""The metrics of a migration: names, and what is published and logged under them."""

from __future__ import annotations

import logging

import pytest

from keyline.migration.metrics import Counters
from keyline.model import MIGRATION_METRICS, migration_metrics
from keyline.model.migration_metrics import ASKED, COMPARED, PENDING
from keyline.run import ThrottledError
from tests.keyline.unit.migration.counted import Counted
from tests.support.sample.shop import MOVING


def test_every_constant_with_a_name_is_listed_once() -> None:
    texts = [value for name, value in vars(migration_metrics).items() if name.isupper()]
    named = {value for value in texts if isinstance(value, str)}
    assert sorted(MIGRATION_METRICS) == sorted(named)
    assert {*ASKED, *COMPARED} < named


def test_a_failure_is_counted_and_its_kind_is_logged_without_its_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counted = Counted("test", MOVING)
    with caplog.at_level(logging.WARNING):
        Counters(counted).failed("Some", ThrottledError("secret"))
    assert counted.values == [("Some", 1)]
    assert caplog.messages == ["Some: ThrottledError"]


def test_pending_writes_are_a_value_and_counts_are_ones() -> None:
    counted = Counted("test", MOVING)
    counters = Counters(counted)
    counters.pending(7)
    counters.count("One", "Two")
    assert counted.values == [(PENDING, 7), ("One", 1), ("Two", 1)]
