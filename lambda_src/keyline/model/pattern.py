"""Access patterns as data: what is asked of a table, how often, and what it costs.

Everything else follows from a pattern: the request, the permission, the row in the
docs, the line in the forecast, the capacity that a test allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from keyline.errors import raise_first
from keyline.model.collection import OneOf
from keyline.model.condition import Condition, WriteCondition, leaves
from keyline.model.entity import Entity, Key
from keyline.model.faults import faults_of
from keyline.model.place import Place, place_of
from keyline.model.set_from import Source, attribute_of
from keyline.model.shape import fields_of
from keyline.model.table import Index, Table
from keyline.model.template import Template
from keyline.moments import DAY_SECONDS

ItemT = TypeVar("ItemT", bound=msgspec.Struct)

MAX_TRANSACTION = 100
"""Actions of one transaction."""

MAX_PER_MONTH = 40_000 * 30 * DAY_SECONDS
"""Calls a month that a table's default quota of 40,000 units a second can serve."""

RESERVED_PARAMETERS = frozenset(
    {
        "pattern",
        "item",
        "view",
        "limit",
        "cursor",
        "caller",
        "values",
        "keys",
        "puts",
        "deletes",
        "expected",
    }
)
"""Names that the run time's calls use themselves, so that no attribute of a key may have them."""


class Pattern(msgspec.Struct, Generic[ItemT], frozen=True, kw_only=True, eq=False, dict=True):
    """The part that every access pattern has.

    Attributes
    ----------
    operation
        The name of the DynamoDB operation, which is also the name of its IAM action; a
        transaction has no action of its own.
    transact_action
        What `TransactItems` calls it; empty if it cannot be a part of a transaction.
    reads
        Whether the pattern costs read units, and not write units.
    writes
        Whether it changes items.
    name
        Unique in its system, in kebab case.
    why
        What it is for, in a sentence.
    table
        The table it is asked of.
    shape
        The type in which an item comes back. The fields of the type are what is read. A `Query` may
        read several kinds of items: `one_of(User, Session)`.
    entity
        The kind of item, where the shape is not one of the table's several kinds.
    item_bytes
        The size at which an item is expected, in bytes.
    per_month
        How many calls a month are expected. None where the pattern has no rate of its own: it is
        a part of a transaction, or nobody can tell.
    above_floor
        Why a call may cost more than the item sizes imply; None where it may not.
    """

    operation: ClassVar[str]
    transact_action: ClassVar[str] = ""
    reads: ClassVar[bool]
    writes: ClassVar[bool]

    name: str
    why: str
    table: Table
    shape: type[ItemT] | OneOf[ItemT]
    entity: type[msgspec.Struct] | None = None
    item_bytes: int
    per_month: float | None = None
    above_floor: str | None = None

    def __post_init__(self) -> None:
        raise_first(faults_of(self), self.name)

    @property
    def actions(self) -> tuple[Pattern[Any], ...]:
        """The patterns that a call carries out: itself, unless it is a transaction."""
        return (self,)

    @property
    def target(self) -> str:
        """The table, or `table/index`, that it is asked of; of a transaction those of its parts."""
        names = (
            f"{action.table.name}/{action.index_name}" if action.index_name else action.table.name
            for action in self.actions
        )
        return " + ".join(dict.fromkeys(names))

    @property
    def shapes(self) -> tuple[type[msgspec.Struct], ...]:
        """Return what items come back as: one shape, or those of a query of several kinds."""
        return self.shape.shapes if isinstance(self.shape, OneOf) else (self.shape,)

    @cached_property
    def kinds(self) -> tuple[Entity, ...]:
        """The kinds of items it is about: one, unless it is a query of several."""
        return tuple(self.table.entity_of(self.entity or shape) for shape in self.shapes)

    @cached_property
    def kind(self) -> Entity:
        """The kind of item it is about; of several the first, as all share what a call gives."""
        return self.kinds[0]

    @property
    def index_name(self) -> str | None:
        """The index it reads, or None for the table itself."""
        return None

    @property
    def parameters(self) -> tuple[str, ...]:
        """The values that a call gives in addition to an item: names, in order."""
        return self._key_parameters(self.table.key)

    @cached_property
    def projection(self) -> tuple[str, ...] | None:
        """The attributes a read asks for; None asks for all.

        A shape that is one of the table's kinds, read where all attributes are carried, needs no
        projection. Any other is asked for by name, with the keys that a cursor is made of and
        the attributes that tell its kind and whether it has expired.
        """
        index = self._index
        carried = self.table.carried_by(index) if index else None
        whole = {kind.shape for kind in self.table.kinds}
        if carried is None and whole.issuperset(self.shapes):
            return None
        names = {name: None for shape in self.shapes for name in fields_of(shape)}
        names.update(dict.fromkeys(self.table.key.attributes))
        if index:
            names.update(dict.fromkeys(index.key.attributes))
        if self.table.ttl:
            names[self.table.ttl.attribute] = None
        if self.table.discriminator:
            names[self.table.discriminator] = None
        return tuple(names)

    @property
    def _index(self) -> Index | None:
        return self.table.index(self.index_name) if self.index_name else None

    def _key_parameters(self, key: Key) -> tuple[str, ...]:
        names: dict[str, None] = {}
        for attribute in key.attributes:
            names.update(dict.fromkeys(parameters_of(self.kind, attribute)))
        return tuple(names)


def parameters_of(kind: Entity, attribute: str) -> tuple[str, ...]:
    """Return the parameters that a key attribute is made of: its template's fields, or itself."""
    if attribute in kind.keys:
        return kind.templates[attribute].fields
    if attribute in kind.constants:
        return ()
    return (attribute,)


def primary_fields(pattern: Pattern[Any]) -> tuple[str, ...]:
    """Return the fields that the primary key's templates are made of, in order."""
    keys = (a for a in pattern.table.key.attributes if a in pattern.kind.keys)
    return tuple(dict.fromkeys(f for a in keys for f in pattern.kind.templates[a].fields))


def _given_to(conditions: tuple[WriteCondition, ...]) -> tuple[str, ...]:
    return tuple(c.parameter for c in leaves(conditions) if c.takes_value)


def compared_template(kind: Entity, condition: Condition) -> Template | None:
    """Return the key template whose fields a sort key condition compares.

    None means that the condition takes whole values.

    The condition compares fields where its parameter is one of them, or where it is an equality or
    a `begins_with`.
    """
    template = kind.templates.get(condition.attribute)
    if template is None:
        return None
    by_field = condition.parameter in template.fields
    return template if by_field or condition.operator in ("=", "begins_with") else None


def sort_parameters(kind: Entity, condition: Condition) -> tuple[str, ...]:
    """Return the parameters of a sort key condition.

    On a key template, a condition whose parameter is one of the template's fields takes the fields
    up to it, the last of them as the bound. An equality takes all fields. A `begins_with` without a
    field takes no field, but the template's literal beginning.
    """
    template = compared_template(kind, condition)
    if template is None:
        return (condition.parameter,)
    if condition.parameter in template.fields:
        return template.fields[: template.fields.index(condition.parameter) + 1]
    return template.fields if condition.operator == "=" else ()


class Get(Pattern[ItemT], frozen=True, kw_only=True):
    """Read one item by its primary key.

    Attributes
    ----------
    consistent
        Whether the read sees all writes that were acknowledged before it, for twice the price.
    """

    operation: ClassVar[str] = "GetItem"
    transact_action: ClassVar[str] = "Get"
    reads: ClassVar[bool] = True
    writes: ClassVar[bool] = False

    consistent: bool = False


class Query(Pattern[ItemT], frozen=True, kw_only=True):
    """Read the items of one partition key, in the order of the sort key.

    Attributes
    ----------
    index
        The index to read, or None for the table.
    sort
        Conditions on the sort key: equalities from the left, then at most one range.
    descending
        Whether the last comes first.
    page
        Items on a page where the call does not say, and at most ten times as many where it does.
    items
        How many items a call is expected to read.
    consistent
        As of a `Get`; of the table only.
    skip_unreadable
        Whether items that do not fit the shape are left out, each counted in the metric
        `UnreadableItems` and logged. The whole call fails otherwise.
    where
        What else has to hold of an item. DynamoDB reads, and bills, the items for which it does
        not hold, and leaves them out. A page is read on until it is full.
    hits
        The share of the items read for which `where` holds: above 0, and at most 1.
    """

    operation: ClassVar[str] = "Query"
    reads: ClassVar[bool] = True
    writes: ClassVar[bool] = False

    index: str | None = None
    sort: Condition | tuple[Condition, ...] = ()
    descending: bool = False
    page: int = 100
    items: float = 10
    consistent: bool = False
    skip_unreadable: bool = False
    where: tuple[WriteCondition, ...] = ()
    hits: float = 1.0

    @property
    def index_name(self) -> str | None:
        """The index it reads, or None for the table itself."""
        return self.index

    @property
    def key(self) -> Key:
        """The key that serves it."""
        return self._index.key if self._index else self.table.key

    @property
    def max_page(self) -> int:
        """The most items that one call may ask for."""
        return self.page * 10

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The sort key conditions as a tuple."""
        return (self.sort,) if isinstance(self.sort, Condition) else self.sort

    @property
    def parameters(self) -> tuple[str, ...]:
        """The fields of the partition key, then the parameters of its conditions."""
        names: dict[str, None] = {}
        for attribute in self.key.partition:
            names.update(dict.fromkeys(parameters_of(self.kind, attribute)))
        for condition in self.conditions:
            names.update(dict.fromkeys(sort_parameters(self.kind, condition)))
        names.update(dict.fromkeys(_given_to(self.where)))
        return tuple(names)


class Put(Pattern[ItemT], frozen=True, kw_only=True):
    """Write a whole item.

    Attributes
    ----------
    replace
        Whether an item of the same key may be overwritten. A create is conditional otherwise.
    conditions
        What else has to hold of the item that is there.
    """

    operation: ClassVar[str] = "PutItem"
    transact_action: ClassVar[str] = "Put"
    reads: ClassVar[bool] = False
    writes: ClassVar[bool] = True

    replace: bool = False
    conditions: tuple[WriteCondition, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters of its conditions; the item gives the rest."""
        return _given_to(self.conditions)


class _Change(Pattern[ItemT], frozen=True, kw_only=True):
    """Change or delete the item of a key, if its conditions hold."""

    conditions: tuple[WriteCondition, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """The key's fields and the parameters of its conditions."""
        given = (*self._key_parameters(self.table.key), *_given_to(self.conditions))
        return tuple(dict.fromkeys(given))


class Update(_Change[ItemT], frozen=True, kw_only=True):
    """Change some attributes of one item.

    Attributes
    ----------
    set, set_once
        Attributes that get a value; those of `set_once` only where there is none yet. Both take
        parts of attributes as well: `address.city`, `labels.red`, `stops[0].place`.
    add
        Numbers that a value is added to, also those in parts of attributes, or sets that get
        members.
    append, prepend
        Lists, or lists within attributes, that get members at their end or at their beginning.
    remove
        Attributes, or parts of them, that are taken away.
    set_from
        What is set to the value of another attribute: to the value before the update. A source is
        an attribute or a part of one, `plus(...)` of it, or `or_given(...)`.
    discard
        Sets that lose members.
    conditions
        What has to hold of the item first.
    version
        The attribute that counts the item's versions: it has to equal `expected`, and grows by
        one.
    upsert
        Whether the item is created where there is none, with the constants of its kind and the
        fields that its key is made of. Without `upsert` the item has to exist.
    at_least_once
        Whether an addition to a number may be counted twice when an answer is lost: the call is
        then repeated. Otherwise it is not, and ends in `OutcomeUnknownError`.
    exactly_once
        Whether it is carried out by `Store.update_once`: as a transaction of one, whose token tells
        a repeated attempt. A transaction takes twice as many units in the table.
    """

    operation: ClassVar[str] = "UpdateItem"
    transact_action: ClassVar[str] = "Update"
    reads: ClassVar[bool] = False
    writes: ClassVar[bool] = True

    set: tuple[str, ...] = ()
    set_once: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    discard: tuple[str, ...] = ()
    append: tuple[str, ...] = ()
    prepend: tuple[str, ...] = ()
    set_from: Mapping[str, Source] = msgspec.field(default_factory=dict)
    version: str | None = None
    upsert: bool = False
    at_least_once: bool = False
    exactly_once: bool = False

    @cached_property
    def counters(self) -> frozenset[str]:
        """The numbers that it adds to."""
        places = {name: place_of(self.kind, name) for name in self.add}
        return frozenset(name for name, place in places.items() if place and place.type == "N")

    @cached_property
    def parts(self) -> Mapping[str, Place]:
        """Return what it changes of attributes without replacing them: by its text, the place."""
        found = {name: place_of(self.kind, name) for name in self.changed}
        members = {*self.append, *self.prepend}
        return {n: place for n, place in found.items() if place and (place.steps or n in members)}

    @cached_property
    def moving(self) -> frozenset[str]:
        """Return what a second attempt would change again.

        Members added, elements removed, and what is set from what the update changes.
        """
        parts = ((name, self.parts.get(name)) for name in self.remove)
        elements = (n for n, p in parts if p and p.steps and isinstance(p.steps[-1], int))
        ttl = self.table.ttl.attribute if self.table.ttl else None
        written = self.touched | {self.version, ttl}
        sources = ((n, place_of(self.kind, attribute_of(s))) for n, s in self.set_from.items())
        copies = (name for name, place in sources if place and place.attribute in written)
        return frozenset((*self.append, *self.prepend, *elements, *copies))

    @cached_property
    def without_value(self) -> frozenset[str]:
        """Return what each call changes, for which it gives no value."""
        plain = (name for name, source in self.set_from.items() if isinstance(source, str))
        return frozenset((*self.remove, *plain))

    @property
    def changed(self) -> tuple[str, ...]:
        """The attributes, and parts of attributes, that it writes, without the version."""
        added = (*self.add, *self.append, *self.prepend)
        return (*self.set, *self.set_once, *added, *self.set_from, *self.remove, *self.discard)

    @property
    def touched(self) -> frozenset[str]:
        """The attributes that it writes, or writes a part of, without the version."""
        parts = self.parts
        return frozenset(parts[n].attribute if n in parts else n for n in self.changed)


class Delete(_Change[ItemT], frozen=True, kw_only=True):
    """Delete one item.

    Attributes
    ----------
    conditions
        What has to hold of the item first.
    must_exist
        Whether deleting what is not there is an error.
    """

    operation: ClassVar[str] = "DeleteItem"
    transact_action: ClassVar[str] = "Delete"
    reads: ClassVar[bool] = False
    writes: ClassVar[bool] = True

    must_exist: bool = False


class Check(Delete[ItemT], frozen=True, kw_only=True):
    """A condition on an item that a transaction does not change."""

    operation: ClassVar[str] = "ConditionCheckItem"
    transact_action: ClassVar[str] = "ConditionCheck"
    reads: ClassVar[bool] = False
    writes: ClassVar[bool] = False


class BatchGet(Pattern[ItemT], frozen=True, kw_only=True):
    """Read many items by their primary keys.

    Attributes
    ----------
    consistent
        As of a `Get`.
    items
        How many items a call is expected to read.
    skip_unreadable
        As of a `Query`.
    """

    operation: ClassVar[str] = "BatchGetItem"
    reads: ClassVar[bool] = True
    writes: ClassVar[bool] = False

    consistent: bool = False
    items: float = 25
    skip_unreadable: bool = False


class BatchWrite(Pattern[ItemT], frozen=True, kw_only=True):
    """Write and delete many items, unconditionally and not as one.

    Attributes
    ----------
    items
        How many items a call is expected to write.
    """

    operation: ClassVar[str] = "BatchWriteItem"
    reads: ClassVar[bool] = False
    writes: ClassVar[bool] = True

    items: float = 25


class _Transaction(Pattern[ItemT], frozen=True, kw_only=True):
    """Carry out several patterns as one."""

    parts: tuple[Pattern[Any], ...]
    items: float = 2

    @property
    def actions(self) -> tuple[Pattern[Any], ...]:
        """The parts of the transaction."""
        return self.parts

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return no values: the parts of the transaction are given theirs."""
        return ()


class TransactWrite(_Transaction[ItemT], frozen=True, kw_only=True):
    """Several writes, all or none.

    Attributes
    ----------
    parts
        The patterns that may take part.
    items
        How many writes a call is expected to hold.
    """

    operation: ClassVar[str] = "TransactWriteItems"
    reads: ClassVar[bool] = False
    writes: ClassVar[bool] = True

    parts: tuple[Put[Any] | Update[Any] | Delete[Any], ...]


class TransactGet(_Transaction[ItemT], frozen=True, kw_only=True):
    """Read several items as of one moment.

    Attributes
    ----------
    parts
        The reads that may take part.
    items
        How many reads a call is expected to hold.
    """

    operation: ClassVar[str] = "TransactGetItems"
    reads: ClassVar[bool] = True
    writes: ClassVar[bool] = False

    parts: tuple[Get[Any], ...]
