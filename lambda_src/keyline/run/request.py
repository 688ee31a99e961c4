"""Access patterns → requests: what does not depend on a call's values is made once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from keyline.model.pattern import BatchGet, Delete, Get, Pattern, Put, Query
from keyline.model.place import Place
from keyline.model.projection import paths_of
from keyline.model.size import MAX_ITEM_BYTES, item_size, largest
from keyline.run.codec import Attributes, KeyPart, key_part
from keyline.run.errors import BadCallError, ItemTooLargeError
from keyline.run.expressions import Expressions, Text, chosen, conditions, made
from keyline.run.sortkey import partition_condition, sort_condition

Request = dict[str, Any]

NOW = "now()"
"""Where the values of a call hold the moment it is made, in epoch seconds."""


class Prepared(msgspec.Struct, frozen=True):
    """A pattern's request, but for the values of a call.

    Attributes
    ----------
    fixed
        The part that every call shares.
    parameters
        The values that a call has to give.
    key
        The parts of the item's primary key, where the request has one.
    partition
        The placeholder of a query's first partition key attribute, by which shards differ.
    conditions
        The texts of its conditions on an item.
    """

    pattern: Pattern[Any]
    fixed: Request
    parameters: frozenset[str]
    key: tuple[KeyPart, ...] = ()
    expressions: Expressions = msgspec.field(default_factory=Expressions)
    partition: str = ""
    conditions: tuple[Text, ...] = ()

    def build(self, given: Mapping[str, Any], now: float | None = None) -> Request:
        """Return the request for these values.

        Raises
        ------
        BadCallError
            If a value is missing or unknown.
        BadValueError
            If one cannot be stored.
        """
        check_names(self.pattern, given.keys(), self.parameters)
        request = dict(self.fixed)
        if self.key:
            request["Key"] = key_of(self.key, given)
        if self.conditions:
            request.update(self._conditional(chosen(self.conditions, given)))
        known = given if now is None else {**given, NOW: now}
        request.update(self.expressions.parameters(known))
        return request

    def _conditional(self, texts: list[str]) -> Request:
        if isinstance(self.pattern, Query):
            return {"FilterExpression": " AND ".join(texts)}
        return conditional(texts)


def check_names(pattern: Pattern[Any], given: Iterable[str], expected: frozenset[str]) -> None:
    """Refuse a call whose names are not the pattern's.

    Raises
    ------
    BadCallError
        If a value is missing or unknown.
    """
    names = frozenset(given)
    if names == expected:
        return
    missing, unknown = sorted(expected - names), sorted(names - expected)
    faults = [f"lacks {', '.join(missing)}"] if missing else []
    faults += [f"does not know {', '.join(unknown)}"] if unknown else []
    takes = ", ".join(sorted(expected)) or "no values"
    raise BadCallError(pattern.name, f"{' and '.join(faults)}.", f"It takes {takes}.")


def key_of(parts: Iterable[KeyPart], given: Mapping[str, Any]) -> Attributes:
    """Return a primary key as DynamoDB JSON."""
    return {p.attribute: made(p.attribute, p.make, given) for p in parts}


def primary_key(pattern: Pattern[Any]) -> tuple[KeyPart, ...]:
    """Return how the key of a pattern's item is made."""
    table = pattern.table
    return tuple(key_part(pattern.kind, table, a) for a in table.key.attributes)


def get_request(pattern: Get[Any] | BatchGet[Any], table_name: str, *, whole: bool) -> Prepared:
    """Return a GetItem, or the part of a BatchGetItem that all keys share.

    Parameters
    ----------
    whole
        Whether to ask for all attributes, whatever the pattern's shape.
    """
    expressions = Expressions()
    fixed = {"TableName": table_name, **_read(pattern, expressions, whole)}
    return Prepared(
        pattern, fixed, frozenset(pattern.parameters), primary_key(pattern), expressions
    )


def query_request(pattern: Query[Any], table_name: str, *, whole: bool) -> Prepared:
    """Return a Query."""
    expressions = Expressions()
    return _query(pattern, table_name, expressions, _read(pattern, expressions, whole), [])


def count_request(pattern: Query[Any], table_name: str) -> Prepared:
    """Return a Query that counts the items which have not expired, and returns none.

    Raises
    ------
    BadCallError
        If the key holds the expiry: DynamoDB leaves nothing out by an attribute of the key.
    """
    if pattern.table.ttl and pattern.table.ttl.attribute in pattern.key.attributes:
        raise BadCallError(
            pattern.name, "has the expiry in its key.", "Count the items that items() gives."
        )
    expressions = Expressions()
    fixed: Request = {"Select": "COUNT"}
    if pattern.consistent:
        fixed["ConsistentRead"] = True
    live = present(expressions, pattern, must_exist=False)
    return _query(pattern, table_name, expressions, fixed, live)


def _query(
    pattern: Query[Any],
    table_name: str,
    expressions: Expressions,
    read: Request,
    kept: Iterable[str],
) -> Prepared:
    """Return a Query.

    Parameters
    ----------
    read
        What is read of each item.
    kept
        Conditions on the items that come back, in addition to those of the pattern.
    """
    fixed: Request = {"TableName": table_name, **read}
    if pattern.index:
        fixed["IndexName"] = pattern.index
    if pattern.descending:
        fixed["ScanIndexForward"] = False
    parts = [key_part(pattern.kind, pattern.table, a) for a in pattern.key.partition]
    equalities = [partition_condition(expressions, part.attribute, part.make) for part in parts]
    texts = [text for text, _ in equalities]
    texts += [sort_condition(expressions, pattern, c) for c in pattern.conditions]
    fixed["KeyConditionExpression"] = " AND ".join(texts)
    return Prepared(
        pattern,
        fixed,
        frozenset(pattern.parameters),
        (),
        expressions,
        equalities[0][1],
        (*kept, *conditions(expressions, pattern, pattern.where)),
    )


def put_request(pattern: Put[Any], table_name: str) -> Prepared:
    """Return a PutItem, without its item: a create unless the pattern replaces."""
    expressions = Expressions()
    texts: list[Text] = [] if pattern.replace else [_absent(expressions, pattern)]
    texts += conditions(expressions, pattern, pattern.conditions)
    return Prepared(
        pattern,
        {"TableName": table_name},
        frozenset(pattern.parameters),
        expressions=expressions,
        conditions=tuple(texts),
    )


def delete_request(pattern: Delete[Any], table_name: str) -> Prepared:
    """Return a DeleteItem, or a transaction's ConditionCheck."""
    expressions = Expressions()
    needed = pattern.must_exist or pattern.operation == "ConditionCheckItem"
    texts = conditions(expressions, pattern, pattern.conditions)
    if needed or texts:
        texts = [*present(expressions, pattern), *texts]
    return Prepared(
        pattern,
        {"TableName": table_name},
        frozenset(pattern.parameters),
        primary_key(pattern),
        expressions,
        conditions=tuple(texts),
    )


def conditional(texts: list[str]) -> Request:
    """Return the condition of a write, which shows the item that did not meet it."""
    if not texts:
        return {}
    return {
        "ConditionExpression": " AND ".join(texts),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def present(
    expressions: Expressions, pattern: Pattern[Any], *, must_exist: bool = True
) -> list[str]:
    """Return the condition that the item exists and has not expired."""
    key = pattern.table.key.partition[0]
    texts = [f"attribute_exists({expressions.name(key)})"] if must_exist else []
    if pattern.table.ttl:
        ttl = expressions.name(pattern.table.ttl.attribute)
        texts.append(f"(attribute_not_exists({ttl}) OR {ttl} > {place_of_now(expressions)})")
    return texts


def _absent(expressions: Expressions, pattern: Pattern[Any]) -> str:
    """Return the condition that there is no such item, or only an expired one."""
    text = f"attribute_not_exists({expressions.name(pattern.table.key.partition[0])})"
    if not pattern.table.ttl:
        return text
    ttl = expressions.name(pattern.table.ttl.attribute)
    return f"({text} OR {ttl} <= {place_of_now(expressions)})"


def place_of_now(expressions: Expressions) -> str:
    """Return a placeholder for the moment of the call, in epoch seconds."""
    return expressions.place("now", lambda given: {"N": str(int(given[NOW]))})


def _read(pattern: Any, expressions: Expressions, whole: bool) -> Request:
    fixed: Request = {}
    if pattern.consistent:
        fixed["ConsistentRead"] = True
    paths = None if whole else paths_of(pattern)
    if paths is not None:
        names = (expressions.path(Place(path[0], path[1:], ())) for path in paths)
        fixed["ProjectionExpression"] = ", ".join(names)
    return fixed


def check_size(pattern: Pattern[Any], item: Attributes) -> int:
    """Return the size of an item that is to be written, in bytes.

    Raises
    ------
    ItemTooLargeError
        If DynamoDB would refuse it.
    """
    size = item_size(item)
    if size > MAX_ITEM_BYTES:
        raise ItemTooLargeError(pattern.name, size, MAX_ITEM_BYTES, largest(item))
    return size
