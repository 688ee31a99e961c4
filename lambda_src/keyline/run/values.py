"""One attribute's value of a declared type: Python ↔ DynamoDB JSON, compiled once per type.

A response is decoded by msgspec straight into a small Struct per value (`{"N": "1.5"}` →
`N(N=1.5)`), declared with the field's own type. What does not fit the shape is refused while
decoding, and what the shape does not name is never built.
"""

from __future__ import annotations

import base64
import types
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, get_args, get_origin

import msgspec

from keyline.known_types import know
from keyline.model.shape import (
    Field,
    annotation_of,
    fields_of,
    infos_of,
    limits_of,
    stored_as,
    strip,
)
from keyline.run.compression import compress, decompress
from keyline.run.construction import Argument, constructor
from keyline.run.conversion import convert
from keyline.run.errors import BadValueError, ItemUnreadableError
from keyline.run.scalars import NULL, Wire, scalar, text_of
from keyline.run.shards import plain
from keyline.run.untyped import decode_any, encode_any

_DECIMAL = "Declare the field as Decimal."
_NO_DEFAULT = msgspec.NODEFAULT
_IMMUTABLE = frozenset({"S", "N", "B", "BOOL"})
"""The tags of values that all items may share."""
_SHORT = 15
"""Digits that every number of a float's range keeps on its way through a float."""


class Value(msgspec.Struct, frozen=True):
    """The writer and the reader of values of one type.

    Attributes
    ----------
    encode
        Python value → DynamoDB JSON; None where there is nothing to store.
    wire
        The type that a response's value is decoded into.
    decode
        Value of that type → Python value.
    tag
        The attribute of a decoded value that is the Python value as it stands; None where
        `decode` makes it.
    absent
        What is decoded where the attribute is absent; `msgspec.NODEFAULT` where it may not be.
    """

    encode: Callable[[Any], Wire | None]
    wire: Any
    decode: Callable[[Any], Any]
    tag: str | None = None
    absent: Any = msgspec.field(default_factory=lambda: _NO_DEFAULT)


def may_be_absent(value: Value) -> Value:
    """Return the same, where the attribute may be absent or NULL, which is None then."""
    wire = _or_none(value.wire)
    return msgspec.structs.replace(value, wire=wire, absent=wire(NULL=True))


@cache
def of_field(shape: type[msgspec.Struct], name: str) -> Value:
    """Return how a field of a shape is stored, by its attribute name."""
    field, value = fields_of(shape)[name], present(shape, name)
    return value if field.required else _optional(value, field, shape)


def _optional(value: Value, field: Field, shape: type[msgspec.Struct]) -> Value:
    """Return the same where the attribute of a shape may be absent, or NULL for None."""
    inner, write, default = value.decode, value.encode, _default_of(shape, field)

    def encode(given: Any) -> Wire | None:
        if given is not None:
            return _unless_none(write(given), field.optional)
        if not field.optional:
            raise _takes_no_none()
        # An attribute that is absent is read as the default.
        return NULL if field.defaulted else None

    if value.tag in _IMMUTABLE and infos_of(shape)[field.name].default_factory is _NO_DEFAULT:
        # msgspec fills the default in by itself.
        wire = _or_none(value.wire) if field.optional else _with_null(value.wire, field.default)
        return Value(encode, wire, inner, value.tag, wire(field.default, True))

    def decode(wire: Any) -> Any:
        if wire is None:
            return default()
        if _is_null(wire):
            return None if field.optional else default()
        return inner(wire)

    return Value(encode, _nullable(value.wire) | None, decode, absent=None)


def _part(shape: type[msgspec.Struct], name: str, whole: type[msgspec.Struct]) -> Value:
    """Return a field of a shape that is a part of another one.

    The part has the default of the whole's field.
    """
    field, known = fields_of(shape)[name], fields_of(whole).get(name)
    if not field.required or known is None or known.required or known.optional:
        return of_field(shape, name)
    return _optional(present(shape, name), known, whole)


@cache
def present(shape: type[msgspec.Struct], name: str) -> Value:
    """Return the same where the attribute is there."""
    field = fields_of(shape)[name]
    if field.compress_above is not None:
        return _compressible(field, annotation_of(shape, name))
    return of_type(annotation_of(shape, name))


@cache
def as_stored(tag: str) -> Value:
    """Return how an attribute of a key is read that is not a field: exactly, without constraints.

    Parameters
    ----------
    tag
        The attribute's type: `S`, `N` or `B`.
    """
    python = {"S": str, "N": Decimal, "B": bytes}[tag]
    return _plain(of_type(python).encode, tag, python)


def ordered(wire: Wire) -> Any:
    """Return what a key's value is compared by, so that keys are in DynamoDB's order."""
    ((tag, content),) = wire.items()
    if tag == "N":
        return Decimal(content)
    return base64.b64decode(content) if tag == "B" and isinstance(content, str) else content


def _checked(name: str, found: Any, typed: Any) -> Any:
    """Return a value that was decoded as its plain type, and check the constraints of its own."""
    try:
        return msgspec.convert(found, typed)
    except msgspec.ValidationError:
        raise ItemUnreadableError(
            name, "does not fit its type.", "Read it as a shape that it fits."
        ) from None


def is_float(shape: type[msgspec.Struct], name: str) -> bool:
    """Return whether an attribute is a field of a shape that holds a float."""
    return name in fields_of(shape) and fields_of(shape)[name].python is float


@cache
def exact_float(shape: type[msgspec.Struct], name: str) -> Value:
    """Return how a float of a key is read: a number that a float does not hold is refused.

    A key that was rounded when it was read would not find its own item.
    """
    typed = strip(annotation_of(shape, name)).typed

    def decode(wire: Any) -> float:
        text = wire.N
        found = float(text)
        if len(text) > _SHORT and repr(found) != text and Decimal(repr(found)) != Decimal(text):
            raise ItemUnreadableError(
                name, "holds a number that is not exact as a float.", _DECIMAL
            )
        return found if typed is float else _checked(name, found, typed)

    exact, field = (
        Value(present(shape, name).encode, _wire("N", str), decode),
        fields_of(shape)[name],
    )
    return exact if field.required else _optional(exact, field, shape)


@cache
def of_type(annotation: Any) -> Value:
    """Return how values of a type are stored, None left aside.

    Raises
    ------
    DeclarationError
        If it is a type that DynamoDB cannot store.
    """
    bare, typed, _, _ = strip(annotation)
    origin, args = get_origin(bare), get_args(bare)
    if bare is Any or bare is object:
        return _DYNAMIC
    stored_as(annotation, str(annotation))
    if origin in (set, frozenset):
        return _set(typed, args[0])
    if origin in (list, tuple) or bare in (list, tuple):
        return _list(origin or bare, args, typed)
    if origin is dict or bare is dict:
        return _dict(args, typed)
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
        return _struct(bare)
    tag, write = scalar(bare)
    return _plain(lambda value: {tag: write(value)}, tag, typed)


def _plain(encode: Callable[[Any], Wire | None], tag: str, typed: Any) -> Value:
    """Return what stands in a response as it is in Python."""
    return Value(encode, _wire(tag, typed), attrgetter(tag), tag)


def member_of(annotation: Any) -> Value:
    """Return how a member of a value is stored: an element of a set or list, a part of text."""
    bare = strip(annotation).bare
    if bare in (Any, object, list, tuple):
        return _DYNAMIC
    if get_origin(bare) in (set, frozenset, list, tuple):
        return of_type(get_args(bare)[0])
    return of_type(str if stored_as(annotation, str(annotation)) == "S" else annotation)


def _set(typed: Any, member: Any) -> Value:
    tag, write = scalar(strip(member).bare)
    least = limits_of(typed).min_length or 0

    def encode(value: Any) -> Wire | None:
        _check_container(value, set | frozenset, "set")
        if not value and least:  # which would be left out, where no read checks it
            raise BadValueError("set", f"has to have {least} members at least.", "Give as many.")
        # In order, so that equal sets are equal requests.
        return {f"{tag}S": sorted({write(v) for v in value})} if value else None

    return _plain(encode, f"{tag}S", typed)


def _list(container: Any, args: tuple[Any, ...], typed: Any) -> Value:
    inner = _element(args[0]) if args else _DYNAMIC
    decode, write = inner.decode, inner.encode
    members = _constrained(types.GenericAlias(list, (inner.wire,)), typed)

    def encode(value: Any) -> Wire:
        _check_container(value, list | tuple, "list")
        out = []
        for n, member in enumerate(value):
            try:
                out.append(write(member))
            except BadValueError as error:
                raise inside(error, f"[{n}]") from error
        return {"L": out}

    return Value(encode, _wire("L", members), lambda wire: container(map(decode, wire.L)))


def _dict(args: tuple[Any, ...], typed: Any) -> Value:
    inner = _element(args[1]) if args else _DYNAMIC
    decode, write = inner.decode, inner.encode
    members = types.GenericAlias(dict, (args[0] if args else str, inner.wire))

    def encode(value: Any) -> Wire:
        _check_container(value, Mapping, "dict")
        try:
            return {"M": {text_of(k): write(v) for k, v in value.items()}}
        except BadValueError as error:
            raise inside(error, "[]") from error

    return Value(
        encode,
        _wire("M", _constrained(members, typed)),
        lambda wire: {k: decode(v) for k, v in wire.M.items()},
    )


def _element(annotation: Any) -> Value:
    """Return how a member of a list or map is stored: None, and a set that is empty, as NULL."""
    value, (bare, _, optional, _) = of_type(annotation), strip(annotation)
    if value is _DYNAMIC:
        return value
    inner, write = value.decode, value.encode
    origin = get_origin(bare)
    empty = origin if origin in (set, frozenset) and not optional else lambda: None

    def encode(given: Any) -> Wire | None:
        if given is None and not optional:
            raise _takes_no_none()
        wire = None if given is None else _unless_none(write(given), optional)
        return NULL if wire is None else wire

    if value.tag in _IMMUTABLE:
        return Value(encode, _or_none(value.wire), inner, value.tag)

    def decode(wire: Any) -> Any:
        return empty() if _is_null(wire) else inner(wire)

    return Value(encode, _nullable(value.wire), decode)


def _constrained(wire: Any, typed: Any) -> Any:
    """Return the type of a container's wires, with the constraints of the declared type."""
    metas = get_args(typed)[1:] if get_origin(typed) is Annotated else ()
    return Annotated[(wire, *metas)] if metas else wire


def _check_container(value: Any, kind: Any, name: str) -> None:
    if not isinstance(value, kind):
        raise BadValueError(name, f"{type(value).__name__} is not a {name}.", f"Give a {name}.")


def _unless_none(wire: Wire | None, optional: bool) -> Wire | None:
    """Return a value's wire.

    An empty set has none, and is refused where None is allowed too.
    """
    if wire is None and optional:
        raise BadValueError("set", "is empty, which cannot be told from None.", "Give None.")
    return wire


def _takes_no_none() -> BadValueError:
    return BadValueError(
        "value", "does not take None.", "Give a value, or allow None in the shape."
    )


def inside(error: BadValueError, step: str) -> BadValueError:
    """Return the same of a value one step further in: `[3]`, `.name`."""
    deeper = error.path if error.path.startswith((".", "[")) else ""
    return error.at(f"{step}{deeper}")


def _struct(shape: type[msgspec.Struct]) -> Value:
    reader, writer = struct_reader(shape), struct_writer(shape)

    def encode(item: Any) -> Wire:
        if not isinstance(item, shape):
            name = shape.__name__
            raise BadValueError(
                "value", f"{type(item).__name__} is not a {name}.", f"Give a {name}."
            )
        try:
            return {"M": writer(item)}
        except BadValueError as error:
            raise error.at(f".{error.path}") from error

    return Value(encode, _wire("M", reader.wire), lambda wire: reader.read(wire.M))


class StructReader(msgspec.Struct, frozen=True):
    """A Struct from its attributes: the wire type to decode into, and how to read that."""

    wire: Any
    read: Callable[[Any], Any]


def struct_writer(shape: type[msgspec.Struct]) -> Callable[[Any], dict[str, Wire]]:
    """Return what turns an instance into its attributes; what is None is left out."""
    parts = [
        (f.encode_name, attrgetter(f.name), of_field(shape, f.encode_name).encode)
        for f in infos_of(shape).values()
    ]

    def write(item: Any) -> dict[str, Wire]:
        out: dict[str, Wire] = {}
        for name, get, encode in parts:
            try:
                value = encode(get(item))
            except BadValueError as error:
                raise inside(error, name) from error
            if value is not None:
                out[name] = value
        return out

    return write


def struct_reader(
    shape: type[msgspec.Struct],
    extra: Mapping[str, Value] | None = None,
    whole: type[msgspec.Struct] | None = None,
    instead: Mapping[str, Value] | None = None,
) -> StructReader:
    """Return what reads a shape's fields.

    Parameters
    ----------
    extra
        Attributes to decode that are not fields of the shape.
    whole
        The shape that items are written in, whose defaults count where this one has none.
    instead
        How some fields are read, where that is not how their type is.
    """
    infos = tuple(infos_of(shape).values())
    known = instead or {}
    own = [known.get(i.encode_name) or _part(shape, i.encode_name, whole or shape) for i in infos]
    attributes = [info.encode_name for info in infos] + list(extra or {})
    found = [*own, *(extra or {}).values()]
    prefix = "x" * (1 + max((len(info.name) for info in infos), default=0))  # no field has it
    names = [info.name for info in infos] + [f"{prefix}{n}" for n in range(len(extra or {}))]
    wire = msgspec.defstruct(
        shape.__name__,
        [
            (n, v.wire) if v.absent is _NO_DEFAULT else (n, v.wire, v.absent)
            for n, v in zip(names, found, strict=True)
        ],
        rename=dict(zip(names, attributes, strict=True)),
        kw_only=True,
        gc=False,
    )
    know(wire)
    arguments = [Argument(info.name, v.tag, v.decode) for info, v in zip(infos, own, strict=True)]
    return StructReader(wire, constructor(shape, arguments))


def sharded_text(shape: type[msgspec.Struct], name: str) -> Value:
    """Return a text field that carries a write shard as stored.

    The field's type is that of the plain value.
    """
    field, typed = fields_of(shape)[name], strip(annotation_of(shape, name)).typed

    def decode(wire: Any) -> Any:
        text = plain(wire.S)
        return text if typed is str else _checked(name, text, typed)

    value = Value(of_type(str).encode, _wire("S", str), decode)
    return value if field.required else _optional(value, field, shape)


def _compressible(field: Field, annotation: Any) -> Value:
    bound, typed = field.compress_above or 0, strip(annotation).typed
    limits = limits_of(annotation)
    limited = (limits.min_length, limits.max_length, limits.pattern) != (None, None, None)

    def encode(value: Any) -> Wire:
        text = text_of(value)
        if limited:  # which the stored bytes do not show
            convert(text, typed, typed)
        return {"B": compress(text)} if len(text.encode()) > bound else {"S": text}

    def decode(wire: Any) -> Any:
        return wire.S if wire.B is None else decompress(wire.B)

    wire = msgspec.defstruct(
        "Text",
        [("S", str | msgspec.UnsetType, msgspec.UNSET), ("B", bytes | None, None)],
        gc=False,
        forbid_unknown_fields=True,
    )
    return Value(encode, wire, decode)


def _default_of(shape: type[msgspec.Struct], field: Field) -> Callable[[], Any]:
    """Return what makes the value of an absent attribute."""
    info = infos_of(shape)[field.name]
    if info.default_factory is not _NO_DEFAULT:
        factory: Callable[[], Any] = info.default_factory
        return factory
    if field.is_set and not field.optional:
        empty: Callable[[], Any] = type(field.default)
        return empty
    return lambda: field.default


@cache
def _wire(tag: str, annotation: Any) -> Any:
    return msgspec.defstruct(tag, [(tag, annotation)], gc=False)


@cache
def _nullable(wire: Any) -> Any:
    """Return the same wire type where DynamoDB may write NULL instead."""
    return wire if wire is Any else _with_null(wire, msgspec.UNSET)


@cache
def _or_none(wire: Any) -> Any:
    """Return the same where the content of NULL is None."""
    return _with_null(wire, None)


def _with_null(wire: Any, null: Any) -> Any:
    """Return the same, with what the content of NULL is."""
    members: list[Any] = [
        (f.name, f.type, null if f.required else f.default) for f in msgspec.structs.fields(wire)
    ]
    return msgspec.defstruct(
        f"{wire.__name__}OrNull",
        [*members, ("NULL", bool, False)],
        gc=False,
        frozen=True,
        forbid_unknown_fields=True,
    )


def _is_null(wire: Any) -> bool:
    return "NULL" in wire if isinstance(wire, dict) else bool(wire.NULL)


_DYNAMIC = Value(encode_any, Any, decode_any)
