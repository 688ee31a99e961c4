"""The system's part of the environment files."""

from __future__ import annotations

import pytest

from chat.settings import Settings
from keyline_deploy import environment
from keyline_deploy.environment import EnvironmentFileError


@pytest.mark.requirement("X-02")
def test_prod_spreads_a_provider_over_more_shards_than_dev() -> None:
    dev, prod = (environment.load(name).settings("chat", Settings) for name in ("dev", "prod"))
    assert prod.provider_shards > dev.provider_shards


@pytest.mark.parametrize("name", ["", "open#ai", "open\U0010ffff", "a" * 129])
def test_a_name_in_a_table_that_no_key_can_have_is_told(name: str) -> None:
    with pytest.raises(EnvironmentFileError) as caught:
        environment.decode({"prices_per_1k_tokens": {name: 0.01}}, Settings, "dev.toml: chat")
    assert caught.value.path == "dev.toml: chat.prices_per_1k_tokens"
    assert "a provider's name of 1 to 128 characters without #" in caught.value.suggestion
