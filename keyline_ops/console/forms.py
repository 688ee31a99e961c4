"""The form of a pattern: which values a call takes, and the call that they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from keyline.errors import KeylineError, instead_of
from keyline.model import (
    BatchGet,
    BatchWrite,
    Check,
    Delete,
    Get,
    Pattern,
    Put,
    Query,
    TransactGet,
    TransactWrite,
    Update,
    fields_of,
)
from keyline.run import Read, Store, Write
from keyline_ops.querying.pattern import Text, ranges_of, type_of, typed

Given = Mapping[str, str]
"""Values as an address or a form has them."""
MOST_ACTIONS = 25
"""Keys and items of one call."""


class Answer(NamedTuple):
    """Items that a call returned, and where the next page begins."""

    items: Sequence[Any]
    cursor: str | None = None


Call = Callable[[Store], Answer]


@dataclass(frozen=True)
class Field:
    """A field of a form.

    Attributes
    ----------
    name
        As an address has it.
    label
        As a person reads it.
    kind
        The type of its value; `JSON` for a large field.
    text
        What was given, or what to begin with.
    """

    name: str
    label: str
    kind: str
    text: str

    @property
    def is_large(self) -> bool:
        """Return whether it has several lines."""
        return self.kind == "JSON"


def fields(pattern: Pattern[Any], given: Given) -> list[Field]:
    """Return the fields of a pattern's form."""
    found = [
        Field(name, label, _name_of(type_of(pattern, parameter)), given.get(name, ""))
        for parameter in _parameters(pattern)
        for name, label in _names(pattern, parameter)
    ]
    if isinstance(pattern, Update) and pattern.version:
        found.append(
            Field("expected", "expected version", "int or empty", given.get("expected", ""))
        )
    return found + [
        Field(name, name, "JSON", given.get(name) or _json(begin))
        for name, begin in _documents(pattern).items()
    ]


def call_of(pattern: Pattern[Any], given: Given, limit: int) -> Call:
    """Return the call that values make.

    Raises
    ------
    KeylineError
        If a value is missing or is not of its type.
    """
    values = typed(pattern, _texts(pattern, given))
    documents = {name: _document(pattern, name, given) for name in _documents(pattern)}
    match pattern:
        case Get():
            return lambda store: _one(store.get(pattern, **values))
        case Query():
            cursor = given.get("cursor") or None
            return lambda store: _page(store, pattern, limit, cursor, values)
        case BatchGet():
            keys = _few("keys", documents["keys"])
            typed_keys = [_typed_key(pattern, key) for key in keys]
            return lambda store: Answer(store.batch_get(pattern, keys=typed_keys))
        case Put():
            item = _item(pattern, documents["item"])
            return lambda store: _one(store.put(pattern, item, **values))
        case Update():
            return _update(pattern, documents["changes"], values, given.get("expected", ""))
        case Delete():
            return _silent(lambda store: store.delete(pattern, **values))
        case BatchWrite():
            puts = [_item(pattern, each) for each in _few("puts", documents["puts"])]
            deletes = [_typed_key(pattern, key) for key in _few("deletes", documents["deletes"])]
            return _silent(lambda s: s.batch_write(pattern, puts=puts, deletes=deletes))
        case TransactGet():
            reads = [_read(pattern, each) for each in _few("actions", documents["actions"])]
            return lambda store: Answer([i for i in store.transact_get(pattern, reads) if i])
        case TransactWrite():
            writes = [_write(pattern, each) for each in _few("actions", documents["actions"])]
            return _silent(lambda store: store.transact(pattern, writes))
    raise KeylineError(pattern.name, "is not called by itself.", "Call what it is a part of.")


def _silent(work: Callable[[Store], None]) -> Call:
    """Return a call that returns no item."""

    def call(store: Store) -> Answer:
        work(store)
        return Answer([])

    return call


def _one(item: Any) -> Answer:
    return Answer([] if item is None else [item])


def _page(
    store: Store, pattern: Query[Any], limit: int, cursor: str | None, values: Mapping[str, Any]
) -> Answer:
    page = store.query(pattern, limit=min(limit, pattern.max_page), cursor=cursor, **values)
    return Answer(page.items, page.cursor)


def _update(pattern: Update[Any], document: Any, key: Mapping[str, Any], expected: str) -> Call:
    changes = _changes(pattern, document)
    version = int(expected) if expected.isdecimal() else None
    if pattern.exactly_once:
        return _silent(lambda store: store.update_once(pattern, changes, **key))
    return lambda store: _one(store.update(pattern, changes, expected=version, **key))


def _parameters(pattern: Pattern[Any]) -> tuple[str, ...]:
    """Return the values of a call that are fields of their own."""
    return () if isinstance(pattern, BatchGet | BatchWrite) else pattern.parameters


def _names(pattern: Pattern[Any], parameter: str) -> list[tuple[str, str]]:
    if parameter not in ranges_of(pattern):
        return [(parameter, parameter)]
    return [(f"{parameter}.from", f"{parameter} from"), (f"{parameter}.to", f"{parameter} to")]


def _texts(pattern: Pattern[Any], given: Given) -> dict[str, Text]:
    texts: dict[str, Text] = {}
    for parameter in _parameters(pattern):
        found = [given.get(name, "") for name, _ in _names(pattern, parameter)]
        if "" in found:
            raise KeylineError(
                f"{pattern.name}.{parameter}", "has no value.", "Fill in all fields."
            )
        texts[parameter] = (found[0], found[1]) if len(found) == 2 else found[0]
    return texts


def _documents(pattern: Pattern[Any]) -> Mapping[str, Any]:
    """Return the JSON fields of a form, and what each begins with."""
    match pattern:
        case Put():
            return {"item": _skeleton(pattern)}
        case Update():
            given = (name for name in pattern.set_from if name not in pattern.without_value)
            names = (*pattern.set, *pattern.set_once, *pattern.add, *given, *pattern.append)
            more = (*pattern.prepend, *pattern.discard)
            return {"changes": dict.fromkeys((*names, *more))}
        case BatchGet():
            return {"keys": [dict.fromkeys(pattern.parameters)]}
        case BatchWrite():
            return {"puts": [], "deletes": [dict.fromkeys(pattern.parameters)]}
        case TransactGet() | TransactWrite():
            return {"actions": [_action(part) for part in pattern.parts]}
    return {}


def _action(part: Pattern[Any]) -> Mapping[str, Any]:
    """Return what an action of a transaction begins with."""
    key = dict.fromkeys(part.parameters)
    return {"pattern": part.name, **_documents(part), **({"values": key} if key else {})}


def _skeleton(pattern: Pattern[Any]) -> Mapping[str, Any]:
    """Return the fields of an item that have no default."""
    shape = pattern.kind.shape
    required = {each.encode_name for each in msgspec.structs.fields(shape) if each.required}
    return {name: None for name in fields_of(shape) if name in required}


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value)).decode()


def _document(pattern: Pattern[Any], name: str, given: Given) -> Any:
    text = given.get(name, "")
    if not text:
        raise KeylineError(f"{pattern.name}.{name}", "has no value.", "Fill in all fields.")
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise KeylineError(
            f"{pattern.name}.{name}", f"is not JSON: {error}.", 'Write JSON, such as {"a": 1}.'
        ) from error


def _few(name: str, found: Any) -> list[Any]:
    if isinstance(found, list) and len(found) <= MOST_ACTIONS:
        return found
    raise KeylineError(name, f"is not a list of at most {MOST_ACTIONS}.", "Write [...].")


def _members(found: Any, path: str) -> Mapping[str, Any]:
    if isinstance(found, dict):
        return found
    raise KeylineError(path, "is not an object of JSON.", "Write {...}.")


def _item(pattern: Pattern[Any], document: Any) -> Any:
    return _converted(document, pattern.kind.shape, f"{pattern.name}.item")


def _converted(value: Any, kind: Any, path: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise KeylineError(path, f"cannot be read: {error}.", "Correct it.") from error


def _changes(pattern: Update[Any], document: Any) -> dict[str, Any]:
    """Return changes with the types of their fields; those that are null are left out."""
    known = fields_of(pattern.kind.shape)
    return {
        name: _converted(value, known[name].python, f"{pattern.name}.{name}")
        if name in known
        else value
        for name, value in _members(document, f"{pattern.name}.changes").items()
        if value is not None
    }


def _typed_key(pattern: Pattern[Any], found: Any) -> dict[str, Any]:
    key = _members(found, f"{pattern.name}.key")
    return {
        name: _converted(value, type_of(pattern, name), f"{pattern.name}.{name}")
        for name, value in key.items()
    }


def _part(
    pattern: TransactGet[Any] | TransactWrite[Any], action: Mapping[str, Any]
) -> Pattern[Any]:
    names = {part.name: part for part in pattern.parts}
    name = str(action.get("pattern"))
    if name not in names:
        raise KeylineError(
            f"{pattern.name}.pattern", f"{name!r} is not a part of it.", instead_of(name, names)
        )
    return names[name]


def _read(pattern: TransactGet[Any], found: Any) -> Read:
    action = _members(found, f"{pattern.name}.actions")
    part = _part(pattern, action)
    if not isinstance(part, Get):
        raise KeylineError(part.name, "is not a read.", "Name a part that reads.")
    return Read(part, **_typed_key(part, action.get("values", {})))


def _write(pattern: TransactWrite[Any], found: Any) -> Write:
    action = _members(found, f"{pattern.name}.actions")
    part = _part(pattern, action)
    values = _typed_key(part, action.get("values", {}))
    match part:
        case Check():
            return Write.check(part, **values)
        case Delete():
            return Write.delete(part, **values)
        case Update():
            changes = _changes(part, action.get("changes", {}))
            return Write.update(part, changes, expected=action.get("expected"), **values)
        case Put():
            return Write.put(part, _item(part, action.get("item")), **values)
    raise KeylineError(part.name, "is not a write.", "Name a part that writes.")


def _name_of(kind: Any) -> str:
    return getattr(kind, "__name__", str(kind))
