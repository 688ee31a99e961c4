"""Traffic of a system on an engine, made of its declaration alone: what is consumed, by pattern.

Each pattern is called as often as it declares for a part of a month, with items of exactly the size
that it declares. The requests are boto3's, not the run time's: what is compared with a forecast
shares no code with it but the declaration. Everything is drawn from a seed.
"""

from __future__ import annotations

import itertools
import math
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyline.model import (
    BatchGet,
    BatchWrite,
    Check,
    Delete,
    Get,
    Index,
    Pattern,
    Put,
    Query,
    System,
    TransactGet,
    TransactWrite,
    Update,
    item_size,
)
from keyline.run import TableSettings
from tests.support.engine import admin_client

Item = dict[str, dict[str, Any]]

_PADDING = "padding"
_BATCH_WRITE, _BATCH_GET = 25, 100
_TOTAL = {"ReturnConsumedCapacity": "TOTAL"}
_ROUNDING = 1e-9
_ALIKE = 0.5
"""The share of items that have a key of an index which not all have to have."""


FEWEST = 12
"""Calls of a pattern at least, however rare it is."""


@dataclass
class Consumed:
    """The consumption of a pattern's calls: read or write units.

    Attributes
    ----------
    wanted
        The calls that its rate gives; `calls` were made.
    """

    wanted: float
    calls: int
    units: float = 0.0

    @property
    def at_rate(self) -> float:
        """The units of as many calls as are wanted."""
        return self.units * self.wanted / self.calls


class Traffic:
    """The traffic of one system on tables of its own.

    Parameters
    ----------
    tables
        The deployed name of a table, by its declared name.
    longest
        Patterns that read or write more items than this in a call are left out.
    """

    def __init__(
        self,
        system: System,
        endpoint: str,
        tables: Mapping[str, str],
        *,
        longest: float = math.inf,
        seed: int = 1,
    ) -> None:
        self._longest = longest
        self._system = system
        self._settings = TableSettings(system.settings())
        self._client = admin_client(endpoint)
        self._tables = tables
        self._random = random.Random(f"{system.name}/{seed}")
        self._numbers = 0
        self._left: dict[str, float] = defaultdict(float)
        self._turns: dict[str, Iterator[Pattern[Any]]] = {}
        self._partitions: dict[str, list[tuple[Item, str | None]]] = {}

    def run(self, months: float) -> dict[str, Consumed]:
        """Call every pattern that has a rate as often as it says for so many months.

        A rare pattern is called more often than that, or chance would decide whether the sum has
        its one dear call.
        """
        found = {}
        for pattern in self._system.called:
            if pattern.per_month is None or getattr(pattern, "items", 1) > self._longest:
                continue
            wanted = pattern.per_month * months
            found[pattern.name] = consumed = Consumed(wanted, max(FEWEST, round(wanted)))
            for _ in range(consumed.calls):
                consumed.units += self._call(pattern)
        return found

    def _rounded(self, what: Pattern[Any], number: float) -> int:
        """Round so that the numbers of one pattern add up to what they should."""
        self._left[what.name] += number
        whole = math.floor(self._left[what.name] + _ROUNDING)
        self._left[what.name] -= whole
        return whole

    # --------------------------------------------------------------------------- calls

    def _call(self, pattern: Pattern[Any]) -> float:
        match pattern:
            case Query():
                return self._query(pattern)
            case BatchGet():
                return self._batch_get(pattern)
            case BatchWrite():
                return self._batch_write(pattern)
            case TransactGet():
                return self._transact(pattern, self._client.transact_get_items)
            case TransactWrite():
                return self._transact(pattern, self._client.transact_write_items)
            case Update(exactly_once=True):
                return self._sent(self._client.transact_write_items, [self._action(pattern)])
        action = self._action(pattern)
        ((_, request),) = action.items()
        operation = {
            Get: self._client.get_item,
            Put: self._client.put_item,
            Update: self._client.update_item,
            Delete: self._client.delete_item,
        }[type(pattern)]
        if isinstance(pattern, Get):
            request["ConsistentRead"] = pattern.consistent
        return _units(operation(**request, **_TOTAL))

    def _action(self, pattern: Pattern[Any]) -> dict[str, Any]:
        """Return a request as `TransactItems` has it; what it needs is stored first."""
        table = self._tables[pattern.table.name]
        if isinstance(pattern, Put):
            item = self._item(pattern)
            if pattern.replace and self._random.random() < _ALIKE:
                before = {name: value for name, value in item.items() if name != _PADDING}
                self._store(pattern, [before])  # a put of the same again would change no index
            return {"Put": {"TableName": table, "Item": item}}
        item = self._item(pattern)
        self._store(pattern, [item])
        request: dict[str, Any] = {"TableName": table, "Key": _key(pattern, item)}
        match pattern:
            case Update():
                names = _changed(pattern)
                after = self._item(pattern)
                changed = [name for name in names if name not in request["Key"]] or [_PADDING]
                request["UpdateExpression"] = "SET " + ", ".join(
                    f"#a{n} = :v{n}" for n in range(len(changed))
                )
                request["ExpressionAttributeNames"] = {f"#a{n}": a for n, a in enumerate(changed)}
                request["ExpressionAttributeValues"] = {
                    f":v{n}": after.get(a, {"S": "y"}) for n, a in enumerate(changed)
                }
                return {"Update": request}
            case Check():
                request["ConditionExpression"] = "attribute_exists(#k)"
                request["ExpressionAttributeNames"] = {"#k": pattern.table.key.partition[0]}
                return {"ConditionCheck": request}
            case Delete():
                return {"Delete": request}
        return {"Get": request}

    def _transact(self, pattern: TransactGet[Any] | TransactWrite[Any], operation: Any) -> float:
        """Take the parts in turn, so that all of them come equally often."""
        parts = self._turns.setdefault(pattern.name, itertools.cycle(pattern.parts))
        count = max(1, self._rounded(pattern, pattern.items))
        return self._sent(operation, [self._action(next(parts)) for _ in range(count)])

    def _sent(self, operation: Any, actions: Sequence[Mapping[str, Any]]) -> float:
        return _units(operation(TransactItems=actions, **_TOTAL))

    def _query(self, pattern: Query[Any]) -> float:
        units = 0.0
        for partition, index in self._partition(pattern):
            names = {f"#k{n}": name for n, name in enumerate(partition)}
            values = {f":k{n}": value for n, value in enumerate(partition.values())}
            request: dict[str, Any] = {
                "TableName": self._tables[pattern.table.name],
                "KeyConditionExpression": " AND ".join(
                    f"#k{n} = :k{n}" for n in range(len(partition))
                ),
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": values,
                "ConsistentRead": pattern.consistent,
                **({"IndexName": index} if index else {}),
            }
            while True:
                reply = self._client.query(**request, **_TOTAL)
                units += _units(reply)
                if "LastEvaluatedKey" not in reply:
                    break
                request["ExclusiveStartKey"] = reply["LastEvaluatedKey"]
        return units

    def _partition(self, pattern: Query[Any]) -> list[tuple[Item, str | None]]:
        """Return the partitions that a query reads, with as many items as it declares."""
        if pattern.name not in self._partitions:
            shards = 1
            if pattern.index:
                of_table = self._settings.shards(pattern.table)
                shards = of_table.get(pattern.key.partition[0], 1)
            rows = round(pattern.items / pattern.hits)
            found = []
            for shard in range(shards):
                fixed = {name: self._value(pattern, name) for name in pattern.key.partition}
                count = rows // shards + (shard < rows % shards)
                self._store(pattern, [self._item(pattern, fixed) for _ in range(count)])
                found.append((fixed, pattern.index))
            self._partitions[pattern.name] = found
        return self._partitions[pattern.name]

    def _batch_get(self, pattern: BatchGet[Any]) -> float:
        items = [self._item(pattern) for _ in range(self._rounded(pattern, pattern.items))]
        self._store(pattern, items)
        units, name = 0.0, self._tables[pattern.table.name]
        for part in _parts(items, _BATCH_GET):
            keys = [_key(pattern, item) for item in part]
            asked = {"Keys": keys, "ConsistentRead": pattern.consistent}
            units += _units(self._client.batch_get_item(RequestItems={name: asked}, **_TOTAL))
        return units

    def _batch_write(self, pattern: BatchWrite[Any]) -> float:
        items = [self._item(pattern) for _ in range(self._rounded(pattern, pattern.items))]
        return self._store(pattern, items)

    def _store(self, pattern: Pattern[Any], items: Sequence[Item]) -> float:
        units, name = 0.0, self._tables[pattern.table.name]
        for part in _parts(items, _BATCH_WRITE):
            requests = [{"PutRequest": {"Item": item}} for item in part]
            reply = self._client.batch_write_item(RequestItems={name: requests}, **_TOTAL)
            assert not reply["UnprocessedItems"]
            units += _units(reply)
        return units

    # --------------------------------------------------------------------------- items

    def _item(self, pattern: Pattern[Any], fixed: Mapping[str, Any] | None = None) -> Item:
        """Make an item of exactly the declared size, where its keys leave room for that."""
        table, item = pattern.table, dict(fixed or {})
        for name in table.key.attributes:
            item.setdefault(name, self._value(pattern, name))
        read = table.index(pattern.index_name) if pattern.index_name else None
        for index in table.indexes:
            if index is read or self._is_in(pattern, index):
                for name in index.key.attributes:
                    item.setdefault(name, self._value(pattern, name))
        if isinstance(pattern, Update):
            for name in _changed(pattern):
                item.setdefault(name, self._value(pattern, name))
        name = _PADDING
        if read is not None and (carried := table.carried_by(read)) is not None:
            free = carried - item.keys() - table.key_attributes.keys()
            name = min(free, default=_PADDING)
        room = pattern.item_bytes - item_size(item) - len(name)
        if name not in item and room > 0:
            item[name] = {"S": "x" * room}
        return item

    def _is_in(self, pattern: Pattern[Any], index: Index) -> bool:
        kind, names = pattern.kind, index.key.attributes
        if any(kind.type_of(name) is None for name in names):
            return False
        return all(map(kind.always_has, names)) or self._random.random() < _ALIKE

    def _value(self, pattern: Pattern[Any], name: str) -> dict[str, Any]:
        self._numbers += 1
        match pattern.table.type_of(name):
            case "N":
                return {"N": str(self._numbers)}
            case "B":
                return {"B": f"{self._numbers:08}".encode()}
        return {"S": f"{self._numbers:08}"}


def _changed(pattern: Update[Any]) -> list[str]:
    version = [pattern.version] if pattern.version else []
    return sorted({*pattern.touched, *version})


def _key(pattern: Pattern[Any], item: Item) -> Item:
    return {name: item[name] for name in pattern.table.key.attributes}


def _parts(items: Sequence[Item], size: int) -> Iterable[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _units(reply: Mapping[str, Any]) -> float:
    consumed = reply["ConsumedCapacity"]
    every = consumed if isinstance(consumed, list) else [consumed]
    return float(sum(each["CapacityUnits"] for each in every))
