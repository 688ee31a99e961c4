"""Updates: which attributes change, and what has to change with them.

With a field change the keys that a template makes of it, the shard and the expiry that
counts from it. What is given as None is removed, unless absence stands for a default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from keyline.model.condition import holds_of_none
from keyline.model.pattern import Update, primary_fields
from keyline.model.place import place_of
from keyline.model.shape import fields_of, strip
from keyline.run.bounds import Bounds, bounds_of
from keyline.run.codec import Attributes, ItemWriter, KeyPart
from keyline.run.comparison import same
from keyline.run.errors import BadCallError
from keyline.run.expressions import Expressions, chosen, conditions
from keyline.run.request import (
    NOW,
    Request,
    check_names,
    check_size,
    conditional,
    key_of,
    place_of_now,
    present,
    primary_key,
)
from keyline.run.set_from import moves_of
from keyline.run.update_expression import UpdateExpression


class UpdateCall(msgspec.Struct, frozen=True):
    """The values of one call of an update.

    Attributes
    ----------
    changes
        The values of attributes to set, add or discard: of all that the pattern names, or
        of some.
    expected
        The version that the item has to have, where the pattern counts versions.
    given
        The values of the key and of the conditions.
    now
        The moment of the call, in epoch seconds.
    stale
        An expired item that is still there, which an upsert replaces; None where the call does
        not know of one.
    """

    changes: Mapping[str, Any]
    expected: int | None
    given: Mapping[str, Any]
    now: float
    stale: Attributes | None = None

    @property
    def replacing(self) -> bool:
        """Return whether the call replaces an expired item."""
        return self.stale is not None


class UpdateRequests:
    """The UpdateItem requests of one pattern."""

    def __init__(self, pattern: Update[Any], table_name: str, writer: ItemWriter) -> None:
        self.pattern = pattern
        self.writer = writer
        self._fixed: Request = {"TableName": table_name}
        self._key = primary_key(pattern)
        self._parameters = frozenset(pattern.parameters)
        self._settable = frozenset(pattern.changed) - pattern.without_value
        self._moves = moves_of(pattern)
        self._bounds = self._bounds_of_counters()
        self._bare = self._bare_types()
        self._defaults = self._index_defaults()
        self._derived = tuple(self._derived_parts())
        self._needed = self._needed_of_a_new_item()

    def build(self, call: UpdateCall) -> Request:
        """Return the request of a call.

        Raises
        ------
        BadCallError
            If a name is missing or unknown.
        BadValueError
            If a value cannot be stored, or could not be read back.
        ItemTooLargeError
            If the values alone are beyond 400 KB.
        ConditionFailedError
            If there is no item yet, and this would not make a whole one.
        """
        check_names(self.pattern, call.given, self._parameters)
        self._check(call.changes, call.expected)
        change = self._change(call)
        check_size(self.pattern, change.written)
        texts = self._conditions(change.expressions, call.given, replacing=call.replacing)
        return {
            **self._fixed,
            "Key": change.key,
            **({"UpdateExpression": text} if (text := change.text) else {}),
            **conditional([*change.guard, *texts]),
            **change.expressions.parameters({**call.given, NOW: call.now}),
        }

    def is_done(self, call: UpdateCall, item: Attributes) -> bool:
        """Return whether an item is as the call's request leaves it, by its next version.

        What is added, discarded or set from another attribute does not show in an item, and parts
        of attributes are not compared: False where there are some.
        """
        pattern = self.pattern
        unseen = {*pattern.add, *pattern.discard, *pattern.set_from, *pattern.parts}
        if not pattern.version or unseen & {*call.changes, *pattern.without_value}:
            return False
        version = 1 if call.replacing or call.expected is None else call.expected + 1
        change = self._change(call)
        return same(item.get(pattern.version), {"N": str(version)}) and change.is_seen_in(item)

    def replacing(self, call: UpdateCall, stale: Attributes | None) -> UpdateCall | None:
        """Return the same call in place of an expired item.

        None where there is no such item, where the call replaces one already, or where the
        pattern asks for an item.
        """
        if stale is None or call.replacing or not self._may_replace():
            return None
        return msgspec.structs.replace(call, stale=stale)

    def _may_replace(self) -> bool:
        """Return whether the pattern's conditions hold where there is no item."""
        return self.pattern.upsert and all(map(holds_of_none, self.pattern.conditions))

    def _change(self, call: UpdateCall) -> UpdateExpression:
        changes, given = call.changes, call.given
        key = key_of(self._key, given)
        change = UpdateExpression(
            self.pattern,
            self.writer,
            key,
            self._bounds,
            self._bare,
            self._moves,
            replacing=call.replacing,
        )
        change.apply(changes)
        if self.pattern.upsert:
            change.start({**given, **changes}, self._defaults)
            change.need(self._needed - set(changes))
        change.derive(self._derived, given, changes, self._defaults)
        change.expire({**given, **changes}, call.now)
        if self.pattern.version:
            change.version(call.expected)
        if call.stale is not None:
            change.clear(call.stale)
        return change

    def _conditions(
        self, expressions: Expressions, given: Mapping[str, Any], *, replacing: bool
    ) -> list[str]:
        table = self.pattern.table
        if replacing and table.ttl:
            return [f"{expressions.name(table.ttl.attribute)} <= {place_of_now(expressions)}"]
        texts = present(expressions, self.pattern, must_exist=not self.pattern.upsert)
        declared = conditions(expressions, self.pattern, self.pattern.conditions)
        return texts + chosen(declared, given)

    def _check(self, changes: Mapping[str, Any], expected: int | None) -> None:
        pattern, unknown = self.pattern, sorted(set(changes) - self._settable)
        takes = ", ".join(sorted(self._settable)) or "none"
        if unknown:
            raise BadCallError(
                pattern.name, f"does not change {', '.join(unknown)}.", f"Only {takes}."
            )
        if not changes and not pattern.without_value:
            raise BadCallError(
                pattern.name, "is given nothing to change.", f"Give some of {takes}."
            )
        if expected is not None and not pattern.version:
            raise BadCallError(pattern.name, "counts no versions.", "Declare version=.")
        if expected is None and pattern.version and not pattern.upsert:
            raise BadCallError(pattern.name, "lacks the version.", "Give expected=.")

    def _bounds_of_counters(self) -> Mapping[str, Bounds]:
        pattern = self.pattern
        places = {name: place_of(pattern.kind, name) for name in pattern.counters}
        return {name: bounds_of(p, pattern.table) for name, p in places.items() if p}

    def _bare_types(self) -> Mapping[str, Any]:
        """Return the types of what is added or discarded, without constraints."""
        pattern = self.pattern
        added = (*pattern.add, *pattern.discard, *pattern.set_from)
        places = {name: place_of(pattern.kind, name) for name in added}
        return {name: strip(place.annotation).bare for name, place in places.items() if place}

    def _index_defaults(self) -> Mapping[str, Any]:
        """Return the defaults that index keys are made of: a new item needs them to be found."""
        pattern, fields = self.pattern, fields_of(self.pattern.kind.shape)
        if not pattern.upsert:
            return {}
        keys = {a for index in pattern.table.indexes for a in index.key.attributes}
        made_of = {f for a, t in pattern.kind.templates.items() if a in keys for f in t.fields}
        fixed = {*pattern.remove, *primary_fields(pattern), *pattern.table.key.attributes}
        return {
            name: field.default
            for name, field in fields.items()
            if field.defaulted and name in (keys | made_of) - fixed
        }

    def _derived_parts(self) -> Iterable[KeyPart]:
        """Yield the key attributes made from fields that change, or that a new item starts with."""
        pattern = self.pattern
        known = {*pattern.set, *self._defaults, *(n for part in self._key for n in part.parameters)}
        for part in self.writer.derived:
            touched = set(part.parameters) & set(pattern.changed)
            if part.attribute in pattern.table.key.attributes:
                continue
            if touched or (pattern.upsert and set(part.parameters) <= known):
                yield part

    def _needed_of_a_new_item(self) -> frozenset[str]:
        """Return the required fields that a new item gets of a call's changes alone."""
        pattern, expiry = self.pattern, self.writer.expiry
        given = {*primary_fields(pattern), *pattern.table.key.attributes, pattern.version}
        given.add(expiry.attribute if expiry else None)
        fields = fields_of(pattern.kind.shape)
        return frozenset(n for n, f in fields.items() if f.required and n not in given)
