"""The sample tables, made again for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from keyline_deploy.environment import load
from keyline_ops.deployed import Deployed
from tests.keyline_ops.engine.migrating.bench import Bench
from tests.support.engine import running_engine
from tests.support.sample.moving import SYSTEM
from tests.support.tables import create_table_params, created


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    with running_engine() as url:
        yield url


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Environments know nothing of the sample."""
    monkeypatch.setattr(
        "keyline_deploy.environment.Environment.settings", lambda *_: SYSTEM.settings()
    )


@pytest.fixture
def bench(engine: str, tmp_path: Path) -> Iterator[Bench]:
    where = Deployed(load("local"), engine=engine)
    tables = [create_table_params(table, "local") for table in SYSTEM.tables]
    with created(engine, tables):
        yield Bench(where, tmp_path)
