"""The whole local environment under load while its processes are killed at random."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.killed_platform import assert_kept_under_kills
from tests.support.up import up


@pytest.mark.soak
@pytest.mark.xdist_group("up")
def test_kills_of_engine_functions_and_platform_lose_and_double_nothing(tmp_path: Path) -> None:
    with up(tmp_path) as platform:
        assert_kept_under_kills(platform)
