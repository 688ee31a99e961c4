"""An engine of its own per test process, and fresh tables per test."""

from __future__ import annotations

import contextlib
import itertools
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from keyline.model import Table
from keyline.run import Meter, Store, dynamodb_client
from keyline.run.meter import Call
from tests.support.declared import SYSTEM, Settings
from tests.support.engine import admin_client, running_engine, where
from tests.support.tables import create_table_params, created

_numbers = itertools.count(1)
_run = uuid.uuid4().hex[:8]


@pytest.fixture(scope="session")
def engine() -> Iterator[str]:
    """The URL of an engine in memory."""
    with running_engine() as url:
        yield url


@dataclass(frozen=True)
class Bench:
    """A set of tables, and stores on them.

    Attributes
    ----------
    admin
        boto3's client, to look at what is really stored.
    """

    url: str
    environment: str
    admin: Any

    def store(self, *, measure: bool = True, pool: int = 40, **more: Any) -> Store:
        """A store on these tables, which measures sizes."""
        return Store(
            system=SYSTEM,
            environment=self.environment,
            client=self.client(pool=pool),
            meter=Meter(),
            measure_sizes=measure,
            **{"cursor_secret": b"engine tests", **more},
        )

    def client(self, **more: Any) -> Any:
        """A client as a store uses it, patient enough for a busy machine."""
        return dynamodb_client(**{**where(self.url), "read_timeout": 20.0, **more})

    def sharded(self, shards: int) -> Store:
        """A store whose topics are spread over so many shards."""
        return self.store(settings=Settings(topicShards=shards))


@contextlib.contextmanager
def fresh(url: str, tables: Sequence[Table]) -> Iterator[Bench]:
    """Fresh tables, dropped afterwards."""
    admin = admin_client(url)
    environment = f"{_run}-{next(_numbers)}"
    with created(admin, [create_table_params(table, environment) for table in tables]):
        yield Bench(url, environment, admin)


@pytest.fixture
def bench(engine: str) -> Iterator[Bench]:
    """Fresh tables of the declared system."""
    with fresh(engine, SYSTEM.tables) as made:
        yield made


@pytest.fixture
def store(bench: Bench) -> Iterator[Store]:
    """A store on fresh tables."""
    made = bench.store()
    yield made
    made.close()


@pytest.fixture
def last(store: Store) -> Callable[[], Call]:
    """What the meter recorded of the last call."""
    return lambda: store.meter.calls[-1]
