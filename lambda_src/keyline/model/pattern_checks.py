"""Checks of an access pattern: what could not come back, and what would break an item."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from functools import singledispatch
from typing import Any

from keyline.errors import Fault, instead_of, repeated
from keyline.model.collection import OneOf
from keyline.model.condition_checks import condition_faults
from keyline.model.faults import faults_of
from keyline.model.field_checks import field_faults, is_number, number_said
from keyline.model.pattern import (
    MAX_PER_MONTH,
    MAX_TRANSACTION,
    RESERVED_PARAMETERS,
    BatchWrite,
    Delete,
    Get,
    Pattern,
    Put,
    Query,
    TransactGet,
    TransactWrite,
    Update,
)
from keyline.model.shape_checks import shape_faults
from keyline.model.size import MAX_ITEM_BYTES

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@faults_of.register(Pattern)
def _pattern_faults(pattern: Pattern[Any]) -> Iterator[Fault]:
    """Yield everything that is wrong with a pattern, the most basic first."""
    yield from field_faults(pattern)
    yield from _statement_faults(pattern)
    yield from _kind_faults(pattern)
    yield from reach_faults(pattern)
    yield from _shapes_faults(pattern)
    yield from own_faults(pattern)
    yield from _parameter_faults(pattern)


@singledispatch
def reach_faults(pattern: object) -> Iterable[Fault]:
    """Return what is wrong with how a pattern reaches its items: nothing, if by their primary key.

    The check comes before that of the shape, which is compared with the index that a pattern reads.
    """
    return ()


@singledispatch
def own_faults(pattern: object) -> Iterable[Fault]:
    """Return what is wrong with what patterns of one class say: nothing of a class of reads."""
    return ()


def _statement_faults(pattern: Pattern[Any]) -> Iterator[Fault]:
    if not _NAME.fullmatch(pattern.name):
        yield "name", "is not in kebab case.", "Use a-z, 0-9 and single dashes: message-create."
    if not pattern.why:
        yield "why", "is empty.", "Say in a sentence what the pattern is for."
    if not (is_number(pattern.item_bytes) and 1 <= pattern.item_bytes <= MAX_ITEM_BYTES):
        yield (
            "item_bytes",
            number_said(pattern.item_bytes),
            f"Give the size of an item in bytes: 1 to {MAX_ITEM_BYTES}.",
        )
    rate = pattern.per_month
    if rate is not None and not (is_number(rate) and 0 < rate <= MAX_PER_MONTH):
        yield (
            "per_month",
            number_said(rate),
            f"Give the calls expected in a month: above 0, and up to {MAX_PER_MONTH:,}, beyond "
            "which a table's default quota would have to be raised. Leave it out of a part of a "
            "transaction.",
        )
    items = getattr(pattern, "items", 0)
    if not (is_number(items) and 0 <= items < math.inf):
        yield "items", number_said(items), "Give the items expected of a call."
    if isinstance(pattern, Query) and not (is_number(pattern.page) and 1 <= pattern.page <= 1000):
        yield "page", number_said(pattern.page), "Use 1 to 1000 items."


def _kind_faults(pattern: Pattern[Any]) -> Iterator[Fault]:
    if isinstance(pattern.shape, OneOf):
        yield from _collection_faults(pattern)
        return
    kinds = {kind.shape: kind.shape.__name__ for kind in pattern.table.kinds}
    if pattern.entity is not None and pattern.entity not in kinds:
        yield (
            "entity",
            f"{pattern.entity.__name__} is not one of the kinds of items in {pattern.table.name}.",
            instead_of(pattern.entity.__name__, kinds.values()),
        )
    if pattern.entity is None and pattern.shape not in kinds and len(kinds) > 1:
        yield (
            "entity",
            f"{pattern.shape.__name__} is not one of the kinds of items in {pattern.table.name}.",
            f"Name the kind that it is read from with entity=: {', '.join(kinds.values())}.",
        )


def _collection_faults(pattern: Pattern[Any]) -> Iterator[Fault]:
    """Yield what is wrong with the shapes of one_of()."""
    names = [shape.__name__ for shape in pattern.shapes]
    kinds = {kind.shape: kind.shape.__name__ for kind in pattern.table.kinds}
    if not isinstance(pattern, Query):
        yield (
            "shape",
            f"is one of several, and a {type(pattern).__name__} is about one kind of item.",
            "Name the kind; a Query may read several.",
        )
    if len(names) < 2:
        yield "shape", "is one of fewer than two.", "Name the kind without one_of()."
    for name in repeated(names):
        yield "shape", f"names {name} twice.", "Name each kind once."
    if pattern.entity is not None:
        yield "entity", "is given, and the shapes are kinds of items themselves.", "Leave it out."
    if pattern.table.discriminator is None:
        yield (
            "shape",
            f"{pattern.table.name} has no attribute that tells its kinds of items apart.",
            "Declare discriminator='EntityType' on the table, and a tag for each kind.",
        )
    for shape, name in zip(pattern.shapes, names, strict=True):
        if shape not in kinds:
            yield (
                "shape",
                f"{name} is not one of the kinds of items in {pattern.table.name}.",
                instead_of(name, kinds.values()),
            )


def _shapes_faults(pattern: Pattern[Any]) -> Iterator[Fault]:
    index = pattern.table.index(pattern.index_name) if pattern.index_name else None
    for shape, kind in zip(pattern.shapes, pattern.kinds, strict=True):
        yield from shape_faults(pattern.table, kind, shape, index)


def _parameter_faults(pattern: Pattern[Any]) -> Iterator[Fault]:
    for name in pattern.parameters:
        if name in RESERVED_PARAMETERS:
            yield (
                f"parameters.{name}",
                "is a reserved name of the calls.",
                "Name the attribute or the parameter otherwise.",
            )


# --- writes -------------------------------------------------------------------------------


@own_faults.register(Put)
def _put_faults(put: Put[Any]) -> Iterator[Fault]:
    yield from condition_faults(put, put.conditions)
    yield from _whole_item_faults(put)


@own_faults.register(Delete)
def _delete_faults(delete: Delete[Any]) -> Iterator[Fault]:
    yield from condition_faults(delete, delete.conditions)


@own_faults.register(BatchWrite)
def _whole_item_faults(pattern: Put[Any] | BatchWrite[Any]) -> Iterator[Fault]:
    shape = pattern.shapes[0]
    if shape is not pattern.kind.shape:
        yield (
            "shape",
            f"{shape.__name__} is a part of {pattern.kind.shape.__name__} only.",
            "Write whole items, or declare an Update.",
        )


# --- transactions -------------------------------------------------------------------------


@own_faults.register(TransactWrite)
@own_faults.register(TransactGet)
def _transaction_faults(pattern: TransactWrite[Any] | TransactGet[Any]) -> Iterator[Fault]:
    writes = isinstance(pattern, TransactWrite)
    says = "Put, Update, Delete, Check" if writes else "Get"
    if not pattern.parts:
        yield "parts", "is empty.", f"Name the patterns that take part: {says}."
    for part in pattern.parts:
        if not isinstance(part, (Put, Update, Delete) if writes else Get):
            yield f"parts.{part.name}", f"is a {type(part).__name__}.", f"Use {says}."
        elif isinstance(part, Get) and part.consistent:
            yield (
                f"parts.{part.name}",
                "is consistent, as every read of a transaction is anyway.",
                "Leave consistent out: TransactGetItems does not take it.",
            )
        elif isinstance(part, Update) and part.exactly_once:
            yield (
                f"parts.{part.name}",
                "is carried out exactly once, as every part of a transaction is anyway.",
                "Leave exactly_once out.",
            )
    for name in repeated(part.name for part in pattern.parts):
        yield f"parts.{name}", "is named twice.", "A call may use a part any number of times."
    if pattern.items > MAX_TRANSACTION:
        yield (
            "items",
            f"is {pattern.items}; a transaction takes {MAX_TRANSACTION} actions.",
            "Cut it into several.",
        )
