"""Updates: which attributes change, and what has to change with them.

With a field change the keys that a template makes of it, the shard and the expiry that
counts from it. What is given as None is removed, so that no item ever holds NULL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from keyline.model.condition import AnyOf
from keyline.model.pattern import Update, primary_fields
from keyline.run.codec import Attributes, KeyPart, Writer, value_of
from keyline.run.errors import BadCall, BadValue
from keyline.run.expressions import Expressions, conditions
from keyline.run.request import (
    NOW,
    Request,
    check_names,
    conditional,
    key_of,
    place_of_now,
    present,
    primary_key,
)
from keyline.run.values import Wire, same

_ONE: Wire = {"N": "1"}


class UpdateRequests:
    """The UpdateItem requests of one pattern."""

    def __init__(self, pattern: Update[Any], table_name: str, writer: Writer) -> None:
        self.pattern = pattern
        self.writer = writer
        self._fixed: Request = {"TableName": table_name}
        self._key = primary_key(pattern)
        self._parameters = frozenset(pattern.parameters)
        self._settable = frozenset(pattern.changed) - frozenset(pattern.remove)
        self._derived = tuple(self._derived_parts())

    def build(
        self,
        changes: Mapping[str, Any],
        expected: int | None,
        given: Mapping[str, Any],
        now: float,
        stale: Attributes | None = None,
    ) -> Request:
        """The request for these changes.

        Parameters
        ----------
        changes
            The values of attributes to set, add or discard: of all that the pattern names, or
            of some.
        expected
            The version that the item has to have, where the pattern counts versions.
        stale
            An expired item that is still there, for an upsert to start anew over.

        Raises
        ------
        BadCall
            If a name is missing or unknown.
        """
        check_names(self.pattern, given, self._parameters)
        self._check(changes, expected)
        change = self._change(changes, expected, given, now, stale)
        texts = [*change.guard, *self._conditions(change.expressions, anew=stale is not None)]
        return {
            **self._fixed,
            "Key": change.key,
            **({"UpdateExpression": change.text} if change.text else {}),
            **conditional(texts),
            **change.expressions.parameters({**given, NOW: now}),
        }

    def is_done(
        self,
        item: Attributes,
        changes: Mapping[str, Any],
        expected: int | None,
        given: Mapping[str, Any],
        now: float,
        stale: Attributes | None = None,
    ) -> bool:
        """Whether an item is as `build`'s request for the same leaves it, by its next version.

        What is added or discarded does not show in an item: False where something is.
        """
        pattern = self.pattern
        if not pattern.version or set(changes) & {*pattern.add, *pattern.discard}:
            return False
        version = 1 if stale is not None or expected is None else expected + 1
        change = self._change(changes, expected, given, now, stale)
        return same(item.get(pattern.version), {"N": str(version)}) and change.is_seen_in(item)

    def may_start_anew(self) -> bool:
        """Whether the pattern's conditions hold where there is no item."""
        return self.pattern.upsert and all(
            any(c.operator == "absent" for c in (w.conditions if isinstance(w, AnyOf) else (w,)))
            for w in self.pattern.conditions
        )

    def _change(
        self,
        changes: Mapping[str, Any],
        expected: int | None,
        given: Mapping[str, Any],
        now: float,
        stale: Attributes | None,
    ) -> _Change:
        key = key_of(self._key, given)
        change = _Change(self.pattern, self.writer, key, anew=stale is not None)
        change.apply(changes)
        change.derive(self._derived, {**given, **changes}, now)
        if self.pattern.version:
            change.version(expected)
        if stale is not None:
            change.clear(stale)
        return change

    def _conditions(self, expressions: Expressions, *, anew: bool) -> list[str]:
        table = self.pattern.table
        if anew and table.ttl:
            return [f"{expressions.name(table.ttl.attribute)} <= {place_of_now(expressions)}"]
        texts = present(expressions, self.pattern, must_exist=not self.pattern.upsert)
        return texts + conditions(expressions, self.pattern, self.pattern.conditions)

    def _check(self, changes: Mapping[str, Any], expected: int | None) -> None:
        pattern, unknown = self.pattern, sorted(set(changes) - self._settable)
        takes = ", ".join(sorted(self._settable)) or "none"
        if unknown:
            raise BadCall(pattern.name, f"does not change {', '.join(unknown)}.", f"Only {takes}.")
        if not changes and not pattern.remove:
            raise BadCall(pattern.name, "is given nothing to change.", f"Give some of {takes}.")
        if expected is not None and not pattern.version:
            raise BadCall(pattern.name, "counts no versions.", "Declare version=.")
        if expected is None and pattern.version and not pattern.upsert:
            raise BadCall(pattern.name, "lacks the version.", "Give expected=.")

    def _derived_parts(self) -> Iterable[KeyPart]:
        """The key attributes made from fields that change."""
        pattern = self.pattern
        known = set(pattern.set) | {n for part in self._key for n in part.parameters}
        for part in self.writer.derived:
            touched = set(part.parameters) & set(pattern.changed)
            if part.attribute in pattern.table.key.attributes:
                continue
            if touched or (pattern.upsert and set(part.parameters) <= known):
                yield part


class _Change:
    """The clauses of one update while they are put together.

    Attributes
    ----------
    guard
        The texts of the condition on the version.
    """

    def __init__(
        self, pattern: Update[Any], writer: Writer, key: Attributes, *, anew: bool
    ) -> None:
        self._pattern = pattern
        self._writer = writer
        self.key = key
        self._anew = anew
        self._set: dict[str, str] = {}
        self._values: dict[str, Wire | None] = {}
        self._removed: set[str] = set()
        self.guard: list[str] = []
        self._clauses: dict[str, list[str]] = {"REMOVE": [], "ADD": [], "DELETE": []}
        self.expressions = Expressions()

    @property
    def text(self) -> str:
        """The update expression."""
        parts = {"SET": list(self._set.values()), **self._clauses}
        return " ".join(f"{word} {', '.join(texts)}" for word, texts in parts.items() if texts)

    def is_seen_in(self, item: Attributes) -> bool:
        """Whether an item has what is set, anything where it is set once, and nothing removed."""
        return all(
            name in item if wire is None else same(item.get(name), wire)
            for name, wire in self._values.items()
        ) and not any(name in item for name in self._removed)

    def apply(self, changes: Mapping[str, Any]) -> None:
        """What the call gives, and what the pattern takes away."""
        pattern = self._pattern
        for name, given in changes.items():
            wire = self._encoded(name, given)
            if wire is None:
                self._nothing(name)
            elif name in pattern.add and not self._anew:
                self._clauses["ADD"].append(f"{self._name(name)} {self._place(name, wire)}")
            elif name in pattern.discard:
                self._discard(name, wire)
            else:
                self.put(name, wire, once=name in pattern.set_once)
        for name in pattern.remove:
            self._remove(name)

    def derive(self, parts: Iterable[KeyPart], known: Mapping[str, Any], now: float) -> None:
        """What follows from it: template keys, what a new item needs besides, the expiry."""
        pattern = self._pattern
        if pattern.upsert:
            self._new_item(known)
        for part in parts:
            self._derive_key(part, known)
        expiry = self._writer.expiry
        if expiry is None or expiry.attribute in known:
            return
        moved = expiry.since in pattern.set and expiry.since in known
        if moved or pattern.upsert:
            moment = known.get(expiry.since) if expiry.since else None
            wire = {"N": str(expiry.at(moment, now))}
            self.put(expiry.attribute, wire, once=not moved)

    def _new_item(self, known: Mapping[str, Any]) -> None:
        """The constants, and the fields that the key is made of."""
        for name, wire in self._writer.constants.items():
            if name not in self.key:
                self.put(name, wire)
        for name in primary_fields(self._pattern):
            if name not in self._set and (wire := self._encoded(name, known[name])) is not None:
                self.put(name, wire)

    def version(self, expected: int | None) -> None:
        """Count the version up, on the condition that it is the expected one."""
        version = self._pattern.version or ""
        name = self._name(version)
        if self._anew:
            self.put(version, _ONE)
            return
        self._clauses["ADD"].append(f"{name} {self._place('one', _ONE)}")
        if expected is None:
            self.guard.append(f"attribute_not_exists({name})")
            return
        wire = self._encoded(version, expected)
        self.guard.append(f"{name} = {self._place('expected', wire or _ONE)}")

    def clear(self, stale: Attributes) -> None:
        """Take away what is left of an expired item."""
        for name in stale:
            if name not in self.key and name not in self._set:
                self._remove(name)

    def put(self, name: str, wire: Wire, *, once: bool = False) -> None:
        """Set an attribute; `once` only where it has no value."""
        alias, place = self._name(name), self._place(name, wire)
        once = once and not self._anew
        value = f"if_not_exists({alias}, {place})" if once else place
        self._values[name] = None if once else wire
        self._set[name] = f"{alias} = {value}"

    def _derive_key(self, part: KeyPart, known: Mapping[str, Any]) -> None:
        pattern = self._pattern
        gone = [p for p in part.parameters if p in pattern.remove or known.get(p, part) is None]
        missing = [p for p in part.parameters if p not in known and p not in pattern.remove]
        if gone:
            self._remove(part.attribute)
        elif missing and len(missing) < len(part.parameters):
            raise BadCall(
                pattern.name,
                f"changes a part of {part.attribute} only.",
                f"Give {', '.join(missing)} as well.",
            )
        elif not missing and (wire := part.make(known)) is not None:
            wire = self._writer.shard(part.attribute, wire, self.key)
            self.put(part.attribute, wire)

    def _encoded(self, name: str, given: Any) -> Wire | None:
        value = value_of(self._pattern.kind, self._pattern.table, name)
        try:
            wire = value.encode(given) if given is not None else None
        except BadValue as error:
            raise error.at(name) from error
        return self._writer.shard(name, wire, self.key) if wire is not None else None

    def _nothing(self, name: str) -> None:
        """An empty value: takes away what is set, and adds or discards nothing."""
        if name in self._pattern.set:
            self._remove(name)

    def _discard(self, name: str, wire: Wire) -> None:
        if not self._anew:
            self._clauses["DELETE"].append(f"{self._name(name)} {self._place(name, wire)}")

    def _remove(self, name: str) -> None:
        alias = self._name(name)
        self._removed.add(name)
        if alias not in self._clauses["REMOVE"]:
            self._clauses["REMOVE"].append(alias)

    def _name(self, attribute: str) -> str:
        return self.expressions.name(attribute)

    def _place(self, hint: str, wire: Wire) -> str:
        return self.expressions.place(hint, lambda _: wire)
