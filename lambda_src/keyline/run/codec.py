"""A whole item ↔ DynamoDB JSON: templates, constants, expiry and shards included."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from decimal import Decimal
from functools import cached_property
from operator import attrgetter
from typing import Any, Generic, Literal, TypeVar

import msgspec

from keyline.model.entity import Entity
from keyline.model.pattern import Pattern, parameters_of
from keyline.model.shape import fields_of
from keyline.model.table import MAX_PARTITION_BYTES, Index, Table
from keyline.run import misfit, readback, reply, shards, values
from keyline.run.errors import BadValueError
from keyline.run.keytext import KeyText, check_key
from keyline.run.numbers import number_text
from keyline.run.scalars import Wire
from keyline.run.settings import Expiry, TableSettings, check_ttl
from keyline.run.untyped import encode_any
from keyline.run.values import Value

T = TypeVar("T")

Attributes = dict[str, Any]
"""An item, or a part of one, as DynamoDB writes it."""

_TEXT, _NUMBER = values.of_type(str), values.of_type(Decimal)


def value_of(kind: Entity, table: Table, attribute: str) -> Value:
    """Return how an attribute that is there is stored: field, template, constant or expiry."""
    if attribute in fields_of(kind.shape):
        return values.present(kind.shape, attribute)
    if kind.type_of(attribute) == "N" or (table.ttl and attribute == table.ttl.attribute):
        return _NUMBER
    return _TEXT


class KeyPart(msgspec.Struct, frozen=True):
    """One key attribute: what it is made of, and how.

    Attributes
    ----------
    parameters
        The names of the values that `make` takes; none of a constant.
    make
        Values by name → DynamoDB JSON; None where a template's field is missing.
    """

    attribute: str
    parameters: tuple[str, ...]
    make: Callable[[Mapping[str, Any]], Wire | None]


def key_text(kind: Entity, table: Table, attribute: str) -> KeyText:
    """Return what makes the text of a key attribute that has a template."""
    return KeyText(kind, attribute, table.key_limits.get(attribute, MAX_PARTITION_BYTES))


def key_part(kind: Entity, table: Table, attribute: str) -> KeyPart:
    """Return how a key attribute is made from parameters."""
    parameters = parameters_of(kind, attribute)
    if attribute in kind.constants:
        constant = encode_any(kind.constants[attribute])
        return KeyPart(attribute, (), lambda _: constant)
    if attribute in kind.templates:
        return KeyPart(attribute, parameters, key_text(kind, table, attribute).wire)
    value, limit = value_of(kind, table, attribute), table.key_limits.get(attribute)
    return KeyPart(attribute, parameters, lambda given: _named(value, attribute, limit, given))


def _named(
    value: Value, attribute: str, limit: int | None, given: Mapping[str, Any]
) -> Wire | None:
    try:
        wire = value.encode(given[attribute])
    except BadValueError as error:
        raise error.at(attribute) from error
    return wire if wire is None or limit is None else check_key(attribute, wire, limit)


class ItemWriter(msgspec.Struct, frozen=True, dict=True):
    """A kind of item as it is written.

    Parameters
    ----------
    settings
        What retention and shards are named by.
    """

    table: Table
    kind: Entity
    settings: TableSettings

    def attributes(self, item: msgspec.Struct, now: float) -> Attributes:
        """Return the item with everything that is derived from its fields.

        Parameters
        ----------
        now
            Epoch seconds, from which the expiry is counted where no attribute is.

        Raises
        ------
        BadValueError
            If a value cannot be stored, or could not be read back.
        """
        out = self._write(item)
        self._check(out)
        self.check_ttl(out)
        out.update(self.constants)
        for part in self.derived:
            made = part.make({name: get(item) for name, get in self._getters(part)})
            if made is not None:
                out[part.attribute] = made
        if self.expiry and self.expiry.attribute not in out:
            moment = self._since(item) if self._since else None
            out[self.expiry.attribute] = {"N": str(self.expiry.at(moment, now))}
        for attribute in self.table.key_limits:
            if attribute in out:
                out[attribute] = self.keyed(attribute, out[attribute], out)
        return out

    def stored(self, item: T, attributes: Attributes) -> T:
        """Return the item with the expiry that it was written with."""
        expiry = self.expiry
        name = self._names.get(expiry.attribute) if expiry else None
        if expiry is None or name is None or getattr(item, name) is not None:
            return item
        at = int(attributes[expiry.attribute]["N"])
        return msgspec.structs.replace(item, **{name: at})  # type: ignore[type-var] # a Struct

    def keyed(self, attribute: str, value: Wire, key: Mapping[str, Wire]) -> Wire:
        """Return an attribute's value as keys hold it; that of no key as it is.

        A sharded value gets the shard that the item's primary key gives it.

        Raises
        ------
        BadValueError
            If DynamoDB does not take the value in a key.
        """
        limit, count = self.table.key_limits.get(attribute), self._shards.get(attribute)
        if limit is None:
            return value
        if count is not None:
            check_key(attribute, value, limit)  # behind a mark an empty text would look like one
            shards.refuse_marked(attribute, value["S"])
            shard = shards.shard_of((key[a] for a in self.table.key.attributes), count)
            value = {"S": shards.sharded(value["S"], shard)}
        return check_key(attribute, value, limit)

    @cached_property
    def expiry(self) -> Expiry | None:
        """Return how long such items are kept."""
        return self.settings.expiry(self.table, self.kind)

    @cached_property
    def constants(self) -> Attributes:
        """The attributes that all such items share."""
        return {name: encode_any(v) for name, v in self.kind.constants.items()}

    @cached_property
    def derived(self) -> tuple[KeyPart, ...]:
        """The attributes that templates make."""
        return tuple(key_part(self.kind, self.table, name) for name in self.kind.templates)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return {f.encode_name: f.name for f in msgspec.structs.fields(self.kind.shape)}

    @cached_property
    def _fields(self) -> Mapping[str, Callable[[Any], Any]]:
        return {attribute: attrgetter(name) for attribute, name in self._names.items()}

    @cached_property
    def _since(self) -> Callable[[Any], Any] | None:
        since = self.expiry.since if self.expiry else None
        return self._fields[since] if since else None

    def _getters(self, part: KeyPart) -> Iterable[tuple[str, Callable[[Any], Any]]]:
        return ((name, self._fields[name]) for name in part.parameters)

    @cached_property
    def _shards(self) -> Mapping[str, int]:
        return self.settings.shards(self.table)

    def check_ttl(self, attributes: Mapping[str, Wire | None]) -> None:
        """Refuse an expiry among attributes that is not a moment in epoch seconds.

        Raises
        ------
        BadValueError
            If there is one before 1980 or after 2200.
        """
        ttl = self.table.ttl.attribute if self.table.ttl else None
        given = attributes.get(ttl) if ttl else None
        if ttl and given and "N" in given:
            check_ttl(ttl, float(given["N"]))

    @cached_property
    def _write(self) -> Callable[[Any], Attributes]:
        return values.struct_writer(self.kind.shape)

    @cached_property
    def _check(self) -> readback.ValueCheck:
        return readback.item_check(self.kind.shape)


class Reader(Generic[T]):
    """Items of one kind as they are read.

    Parameters
    ----------
    path
        What errors name first: the pattern, or the stream.
    table, kind
        The table, and the kind of item in it.
    shape
        What the items come back as: the kind's own shape, or some of its fields.
    index
        The index that the items are read from; None for the table itself.

    Attributes
    ----------
    wire
        The type that a response's item is decoded into: the shape's fields, and the keys
        and the expiry, that the page and its cursor are made of. With a discriminator, that
        too, which has to be the kind's: an item of another kind fails to decode.
    """

    def __init__(
        self,
        path: str,
        table: Table,
        kind: Entity,
        shape: type[msgspec.Struct],
        index: Index | None = None,
    ) -> None:
        self._expected = misfit.Expected(path, table, {kind.tag: shape.__name__})
        self._shape = shape
        keys = dict.fromkeys((*table.key.attributes, *(index.key.attributes if index else ())))
        ttl = table.ttl.attribute if table.ttl else None
        fields = msgspec.structs.fields(shape)
        names = {f.encode_name: f.name for f in fields}
        more = [a for a in (*keys, *([ttl] if ttl else [])) if a not in names]
        types = {a: kind.type_of(a) or table.type_of(a) or "S" for a in dict.fromkeys(more)}
        extra = {a: values.may_be_absent(values.as_stored(tag)) for a, tag in types.items()}
        if table.discriminator:
            extra[table.discriminator] = values.of_type(Literal[kind.tag])
        exact = {a: values.exact_float(shape, a) for a in keys if values.is_float(shape, a)}
        instead = exact | {a: values.sharded_text(shape, a) for a in table.sharded if a in names}
        reader = values.struct_reader(shape, extra, kind.shape, instead)
        self.wire: Any = reader.wire
        self._read = reader.read
        by_attribute = {f.encode_name: f.name for f in msgspec.structs.fields(self.wire)}

        self._keys = [
            _KeyReader(a, attrgetter(by_attribute[a]), kind.type_of(a) or table.type_of(a) or "S")
            for a in keys
        ]
        sort = (index.key if index else table.key).sort
        self._sort = [key for key in self._keys if key.attribute in sort]
        self._ttl = attrgetter(by_attribute[ttl]) if ttl else None

    @classmethod
    def of(cls, pattern: Pattern[Any], which: int = 0) -> Reader[T]:
        """Return what reads a pattern's items.

        Parameters
        ----------
        which
            Which of the pattern's shapes, where it has several.
        """
        table, name = pattern.table, pattern.index_name
        index = table.index(name) if name else None
        return cls(pattern.name, table, pattern.kinds[which], pattern.shapes[which], index)

    @property
    def page_decoder(self) -> msgspec.json.Decoder[Any]:
        """Return what decodes a page of such items."""
        return reply.decoder(reply.PageReply, self.wire)

    def fit(self, stored: msgspec.Raw | Attributes) -> Any:
        """Return one item as it is decoded.

        Raises
        ------
        ItemUnreadableError
            If it does not fit the pattern's shape.
        """
        return misfit.fit(self._expected, self._decoded, stored)

    def item(self, wire: Any) -> T:
        """Return the item in the pattern's shape.

        Raises
        ------
        ItemUnreadableError
            If what was decoded makes no such item.
        """
        try:
            return self._read(wire)  # type: ignore[no-any-return] # made of a type known at run time
        except misfit.UNCONVERTIBLE as error:
            key: Attributes = {}
            with suppress(*misfit.UNCONVERTIBLE):
                key = self.key(wire)
            raise misfit.of_decoded(self._expected, self._shape, key, wire, error) from None

    def items(self, wires: Iterable[Any]) -> list[T]:
        """Return the items of a page.

        Raises
        ------
        Exception
            If one of them makes no item. `item` says which, and why.
        """
        return list(map(self._read, wires))

    def live(self, wires: Iterable[Any], now: float) -> list[Any]:
        """Return those of them that have not expired."""
        if self._ttl is None:
            return list(wires)
        return [w for w in wires if not self.expired(w, now)]

    def expired(self, wire: Any, now: float) -> bool:
        """Return whether the item's time is over, whether or not DynamoDB has deleted it yet.

        Parameters
        ----------
        now
            Epoch seconds.
        """
        at = self._ttl(wire) if self._ttl else None
        return at is not None and not getattr(at, "NULL", False) and float(at.N) <= now

    def key(self, wire: Any) -> Attributes:
        """Return the item's table and index keys, as stored."""
        found = ((key.attribute, key.stored(wire)) for key in self._keys)
        return {attribute: value for attribute, value in found if value is not None}

    def order(self, wire: Any) -> tuple[Any, ...]:
        """Return the values of the sort key, which compare as DynamoDB sorts them."""
        return tuple(map(values.ordered, self.sort_key(wire)))

    def sort_key(self, wire: Any) -> list[Wire]:
        """Return the same as it is stored."""
        return [key.stored(wire) or {} for key in self._sort]

    def _decoded(self, stored: msgspec.Raw | Attributes) -> Any:
        if isinstance(stored, msgspec.Raw):
            return reply.decoder(self.wire).decode(stored)
        return msgspec.convert(stored, self.wire, strict=False)


class _KeyReader(msgspec.Struct, frozen=True):
    """One key attribute of a decoded item: its value comes from what is stored, not from a field.

    Attributes
    ----------
    tag
        The attribute's type: `S`, `N` or `B`.
    """

    attribute: str
    get: Callable[[Any], Any]
    tag: str

    def stored(self, wire: Any) -> Wire | None:
        found = self.get(wire)
        if found is None or getattr(found, "NULL", False):
            return None
        value = getattr(found, self.tag)
        if isinstance(value, enum.Enum):
            value = value.value
        if self.tag == "N":
            return {"N": number_text(Decimal(value) if isinstance(value, str) else value)}
        return {self.tag: value}
