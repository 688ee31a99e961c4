"""An engine of its own per test process, and fresh tables per test."""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from keyline.run import Meter, Store, dynamodb_client
from keyline.run.meter import Call
from ops.local.engine import ENDPOINT_VARIABLE
from tests.support.declared import SYSTEM, Settings
from tests.support.engine import CREDENTIALS, REGION, running_engine
from tests.support.tables import create_table_params

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
        return dynamodb_client(**{**_where(self.url), "read_timeout": 20.0, **more})

    def sharded(self, shards: int) -> Store:
        """A store whose topics are spread over so many shards."""
        return self.store(settings=Settings(topicShards=shards))


def _where(url: str) -> dict[str, Any]:
    if ENDPOINT_VARIABLE in os.environ:
        return {"endpoint_url": url}
    return {"endpoint_url": url, "region": REGION, "credentials": CREDENTIALS}


@pytest.fixture
def bench(engine: str) -> Iterator[Bench]:
    """Fresh tables of the declared system, dropped after the test."""
    key, secret = CREDENTIALS
    own = (
        {}
        if ENDPOINT_VARIABLE in os.environ
        else {"region_name": REGION, "aws_access_key_id": key, "aws_secret_access_key": secret}
    )
    admin = boto3.client("dynamodb", endpoint_url=engine, **own)
    environment = f"{_run}-{next(_numbers)}"
    for table in SYSTEM.tables:
        admin.create_table(**create_table_params(table, environment))
    for table in SYSTEM.tables:
        admin.get_waiter("table_exists").wait(
            TableName=table.physical_name(environment), WaiterConfig={"Delay": 1}
        )
    yield Bench(engine, environment, admin)
    for table in SYSTEM.tables:
        admin.delete_table(TableName=table.physical_name(environment))


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
