"""One attribute's value: Python ↔ DynamoDB JSON, compiled once per type.

A response is decoded by msgspec straight into a small Struct per value (`{"N": "1.5"}` →
`N(N=1.5)`), declared with the field's own type: what does not fit the shape is refused
while decoding, and what the shape does not name is never built.
"""

from __future__ import annotations

import base64
import enum
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from keyline.model.shape import Field, fields_of
from keyline.problem import DeclarationError
from keyline.run.compression import compress, decompress
from keyline.run.errors import BadValue
from keyline.run.numbers import number_text, number_value

Wire = Mapping[str, Any]
"""A value as DynamoDB writes it: `{"S": "x"}`."""

_NULL: Wire = {"NULL": True}


@dataclass(frozen=True)
class Value:
    """How values of one type are written and read.

    Attributes
    ----------
    encode
        Python value → DynamoDB JSON; None where there is nothing to store.
    wire
        The type that a response's value is decoded into.
    decode
        Value of that type → Python value.
    """

    encode: Callable[[Any], Wire | None]
    wire: Any
    decode: Callable[[Any], Any]


def optional(value: Value, default: Callable[[], Any]) -> Value:
    """The same, where the attribute may be absent or NULL: `default` makes what it is then."""
    inner = value.decode

    def decode(wire: Any) -> Any:
        return default() if wire is None or _is_null(wire) else inner(wire)

    def encode(given: Any) -> Wire | None:
        return None if given is None else value.encode(given)

    return Value(encode, _nullable(value.wire) | None, decode)


def element(value: Value) -> Value:
    """The same as a member of a list or map, where None is stored as NULL."""
    inner = value.decode
    encode = value.encode
    return Value(
        lambda given: _NULL if given is None else encode(given),
        _nullable(value.wire),
        lambda wire: None if _is_null(wire) else inner(wire),
    )


@cache
def of_field(shape: type[msgspec.Struct], name: str) -> Value:
    """How a field of a shape is stored, by its attribute name."""
    info = next(f for f in msgspec.structs.fields(shape) if f.encode_name == name)
    default = _default_of(info, fields_of(shape)[name])
    plain = present(shape, name)
    return plain if default is None else optional(plain, default)


@cache
def present(shape: type[msgspec.Struct], name: str) -> Value:
    """The same where the attribute is there."""
    field = fields_of(shape)[name]
    if field.compress_above is not None:
        return _compressible(field)
    return of_type(next(f.type for f in msgspec.structs.fields(shape) if f.encode_name == name))


def is_float(shape: type[msgspec.Struct], name: str) -> bool:
    """Whether an attribute is a field of a shape that holds a float."""
    return name in fields_of(shape) and fields_of(shape)[name].python is float


@cache
def exact_float(shape: type[msgspec.Struct], name: str) -> Value:
    """Return how a float of a key is read: a number that a float does not hold is refused.

    A key that was rounded when it was read would not find its own item.
    """
    info = next(f for f in msgspec.structs.fields(shape) if f.encode_name == name)
    _, typed = _strip(info.type)

    def decode(wire: Any) -> float:
        found = float(wire.N)
        if number_text(found) != wire.N and Decimal(repr(found)) != Decimal(wire.N):
            raise msgspec.ValidationError(f"A float does not hold the number - at `$.{name}.N`")
        return found if typed is float else msgspec.convert(found, typed)

    exact = Value(present(shape, name).encode, _wire("N", str), decode)
    default = _default_of(info, fields_of(shape)[name])
    return exact if default is None else optional(exact, default)


@cache
def of_type(annotation: Any) -> Value:
    """How values of a type are stored, None left aside.

    Raises
    ------
    DeclarationError
        If it is a type that DynamoDB cannot store.
    """
    bare, typed = _strip(annotation)
    origin, args = get_origin(bare), get_args(bare)
    if bare is Any or bare is object:
        return _DYNAMIC
    if origin in (set, frozenset):
        return _set(typed, args[0])
    if origin in (list, tuple) or bare in (list, tuple):
        return _list(origin or bare, args)
    if origin is dict or bare is dict:
        return _dict(args)
    if origin is Literal:
        return _scalar(type(args[0]), typed)
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
        return _struct(bare)
    if isinstance(bare, type) and issubclass(bare, enum.Enum):
        return _enum(bare, typed)
    if bare in _TAGS:
        return _scalar(bare, typed)
    raise DeclarationError(
        str(annotation),
        "is no type that DynamoDB stores.",
        "Use str, int, float, Decimal, bytes, bool, a set of these, list, dict or a Struct.",
    )


def member_of(shape: type[msgspec.Struct], name: str) -> Value:
    """How a member of a field is stored: of a set or list an element, of text a part."""
    info = next(f for f in msgspec.structs.fields(shape) if f.encode_name == name)
    bare, _ = _strip(info.type)
    if get_origin(bare) in (set, frozenset, list, tuple):
        return of_type(get_args(bare)[0])
    return of_type(info.type)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise BadValue("text", f"{type(value).__name__} is no text.", "Give a str.")
    return value


def _integer(value: Any) -> str:
    if isinstance(value, float | Decimal) and value != value // 1:
        raise BadValue("number", "is no whole number.", "Give an int.")
    return number_text(value)


def _bytes(value: Any) -> bytes:
    if not isinstance(value, bytes | bytearray | memoryview):
        raise BadValue("binary", f"{type(value).__name__} is no bytes.", "Give bytes.")
    return bytes(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValue("boolean", f"{type(value).__name__} is no bool.", "Give True or False.")
    return value


_TAGS: Mapping[Any, tuple[str, Callable[[Any], Any]]] = {
    str: ("S", _text),
    int: ("N", _integer),
    float: ("N", number_text),
    Decimal: ("N", number_text),
    bytes: ("B", _bytes),
    bool: ("BOOL", _truth),
}


def _scalar(base: type, typed: Any) -> Value:
    tag, write = _TAGS[base]
    return Value(lambda value: {tag: write(value)}, _wire(tag, typed), attrgetter(tag))


def _enum(base: type[enum.Enum], typed: Any) -> Value:
    tag, write = _TAGS[type(next(iter(base)).value)]
    return Value(lambda value: {tag: write(base(value).value)}, _wire(tag, typed), attrgetter(tag))


def _set(typed: Any, member: Any) -> Value:
    bare, _ = _strip(member)
    tag, write = _TAGS[type(get_args(bare)[0]) if get_origin(bare) is Literal else bare]

    def encode(value: Any) -> Wire | None:
        # Sorted, since a transaction that is sent again with its token has to be the very same,
        # and each process has an order of its own for the members of a set.
        return {f"{tag}S": sorted(write(v) for v in value)} if value else None

    return Value(encode, _wire(f"{tag}S", typed), attrgetter(f"{tag}S"))


def _list(container: Any, args: tuple[Any, ...]) -> Value:
    if container is tuple and args[1:] not in ((), (...,)):
        raise DeclarationError("tuple", "of different types is not stored.", "Use a Struct.")
    inner = element(of_type(args[0]) if args else _DYNAMIC)
    decode, members = inner.decode, types.GenericAlias(list, (inner.wire,))

    def encode(value: Any) -> Wire:
        return {"L": [inner.encode(v) for v in value]}

    return Value(encode, _wire("L", members), lambda wire: container(map(decode, wire.L)))


def _dict(args: tuple[Any, ...]) -> Value:
    if args and args[0] is not str:
        raise DeclarationError("dict", "is stored by text keys only.", "Use dict[str, ...].")
    inner = element(of_type(args[1]) if args else _DYNAMIC)
    decode, members = inner.decode, types.GenericAlias(dict, (str, inner.wire))

    def encode(value: Any) -> Wire:
        return {"M": {_text(k): inner.encode(v) for k, v in value.items()}}

    return Value(
        encode,
        _wire("M", members),
        lambda wire: {k: decode(v) for k, v in wire.M.items()},
    )


def _struct(shape: type[msgspec.Struct]) -> Value:
    reader, writer = struct_reader(shape), struct_writer(shape)
    return Value(
        lambda item: {"M": writer(item)}, _wire("M", reader.wire), lambda wire: reader.read(wire.M)
    )


@dataclass(frozen=True)
class StructReader:
    """A Struct from its attributes: the wire type to decode into, and how to read that."""

    wire: Any
    read: Callable[[Any], Any]


def struct_writer(shape: type[msgspec.Struct]) -> Callable[[Any], dict[str, Wire]]:
    """What turns an instance into its attributes; what is None is left out."""
    parts = [
        (f.encode_name, attrgetter(f.name), of_field(shape, f.encode_name).encode)
        for f in msgspec.structs.fields(shape)
    ]

    def write(item: Any) -> dict[str, Wire]:
        out: dict[str, Wire] = {}
        for name, get, encode in parts:
            try:
                value = encode(get(item))
            except BadValue as error:
                raise error.at(name) from error
            if value is not None:
                out[name] = value
        return out

    return write


def struct_reader(
    shape: type[msgspec.Struct],
    extra: Mapping[str, Value] | None = None,
    instead: Mapping[str, Value] | None = None,
) -> StructReader:
    """Return what reads a shape's fields.

    Parameters
    ----------
    extra
        Attributes to decode that are not fields of the shape.
    instead
        How some fields are read, where that is not how their type is.
    """
    infos = msgspec.structs.fields(shape)
    known = instead or {}
    values = [known.get(i.encode_name) or of_field(shape, i.encode_name) for i in infos]
    attributes = [info.encode_name for info in infos] + list(extra or {})
    wires = [value.wire for value in (*values, *(extra or {}).values())]
    # Named by their place: a name made of an attribute's could be that of another.
    names = [f"m{n}" for n in range(len(attributes))]
    wire = msgspec.defstruct(
        shape.__name__,
        [(n, t, None) if _allows_none(t) else (n, t) for n, t in zip(names, wires, strict=True)],
        rename=dict(zip(names, attributes, strict=True)),
        kw_only=True,
        gc=False,
    )
    fields = [info.name for info in infos]
    decoders = [value.decode for value in values]

    def read(item: Any) -> Any:
        found = [decode(v) for decode, v in zip(decoders, _astuple(item), strict=False)]
        return shape(**dict(zip(fields, found, strict=True)))

    return StructReader(wire, read)


_astuple = msgspec.structs.astuple


def _compressible(field: Field) -> Value:
    bound = field.compress_above or 0

    def encode(value: Any) -> Wire:
        text = _text(value)
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


def _default_of(info: Any, field: Field) -> Any:
    """What makes the value of an absent attribute; None if it may not be absent."""
    if info.default is not msgspec.NODEFAULT:
        return lambda: info.default
    if info.default_factory is not msgspec.NODEFAULT:
        return info.default_factory
    if field.optional:
        return lambda: None
    if field.type in ("SS", "NS", "BS"):  # an empty set is stored by leaving it out
        bare, _ = _strip(info.type)
        return get_origin(bare)
    return None


def _strip(annotation: Any) -> tuple[Any, Any]:
    """The bare type, and the type with its constraints but without None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *metas = get_args(annotation)
        bare, typed = _strip(inner)
        return bare, Annotated[(typed, *metas)]
    if origin in (Union, types.UnionType):
        rest = [a for a in get_args(annotation) if a is not type(None)]
        if len(rest) == 1:
            return _strip(rest[0])
    return annotation, annotation


@cache
def _wire(tag: str, annotation: Any) -> Any:
    return msgspec.defstruct(tag, [(tag, annotation)], gc=False)


@cache
def _nullable(wire: Any) -> Any:
    """The same wire type where DynamoDB may write NULL instead."""
    if wire is Any:
        return wire
    members: list[Any] = [
        (f.name, f.type | msgspec.UnsetType, msgspec.UNSET)
        if f.required
        else (f.name, f.type, f.default)
        for f in msgspec.structs.fields(wire)
    ]
    return msgspec.defstruct(
        f"{wire.__name__}OrNull",
        [*members, ("NULL", bool, False)],
        gc=False,
        forbid_unknown_fields=True,
    )


def _is_null(wire: Any) -> bool:
    return "NULL" in wire if isinstance(wire, dict) else bool(wire.NULL)


def _allows_none(annotation: Any) -> bool:
    return annotation is Any or type(None) in get_args(annotation)


def encode_any(value: Any) -> Wire:
    """DynamoDB JSON of a value whose type nobody declared."""
    if value is None:
        return _NULL
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, int | float | Decimal):
        return {"N": number_text(value)}
    if isinstance(value, bytes | bytearray | memoryview):
        return {"B": bytes(value)}
    if isinstance(value, Mapping):
        return {"M": {_text(k): encode_any(v) for k, v in value.items()}}
    if isinstance(value, list | tuple):
        return {"L": [encode_any(v) for v in value]}
    if isinstance(value, set | frozenset) and value:
        ((tag, _),) = encode_any(next(iter(value))).items()
        return {f"{tag}S": [encode_any(v)[tag] for v in value]}
    raise BadValue("value", f"{type(value).__name__} cannot be stored.", "Use a plain type.")


def decode_any(wire: Mapping[str, Any]) -> Any:
    """The Python value of DynamoDB JSON whose type nobody declared."""
    ((tag, content),) = wire.items()
    return _ANY[tag](content)


_ANY: Mapping[str, Callable[[Any], Any]] = {
    "S": str,
    "BOOL": bool,
    "N": number_value,
    "B": base64.b64decode,
    "NULL": lambda _: None,
    "SS": set,
    "NS": lambda members: set(map(number_value, members)),
    "BS": lambda members: set(map(base64.b64decode, members)),
    "L": lambda members: [decode_any(m) for m in members],
    "M": lambda members: {k: decode_any(m) for k, m in members.items()},
}

_DYNAMIC = Value(encode_any, Any, decode_any)


def same(stored: Wire | None, written: Wire) -> bool:
    """Whether a value that DynamoDB tells is the one that was written.

    DynamoDB writes a number in another way than it was sent, and a set in any order.
    """
    sent = msgspec.json.decode(msgspec.json.encode(written))
    return stored is not None and _comparable(stored) == _comparable(sent)


def _comparable(wire: Wire) -> tuple[str, Any]:
    ((tag, content),) = wire.items()
    match tag:
        case "N":
            return tag, Decimal(content)
        case "NS":
            return tag, {Decimal(number) for number in content}
        case "SS" | "BS":
            return tag, set(content)
        case "L":
            return tag, [_comparable(each) for each in content]
        case "M":
            return tag, {name: _comparable(each) for name, each in content.items()}
    return tag, content
