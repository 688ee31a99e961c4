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
