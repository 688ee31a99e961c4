"""The expression of one update: its clauses, and the conditions that they make.

What is given as None is removed, unless absence stands for a default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from keyline.model.pattern import Update, primary_fields
from keyline.model.place import Place, default_within, last_name
from keyline.model.shape import fields_of, strip
from keyline.run import readback, values
from keyline.run.bounds import Bounds
from keyline.run.codec import Attributes, ItemWriter, KeyPart
from keyline.run.comparison import same
from keyline.run.errors import BadCallError, BadValueError, ConditionFailedError
from keyline.run.expressions import Expressions
from keyline.run.numbers import number_text
from keyline.run.presence import presence
from keyline.run.scalars import Wire
from keyline.run.set_from import Move
from keyline.run.values import Value

_ONE: Wire = {"N": "1"}
_NO_VALUE = "Give a value. To remove the part, call an update that names it in `remove`."


class UpdateExpression:
    """The clauses of one update while they are put together.

    Attributes
    ----------
    guard
        The texts of the conditions that its values make: on the version, and so that the item
        can be read afterwards.
    """

    def __init__(
        self,
        pattern: Update[Any],
        writer: ItemWriter,
        key: Attributes,
        bounds: Mapping[str, Bounds],
        bare: Mapping[str, Any],
        moves: Mapping[str, Move],
        *,
        replacing: bool,
    ) -> None:
        self._pattern = pattern
        self._shape = pattern.kind.shape
        self._bounds = bounds
        self._bare = bare
        self._moves = moves
        self._writer = writer
        self.key = key
        self._replacing = replacing
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

    @property
    def written(self) -> Attributes:
        """The attributes that the item has afterwards, as far as they are known."""
        return {**self.key, **{name: wire for name, wire in self._values.items() if wire}}

    def is_seen_in(self, item: Attributes) -> bool:
        """Return whether an item has what is set, a value where it is set once, nothing removed."""
        return all(
            name in item if wire is None else same(item.get(name), wire)
            for name, wire in self._values.items()
        ) and not any(name in item for name in self._removed)

    def apply(self, changes: Mapping[str, Any]) -> None:
        """Return what the call gives, in the pattern's order, and what the pattern takes away."""
        pattern = self._pattern
        for name in (n for n in pattern.changed if n in changes):
            if name in pattern.set_from:
                self._set_from(name, changes[name])
            elif name in pattern.add:
                self._add(name, changes[name])
            elif name in pattern.parts:
                self._change_part(name, changes[name])
            elif name in pattern.discard:
                self._discard(name, changes[name])
            elif (wire := self._encoded(name, changes[name])) is not None:
                self.put(name, wire, once=name in pattern.set_once)
            elif name in pattern.set:
                self._remove(name)
        for name in pattern.set_from:
            if name in pattern.without_value:
                self._set_from(name, None)
        for name in pattern.remove:
            if name in pattern.parts:
                self._remove_part(pattern.parts[name])
            else:
                self._remove(name)

    def start(self, known: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
        """Return what a new item has: constants, fields of its key, defaults that indexes need."""
        for name, wire in self._writer.constants.items():
            if name not in self.key:
                self.put(name, wire)
        for name in primary_fields(self._pattern):
            if name not in self._set and (wire := self._encoded(name, known[name])) is not None:
                self.put(name, wire)
        for name, wire in self.key.items():
            if name in fields_of(self._shape):
                readback.field_check(self._shape, name)(wire)
        for name, default in defaults.items():
            if name not in known and (wire := self._encoded(name, default)) is not None:
                self.put(name, wire, once=True)

    def need(self, lacking: Iterable[str]) -> None:
        """Require that an item is there, where a new one would lack a required field."""
        names = ", ".join(sorted(lacking))
        if names and self._replacing:
            raise self._no_item(f"there is no item, and a new one needs {names}.")
        if names:
            self.guard.append(f"attribute_exists({self._partition})")

    def derive(
        self,
        parts: Iterable[KeyPart],
        given: Mapping[str, Any],
        changes: Mapping[str, Any],
        defaults: Mapping[str, Any],
    ) -> None:
        """Derive the template keys of fields that change, or that a new item has from the start."""
        for part in parts:
            if any(p in changes or p in self._pattern.remove for p in part.parameters):
                self._derive_key(part, {**given, **changes})
            elif self._pattern.upsert and all(p in given or p in defaults for p in part.parameters):
                once = any(p not in given for p in part.parameters)
                self._derive_key(part, {**defaults, **given}, once=once)

    def expire(self, known: Mapping[str, Any], now: float) -> None:
        """Return when the item expires, where it is new or the moment that it counts from moves."""
        expiry, pattern = self._writer.expiry, self._pattern
        if expiry is None or expiry.attribute in {**known, **pattern.set_from}:
            return
        moved = (expiry.since in pattern.set and expiry.since in known) or (
            expiry.since in pattern.remove
        )
        if moved or pattern.upsert:
            moment = known.get(expiry.since) if expiry.since else None
            wire = {"N": str(expiry.at(moment, now))}
            self.put(expiry.attribute, wire, once=not moved)

    def version(self, expected: int | None) -> None:
        """Count the version up, on the condition that it is the expected one."""
        version = self._pattern.version or ""
        name, field = self._name(version), fields_of(self._shape)[version]
        if self._replacing:
            self.put(version, _ONE)
            return
        if expected is None:
            self._clauses["ADD"].append(f"{name} {self._place('one', _ONE)}")
            # An item that lacks the attribute has the default as its version, if there is one.
            lacking = name if field.optional and not field.defaulted else self._partition
            self.guard.append(f"attribute_not_exists({lacking})")
            return
        wire, following = self._encoded(version, expected), self._encoded(version, expected + 1)
        is_expected = f"{name} = {self._place('expected', wire or _ONE)}"
        if field.defaulted and expected == field.default:
            lacking = f"attribute_not_exists({name}) AND attribute_exists({self._partition})"
            self.guard.append(f"({is_expected} OR ({lacking}))")
            self.put(version, following or _ONE)
            return
        self.guard.append(is_expected)
        self._clauses["ADD"].append(f"{name} {self._place('one', _ONE)}")

    def clear(self, stale: Attributes) -> None:
        """Take away what is left of an expired item."""
        for name in stale:
            if name not in self.key and name not in self._set:
                self._remove(name)

    def put(self, name: str, wire: Wire, *, once: bool = False) -> None:
        """Set an attribute; `once` only where it has no value."""
        alias, place = self._name(name), self._place(name, wire)
        once = once and not self._replacing
        value = f"if_not_exists({alias}, {place})" if once else place
        self._values[name] = None if once else wire
        self._set[name] = f"{alias} = {value}"

    def _derive_key(self, part: KeyPart, known: Mapping[str, Any], *, once: bool = False) -> None:
        pattern = self._pattern
        gone = [p for p in part.parameters if p in pattern.remove or known.get(p, part) is None]
        missing = [p for p in part.parameters if p not in known and p not in pattern.remove]
        if gone:
            self._remove(part.attribute)
        elif missing:
            raise BadCallError(
                pattern.name,
                f"changes a part of {part.attribute} only.",
                f"Give {', '.join(missing)} as well.",
            )
        elif (wire := part.make(known)) is not None:
            wire = self._writer.keyed(part.attribute, wire, self.key)
            self.put(part.attribute, wire, once=once)

    def _encoded(self, name: str, given: Any) -> Wire | None:
        """Return a value that is set; None if the attribute is to be left out."""
        field = fields_of(self._shape)[name]
        if given is None and not field.optional:
            message = "is required." if field.required else "does not take None."
            raise BadValueError(name, message, "Give a value, or allow None in the shape.")
        wire = self._wire(name, values.of_field(self._shape, name), given)
        if wire is None:
            return None
        readback.field_check(self._shape, name)(wire)
        self._writer.check_ttl({name: wire})
        return self._writer.keyed(name, wire, self.key)

    def _wire(self, name: str, value: Value, given: Any) -> Wire | None:
        try:
            return value.encode(given)
        except BadValueError as error:
            raise values.inside(error, name) from error

    def _members(self, name: str, given: Any) -> Wire | None:
        """Return what is added or discarded; None where nothing is added."""
        if given is None:
            return None
        bare = self._bare[name]
        wire = self._wire(name, values.of_type(bare), given)
        if wire is not None:
            readback.part_check(name, bare)(wire)
        return wire

    def _add(self, name: str, given: Any) -> None:
        wire, bounds = self._members(name, given), self._bounds.get(name)
        if wire is None:
            return
        if bounds is not None:
            self._add_number(name, wire, bounds)
        elif self._replacing:
            self.put(name, wire)
        else:
            self._clauses["ADD"].append(f"{self._name(name)} {self._place(name, wire)}")

    def _change_part(self, name: str, given: Any) -> None:
        """Set a part of an attribute, or add members to a list."""
        place = self._pattern.parts[name]
        value = values.of_type(place.annotation)
        wire = None if given is None else self._wire(name, value, given)
        if wire is None:
            raise BadValueError(name, "has no value.", _NO_VALUE)
        path, put = self.expressions.path(place), self._place(last_name(name), wire)
        if name in (*self._pattern.set, *self._pattern.set_once):
            readback.part_check(name, place.annotation)(wire)
            self._guard_part(place)
            once = name in self._pattern.set_once
            self._set[name] = f"{path} = " + (f"if_not_exists({path}, {put})" if once else put)
            return
        readback.part_check(name, strip(place.annotation).bare)(wire)
        if place.steps:
            self._guard_part(place)
        start = default_within(place, len(place.steps))
        lacking = self._place("lacking", value.encode(start or []) or {"L": []})
        there = f"if_not_exists({path}, {lacking})"
        both = f"{there}, {put}" if name in self._pattern.append else f"{put}, {there}"
        self._set[name] = f"{path} = list_append({both})"

    def _set_from(self, name: str, given: Any) -> None:
        """Set what comes from another attribute, with what the call gives to it."""
        move, called = self._moves[name], last_name(name)
        wire = self._given_to(name, move, given)
        if wire and self._replacing:  # there is only what is left of an expired item
            self.put(name, wire)
            return
        origin, value = self.expressions.path(move.origin), self._origin(move)
        if wire:
            put = self._place(called, wire)
            value = f"{value} + {put}" if move.adds else f"if_not_exists({origin}, {put})"
        if move.target.steps:
            self._guard_part(move.target)
        self._set[name] = f"{self.expressions.path(move.target)} = {value}"
        self._values[name] = None
        delta = Decimal(wire["N"]) if wire and move.adds else Decimal(0)
        starts = move.or_given or (move.default is not None and move.admits_default(delta))
        self._bound(origin, last_name(called), list(move.before(delta)), starts=starts)

    def _given_to(self, name: str, move: Move, given: Any) -> Wire | None:
        """Return what a call gives to what is set from another attribute; None of a plain one."""
        if name in self._pattern.without_value:
            return None
        if move.adds:
            wire = self._members(name, given)
            if wire and move.bounds:
                move.bounds.check_step(name, Decimal(wire["N"]))
        elif move.target.steps:
            value = values.of_type(move.target.annotation)
            wire = None if given is None else self._wire(name, value, given)
            if wire:
                readback.part_check(name, move.target.annotation)(wire)
        else:
            wire = self._encoded(name, given)
        if wire is None:
            raise BadValueError(name, "has no value.", "Give a value.")
        return wire

    def _origin(self, move: Move) -> str:
        """Return the value at the place that another one is set from, or its default."""
        path = self.expressions.path(move.origin)
        if move.or_given or move.default is None:
            return path
        if move.origin.steps:
            self._guard_part(move.origin)
        default = self._place(f"{last_name(move.origin.attribute)}_default", move.default)
        return f"if_not_exists({path}, {default})"

    def _remove_part(self, place: Place) -> None:
        self._guard_part(place)
        self._clauses["REMOVE"].append(self.expressions.path(place))

    def _guard_part(self, place: Place) -> None:
        """Require that the parent of the part is there; of a list the very element."""
        steps = place.steps if isinstance(place.steps[-1], int) else place.steps[:-1]
        levels = place.levels[: len(steps) + 1] if steps != place.steps else ()
        around = Place(place.attribute, steps, levels)
        self.guard.append(presence(self.expressions, around).leads)

    def _add_number(self, name: str, wire: Wire, bounds: Bounds) -> None:
        delta = Decimal(wire["N"])
        bounds.check_step(name, delta)
        starts = bounds.admit_start(delta)
        if self._replacing and not starts:
            raise self._no_item(f"there is no item, and a new one's {name} would be out of bounds.")
        if self._replacing:
            self.put(name, {"N": number_text(bounds.started(delta))})
            return
        part, called = self._pattern.parts.get(name), last_name(name)
        path = self.expressions.path(part) if part else self._name(name)
        put = self._place(called, wire)
        if part:
            self._guard_part(part)
        if part or bounds.start:  # DynamoDB takes no part in ADD
            start = self._place(f"{called}_default", {"N": number_text(bounds.start)})
            self._set[name] = f"{path} = if_not_exists({path}, {start}) + {put}"
        else:
            self._clauses["ADD"].append(f"{path} {put}")
        self._bound(path, called, bounds.before(delta), starts=starts)

    def _bound(
        self, path: str, called: str, before: list[tuple[str, Decimal]], *, starts: bool
    ) -> None:
        """Require that the total keeps to the declared bounds."""
        text = " AND ".join(
            f"{path} {sign} {self._place(f'{called}_bound', {'N': number_text(limit)})}"
            for sign, limit in before
        )
        if text:
            self.guard.append(f"(attribute_not_exists({path}) OR {text})" if starts else text)
        elif not starts:
            self.guard.append(f"attribute_exists({path})")

    def _discard(self, name: str, given: Any) -> None:
        wire = self._members(name, given)
        if wire is not None and not self._replacing:
            self._clauses["DELETE"].append(f"{self._name(name)} {self._place(name, wire)}")

    def _no_item(self, message: str) -> ConditionFailedError:
        return ConditionFailedError(
            self._pattern.name, message, "Give what it needs.", current=None
        )

    @cached_property
    def _partition(self) -> str:
        return self._name(self._pattern.table.key.partition[0])

    def _remove(self, name: str) -> None:
        alias = self._name(name)
        self._removed.add(name)
        if alias not in self._clauses["REMOVE"]:
            self._clauses["REMOVE"].append(alias)

    def _name(self, attribute: str) -> str:
        return self.expressions.name(attribute)

    def _place(self, hint: str, wire: Wire) -> str:
        return self.expressions.place(hint, lambda _: wire)
