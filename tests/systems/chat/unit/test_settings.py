"""Settings of chat: values that contradict each other, or what is stored, are refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chat.settings import Settings
from chat.system import SYSTEM
from keyline import variables
from keyline.errors import KeylineError
from keyline.run import from_environment
from keyline_deploy import environment
from keyline_deploy.environment import EnvironmentFileError, load

DEV = load("dev")


def refused(**said: Any) -> EnvironmentFileError:
    """Return the error of chat's section in an environment file."""
    with pytest.raises(EnvironmentFileError) as raised:
        msgspec.structs.replace(DEV, systems={"chat": said}).settings("chat", Settings)
    return raised.value


@pytest.mark.parametrize("endless", ["retention_days", "rollup_days", "marker_days"])
def test_nothing_is_kept_without_end(endless: str) -> None:
    error = refused(**{endless: float("inf")})
    assert error.path == f"dev.toml: systems.chat.{endless}"
    assert "up to 36500" in error.suggestion


def test_totals_are_kept_at_least_as_long_as_messages() -> None:
    error = refused(rollup_days=30)
    assert error.path == "dev.toml: systems.chat.rollup_days"
    assert error.suggestion == "Write at least 365."

    text = '{"retention_days": 31, "rollup_days": 30}'
    environ = {
        variables.SYSTEM: "chat",
        variables.ENVIRONMENT: "dev",
        variables.FUNCTION: "read",
        variables.SETTINGS: text,
    }
    with pytest.raises(KeylineError, match="Write at least 31") as raised:
        from_environment(SYSTEM, Settings, environ)
    assert raised.value.path == "KEYLINE_SETTINGS: rollup_days"


@pytest.mark.requirement("T-43")
def test_a_mark_does_not_end_before_a_replay_can_come() -> None:
    assert refused(marker_days=14).path == "dev.toml: systems.chat.marker_days"


def test_a_price_is_of_a_day_and_a_number() -> None:
    for said in ({"prices_as_of": "soon"}, {"prices_as_of": "2025-02-30"}):
        assert refused(**said).path == "dev.toml: systems.chat.prices_as_of"
    prices = {"openai": 0.01, "anthropic": float("inf")}
    error = refused(prices_per_1k_tokens=prices)
    assert error.path == "dev.toml: systems.chat.prices_per_1k_tokens.anthropic"


def test_a_budget_is_of_a_provider_that_has_a_price() -> None:
    error = refused(daily_budget_usd={"openai": 50, "antropic": 50})
    assert error.path == "dev.toml: systems.chat.daily_budget_usd.antropic"
    assert error.suggestion == "Did you mean 'anthropic'?"
    assert Settings(prices_per_1k_tokens={"openai": 0.01}).daily_budget_usd["openai"] == 50


@pytest.mark.parametrize(
    "url", ["localhost:6379", "http://cache:6379", "redis://h:70000/0", "redis://"]
)
def test_the_address_of_the_cache_is_one_of_redis(url: str) -> None:
    error = refused(cache_url=url)
    assert error.path == "dev.toml: systems.chat.cache_url"
    assert "redis://host:6379/0" in error.suggestion


@pytest.mark.parametrize("name", ["", "open#ai", "open\U0010ffff", "a" * 129])
def test_a_name_in_a_table_that_no_key_can_have_is_told(name: str) -> None:
    with pytest.raises(EnvironmentFileError) as caught:
        environment.decode({"prices_per_1k_tokens": {name: 0.01}}, Settings, "dev.toml: chat")
    assert caught.value.path == "dev.toml: chat.prices_per_1k_tokens"
    assert "a provider's name of 1 to 128 characters without #" in caught.value.suggestion


@pytest.mark.parametrize(
    ("given", "path", "message", "suggestion"),
    [
        (
            {"prices_per_1k_tokens": {"openai": 0.0000015}},
            "prices_per_1k_tokens.openai",
            "has more than 6 decimals.",
            "0.000002",
        ),
        (
            {"prices_per_1k_tokens": {"openai": 1e-9}},
            "prices_per_1k_tokens.openai",
            "has more than 6 decimals.",
            "0.000001",
        ),
        (
            {"retired_providers": ["antropic"]},
            "retired_providers",
            "holds 'antropic', which has no price in prices_per_1k_tokens.",
            "Did you mean 'anthropic'?",
        ),
    ],
)
def test_prices_that_costs_cannot_be_computed_from_are_told_where_they_are_read(
    given: dict[str, object], path: str, message: str, suggestion: str
) -> None:
    with pytest.raises(EnvironmentFileError) as caught:
        environment.decode(given, Settings, "dev.toml: systems.chat")
    assert caught.value.path == f"dev.toml: systems.chat.{path}"
    assert caught.value.message == message
    assert suggestion in caught.value.suggestion


@pytest.mark.parametrize("price", [0, 0.00015, 0.000001, 15, 123456.654321])
def test_real_prices_are_taken(price: float) -> None:
    assert Settings(prices_per_1k_tokens={"openai": price})
