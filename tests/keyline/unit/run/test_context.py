"""Test what a function reads from its environment, and the settings of its tables."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline.errors import KeylineError
from keyline.model import NoSettings
from keyline.run import Store
from keyline.run.context import from_environment
from keyline.run.errors import BadValueError
from keyline.run.meter import PROCESS
from keyline.run.settings import EARLIEST, LATEST, Expiry, TableSettings
from tests.support.sample.notes import NOTES
from tests.support.sample.orders import MARKS, ORDERS
from tests.support.sample.shop import LARGE, Settings

ENVIRON = {
    "KEYLINE_SYSTEM": "orders",
    "KEYLINE_ENV": "prod",
    "KEYLINE_FUNCTION": "notes",
    "KEYLINE_SETTINGS": '{"days": 7, "topicShards": 3}',
    "KEYLINE_CURSOR_SECRET": "s",
    "KEYLINE_MEASURE_SIZES": "1",
}


def test_the_context_of_a_function() -> None:
    context = from_environment(LARGE, Settings, ENVIRON)
    assert (context.environment, context.function) == ("prod", "notes")
    assert context.settings == Settings(days=7, topicShards=3)
    assert (context.cursor_secret, context.measure_sizes) == (b"s", True)
    bare = {
        k: v
        for k, v in ENVIRON.items()
        if k not in ("KEYLINE_CURSOR_SECRET", "KEYLINE_MEASURE_SIZES")
    }
    context = from_environment(LARGE, Settings, bare)
    assert (context.cursor_secret, context.measure_sizes) == (None, False)


def test_the_secret_where_code_cannot_do_without_one() -> None:
    assert from_environment(LARGE, Settings, ENVIRON).secret == b"s"
    without = from_environment(LARGE, Settings, {**ENVIRON, "KEYLINE_CURSOR_SECRET": ""})
    with pytest.raises(KeylineError, match="KEYLINE_CURSOR_SECRET: is not set"):
        _ = without.secret


def test_the_settings_are_those_that_the_system_declares() -> None:
    with pytest.raises(KeylineError) as error:
        from_environment(LARGE, NoSettings, ENVIRON)
    assert str(error.value).startswith("orders.settings: is declared as Settings, not as NoSet")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KEYLINE_SYSTEM", "other"),
        ("KEYLINE_SYSTEM", ""),
        ("KEYLINE_ENV", ""),
        ("KEYLINE_FUNCTION", ""),
        ("KEYLINE_SETTINGS", "{"),
        ("KEYLINE_SETTINGS", '{"day": 1}'),
        ("KEYLINE_SETTINGS", '{"topicShards": "3"}'),
    ],
)
def test_what_is_missing_or_wrong_is_named(name: str, value: str) -> None:
    with pytest.raises(KeylineError, match=name):
        from_environment(LARGE, Settings, {**ENVIRON, name: value})


def test_a_functions_store(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**ENVIRON, "AWS_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(name, value)
    store = Store.for_function(LARGE)
    assert store.meter is PROCESS
    assert (store.environment, store.settings) == ("prod", Settings(days=7, topicShards=3))


def test_retention_and_shards_come_from_the_settings() -> None:
    resolved = TableSettings(Settings(days=0.5, topicShards=3))
    assert resolved.shards(NOTES) == {"topic": 3}
    expiry = resolved.expiry(NOTES, NOTES.kinds[0])
    assert expiry is not None
    assert expiry.at(1_800_000_000_000.0, now=99.0) == 1_800_000_000 + 43_200
    assert expiry.at(None, now=99.0) == 99 + 43_200


@pytest.mark.parametrize("days", [0, -1, math.nan, math.inf, 1e9])
def test_a_retention_that_is_none(days: float) -> None:
    with pytest.raises(KeylineError, match="the setting 'days' is"):
        TableSettings(Settings(days=days)).expiry(NOTES, NOTES.kinds[0])


@pytest.mark.parametrize(
    ("moment", "unit", "message"),
    [
        (
            1_800_000_000,
            1000,
            "at: looks like seconds; 'at' is declared in milliseconds. "
            "Multiply by 1000, or declare unit=1.",
        ),
        (
            1_800_000_000_000,
            1,
            "at: looks like milliseconds; 'at' is declared in seconds. "
            "Divide by 1000, or declare unit=1000.",
        ),
        (5, 1000, "at: is a moment before 1980 or after 2200. Give the moment that is meant."),
        (float("inf"), 1000, "at: is a moment before 1980 or after 2200."),
        ("0001-01-01", 1000, "at: is a moment before 1980 or after 2200."),
    ],
)
def test_a_moment_in_another_unit_is_named(moment: Any, unit: int, message: str) -> None:
    with pytest.raises(BadValueError) as error:
        Expiry("ttl", 60.0, "at", unit).at(moment, now=0.0)
    assert str(error.value).startswith(message)


@given(st.integers(EARLIEST, LATEST), st.sampled_from([1, 1000, 10**6, 10**9]))
def test_a_moment_in_its_unit_is_taken(seconds: int, unit: int) -> None:
    assert Expiry("ttl", 60.0, "at", unit).at(seconds * unit, now=0.0) == seconds + 60


def test_a_number_of_shards_that_is_none() -> None:
    with pytest.raises(KeylineError, match="whole number"):
        TableSettings(Settings(topicShards=0)).shards(NOTES)


def test_a_restored_table_has_the_name_that_the_deployment_says() -> None:
    named = from_environment(
        LARGE, Settings, {**ENVIRON, "KEYLINE_TABLES": '{"CustomerOrders":"Restored"}'}
    )
    store = Store(system=LARGE, environment="dev", tables=named.tables)
    assert store.table_name(ORDERS) == "Restored"
    assert store.table_name(MARKS) == MARKS.physical_name("dev")
    with pytest.raises(KeylineError, match="KEYLINE_TABLES"):
        from_environment(LARGE, Settings, {**ENVIRON, "KEYLINE_TABLES": "[]"})
