"""The forecast of a call, against what the engine charges for the call.

Each item has exactly the size that its pattern declares.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from keyline.model import Pattern, System, item_size
from keyline.run import ItemWriter, Store, TableSettings, dynamodb_client
from keyline_ops.costs.units import Bounds, call_units
from tests.support.engine import where
from tests.support.tables import create_table_params, created


@dataclass(frozen=True)
class Tried:
    """A system on tables of its own, to call patterns of."""

    system: System
    store: Store

    def sized(self, pattern: Pattern[Any], make: Callable[[int], Any]) -> Any:
        """Return the item that `make` makes, as large as the pattern declares."""
        writer = ItemWriter(pattern.table, pattern.kind, TableSettings(self.system.settings()))
        bare = item_size(writer.attributes(make(0), time.time()))
        item = make(pattern.item_bytes - bare)
        assert item_size(writer.attributes(item, time.time())) == pattern.item_bytes
        return item

    def costs(self, pattern: Pattern[Any], call: Callable[[], Any]) -> tuple[float, Bounds]:
        """Return what a call consumed, and what the forecast says of it."""
        before = len(self.store.meter.calls)
        call()
        calls = self.store.meter.calls[before:]
        assert {each.pattern for each in calls} == {pattern.name}
        consumed = sum(each.read + each.write for each in calls)
        return consumed, call_units(pattern, TableSettings(self.system.settings()))


@contextmanager
def trying(system: System, endpoint: str) -> Iterator[Tried]:
    """Give a system on new tables of an engine."""
    environment = uuid.uuid4().hex[:8]
    client = dynamodb_client(**where(endpoint), read_timeout=20)
    tables = [create_table_params(table, environment) for table in system.tables]
    with created(endpoint, tables):
        yield Tried(system, Store(system=system, environment=environment, client=client))


def consumed_exactly(measured: tuple[float, Bounds]) -> None:
    consumed, said = measured
    assert said.exact
    assert consumed == said.most


def within(measured: tuple[float, Bounds]) -> None:
    consumed, said = measured
    assert said.least <= consumed <= said.most
