"""The items of a table by key, past what any pattern asks: as DynamoDB holds them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from keyline.errors import KeylineError
from keyline_local import Table
from keyline_ops.deployed import Deployed, translated
from keyline_ops.querying.show import HIDDEN, is_secret

LONGEST = 2_000
"""Characters of a value that are shown unless all are asked for."""
CONDITIONS = {
    "any": "any",
    "=": "equal to",
    ">=": "at least",
    "<=": "at most",
    "begins_with": "begins with",
}
"""The conditions on a sort key, and how a person reads them."""

Item = Mapping[str, Any]
"""An item, or a key, as DynamoDB's JSON has it."""


@dataclass(frozen=True)
class Keys:
    """The key of a table: names and types of its partition key and its sort key.

    Attributes
    ----------
    sort
        None where the table has no sort key.
    """

    partition: str
    sort: str | None
    types: Mapping[str, str]

    @classmethod
    def of(cls, table: Table) -> Keys:
        """Return the key of a table."""
        schema = {each["KeyType"]: each["AttributeName"] for each in table.create["KeySchema"]}
        types = {
            each["AttributeName"]: each["AttributeType"]
            for each in table.create["AttributeDefinitions"]
        }
        return cls(schema["HASH"], schema.get("RANGE"), types)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the key's attributes."""
        return (self.partition,) if self.sort is None else (self.partition, self.sort)

    @property
    def conditions(self) -> Mapping[str, str]:
        """The conditions that the sort key can be compared by."""
        is_number = self.sort is not None and self.types[self.sort] == "N"
        return {c: name for c, name in CONDITIONS.items() if c != "begins_with" or not is_number}

    def key_of(self, item: Item) -> Item:
        """Return the key of an item."""
        return {name: item[name] for name in self.names}

    def value(self, name: str, text: str) -> Mapping[str, Any]:
        """Return a value of the key as DynamoDB takes it.

        Raises
        ------
        KeylineError
            If the text is not of the attribute's type.
        """
        kind = self.types[name]
        try:
            if kind == "N":
                float(text)
            return {kind: base64.b64decode(text, validate=True) if kind == "B" else text}
        except ValueError as error:
            what = "a number" if kind == "N" else "Base64"
            raise KeylineError(name, f"{text!r} is not {what}.", "Check the value.") from error


@dataclass(frozen=True)
class Asked:
    """The part of a table that a page shows.

    Attributes
    ----------
    partition
        The value of the partition key; empty for items in no order.
    condition, sort
        One of `CONDITIONS`, and the value of the sort key that it compares with.
    start
        The key after which the page begins.
    """

    partition: str = ""
    condition: str = "any"
    sort: str = ""
    descending: bool = False
    limit: int = 20
    start: Item | None = None


@dataclass(frozen=True)
class Found:
    """A page of items, where the next one begins, and the read units that it took."""

    items: Sequence[Item]
    next: Item | None
    units: float


class Items:
    """Reads the items of tables."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed

    @cached_property
    def _client(self) -> Any:
        return self._deployed.client()

    def page(self, table: Table, asked: Asked) -> Found:
        """Return a page of a table's items.

        Raises
        ------
        KeylineError
            If a value is not of its type, or the engine refuses.
        """
        keys = Keys.of(table)
        request: dict[str, Any] = {"TableName": table.name, "Limit": asked.limit}
        if asked.start:
            request["ExclusiveStartKey"] = asked.start
        with translated(table.name):
            if asked.partition:
                found = self._client.query(
                    **request | _condition(keys, asked), ReturnConsumedCapacity="TOTAL"
                )
            else:
                found = self._client.scan(**request, ReturnConsumedCapacity="TOTAL")
        units = found.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0)
        return Found(found["Items"], found.get("LastEvaluatedKey"), units)

    def some(self, table: str, index: str | None, count: int) -> Sequence[Item]:
        """Return a few items of a table or an index, in no order; none if the engine refuses."""
        more = {"IndexName": index} if index else {}
        try:
            with translated(table):
                found = self._client.scan(TableName=table, Limit=count, **more)
        except KeylineError:
            return ()
        items: Sequence[Item] = found["Items"]
        return items

    def item(self, table: Table, key: Item) -> Item | None:
        """Return the item of a key; None if there is none."""
        with translated(table.name):
            found: Item | None = self._client.get_item(
                TableName=table.name, Key=key, ConsistentRead=True
            ).get("Item")
        return found


def _condition(keys: Keys, asked: Asked) -> dict[str, Any]:
    names = {"#partition": keys.partition}
    values = {":partition": keys.value(keys.partition, asked.partition)}
    expression = "#partition = :partition"
    if asked.condition != "any" and keys.sort is not None:
        if asked.condition not in keys.conditions:
            raise KeylineError(
                "condition", f"{asked.condition!r} is not a condition.", "Choose one of the list."
            )
        names["#sort"], values[":sort"] = keys.sort, keys.value(keys.sort, asked.sort)
        starts = asked.condition == "begins_with"
        compared = "begins_with(#sort, :sort)" if starts else f"#sort {asked.condition} :sort"
        expression += f" AND {compared}"
    return {
        "KeyConditionExpression": expression,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": not asked.descending,
    }


def text_of(key: Item) -> str:
    """Return a key as an address holds it."""
    return json.dumps(_plain(key), separators=(",", ":"))


def key_of(text: str) -> Item:
    """Return the key that an address holds.

    Raises
    ------
    KeylineError
        If it does not hold a key.
    """
    try:
        given = json.loads(text)
        return {
            str(name): {
                kind: base64.b64decode(value) if kind == "B" else str(value)
                for kind, value in held.items()
            }
            for name, held in given.items()
        }
    except (ValueError, AttributeError) as error:
        raise KeylineError("key", "is not a key.", "Follow a link of a page.") from error


def shown(item: Item, *, whole: bool = False) -> tuple[dict[str, Any], int]:
    """Return an item as its page shows it, and how many of its values are cut.

    Values that are named as secrets are hidden.
    """
    cut = 0

    def short(value: str) -> str:
        nonlocal cut
        if whole or len(value) <= LONGEST:
            return value
        cut += 1
        return f"{value[:LONGEST]}… ({len(value) - LONGEST:,} characters more)"

    def inner(name: str, held: Any) -> Any:
        kind, value = next(iter(held.items()))
        if kind == "M":
            return {kind: {each: inner(each, value[each]) for each in value}}
        if kind == "L":
            return {kind: [inner(name, each) for each in value]}
        if is_secret(name) and kind in ("S", "B"):
            return {kind: HIDDEN}
        plain = _plain(value)
        return {kind: short(plain) if isinstance(plain, str) else plain}

    return {name: inner(name, held) for name, held in item.items()}, cut


def brief(held: Mapping[str, Any], name: str = "") -> str:
    """Return a value on one line, without its type, and hidden where it is named as a secret."""
    (value,) = shown({name: held})[0][name].values()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: bytes as Base64."""
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value
