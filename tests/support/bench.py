"""Tables of the sample shop on an engine, new ones for each test, and stores on them."""

from __future__ import annotations

import contextlib
import itertools
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from keyline.model import Table
from keyline.run import Meter, Store, dynamodb_client
from tests.support.engine import admin_client, where
from tests.support.sample.shop import LARGE, Settings
from tests.support.tables import create_table_params, created

_numbers = itertools.count(1)
_run = uuid.uuid4().hex[:8]


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
        """Return a store on these tables, which measures sizes."""
        return Store(
            system=LARGE,
            environment=self.environment,
            client=self.client(pool=pool),
            meter=Meter(),
            measure_sizes=measure,
            **{"cursor_secret": b"engine tests", **more},
        )

    def client(self, **more: Any) -> Any:
        """Return a client as a store uses it, patient enough for a busy machine."""
        return dynamodb_client(**{**where(self.url), "read_timeout": 20.0, **more})

    def sharded(self, shards: int) -> Store:
        """Return a store whose topics are spread over so many shards."""
        return self.store(settings=Settings(topicShards=shards))


@contextlib.contextmanager
def fresh(url: str, tables: Sequence[Table]) -> Iterator[Bench]:
    """Fresh tables, dropped afterwards."""
    admin = admin_client(url)
    environment = f"{_run}-{next(_numbers)}"
    with created(url, [create_table_params(table, environment) for table in tables]):
        yield Bench(url, environment, admin)
