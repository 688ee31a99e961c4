"""The shape of an item: a `msgspec.Struct` read as DynamoDB attributes.

A field's name is the attribute's name, everywhere. A field that may be None is an
attribute that may be absent. Types are checked as deep as they go, so that whatever is
declared can be stored and read back.
"""

from __future__ import annotations

import datetime
import enum
import types
import uuid
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, NewType, Union, get_args, get_origin

import msgspec

from keyline.errors import DeclarationError

AttributeType = Literal["S", "N", "B", "BOOL", "SS", "NS", "BS", "L", "M"]

_COMPRESS = "keyline.compress_above"

_SCALARS: Mapping[type, AttributeType] = {
    str: "S",
    int: "N",
    float: "N",
    Decimal: "N",
    bytes: "B",
    bool: "BOOL",
}
_SETS: Mapping[AttributeType, AttributeType] = {"S": "SS", "N": "NS", "B": "BS"}
"""The type of a set by that of its members."""

_USE = "Use str, int, float, Decimal, bytes, bool, a set of these, list, dict or a Struct."
_INSTEAD: Mapping[Any, str] = {
    datetime.datetime: "Use str: text in ISO 8601, which the handler converts.",
    datetime.date: "Use str: text in ISO 8601, which the handler converts.",
    datetime.time: "Use str: text in ISO 8601, which the handler converts.",
    datetime.timedelta: "Use int or float: the number of seconds.",
    uuid.UUID: "Use str: str(uuid), which the handler converts.",
    bytearray: "Use bytes.",
    memoryview: "Use bytes.",
}
"""What to suggest in place of a type."""


def compressed(above: int = 1024) -> msgspec.Meta:
    """Mark a text field to be stored compressed, as Binary, when it is longer than this.

    Parameters
    ----------
    above
        Bytes of UTF-8 from which on the text is compressed.

    Examples
    --------
    >>> Answer = Annotated[str, compressed(above=1024)]
    """
    return msgspec.Meta(extra={_COMPRESS: above})


class Field(msgspec.Struct, frozen=True):
    """One attribute of a shape.

    Attributes
    ----------
    optional
        Whether the field may be None.
    compress_above
        Bytes above which text is stored compressed, or None.
    required
        Whether an item cannot be read without it. Of the sets only one with a `min_length` is:
        DynamoDB has no empty ones.
    python
        The field's Python type, without None and constraints.
    default
        What is read where the attribute is absent; `msgspec.NODEFAULT` of a required field.
    """

    name: str
    type: AttributeType
    optional: bool
    compress_above: int | None
    required: bool
    python: Any
    default: Any

    @property
    def defaulted(self) -> bool:
        """Return whether absence means a value: a default that is not None and not an empty set."""
        return not self.required and self.default is not None and not self.is_set

    @property
    def is_set(self) -> bool:
        """Return whether it is a DynamoDB set, whose absence is the empty set."""
        return self.type in _SETS.values()

    def number(self, value: int) -> Any:
        """Return a number as this field would hold it."""
        exact = isinstance(self.python, type) and issubclass(self.python, float | Decimal)
        return self.python(value) if exact else value


@cache
def fields_of(shape: type[msgspec.Struct]) -> Mapping[str, Field]:
    """Return the attributes of a shape by name, in order of declaration.

    Raises
    ------
    DeclarationError
        If a field has a type that DynamoDB cannot store, at any depth, or a default that the
        field's own type refuses.
    """
    return _fields(shape, shape.__name__, ())


def stored_as(annotation: Any, path: str) -> AttributeType:
    """Return the type of attribute that values of a Python type become.

    Parameters
    ----------
    path
        What an error names as the place of the type.

    Raises
    ------
    DeclarationError
        If DynamoDB cannot store it, or a type within it.
    """
    return _stored(annotation, path, ())


def limits_of(annotation: Any) -> Any:
    """Return what msgspec knows of a type without None: `ge`, `max_length` and so on.

    Returns
    -------
    One of the types of `msgspec.inspect`.
    """
    found = msgspec.inspect.type_info(annotation)
    while True:
        if isinstance(found, msgspec.inspect.Metadata):
            found = found.type
        elif isinstance(found, msgspec.inspect.UnionType):
            found = next(t for t in found.types if not isinstance(t, msgspec.inspect.NoneType))
        else:
            return found


@cache
def infos_of(shape: type[msgspec.Struct]) -> Mapping[str, msgspec.structs.FieldInfo]:
    """Return what msgspec knows of a shape's fields, by attribute name.

    Kept, since msgspec evaluates all annotations of the Struct each time that it is asked.
    """
    return {info.encode_name: info for info in msgspec.structs.fields(shape)}


def annotation_of(shape: type[msgspec.Struct], name: str) -> Any:
    """Return the declared type of a field, by its attribute name."""
    return infos_of(shape)[name].type


class Stripped(NamedTuple):
    """A declared type, taken apart.

    Attributes
    ----------
    bare
        The type without None and without constraints.
    typed
        The type with its constraints, but without None.
    optional
        Whether it allows None.
    compress_above
        As of a `Field`.
    """

    bare: Any
    typed: Any
    optional: bool = False
    compress_above: int | None = None


def strip(annotation: Any) -> Stripped:
    """Take a declared type apart."""
    origin, args = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, NewType):
        return strip(annotation.__supertype__)
    if origin is Annotated:
        inner, metas = strip(args[0]), args[1:]
        bound = inner.compress_above
        for meta in metas if bound is None else ():
            if isinstance(meta, msgspec.Meta) and meta.extra:
                bound = meta.extra.get(_COMPRESS, bound)
        return inner._replace(typed=Annotated[(inner.typed, *metas)], compress_above=bound)
    if origin in (Union, types.UnionType) and type(None) in args:
        rest = tuple(member for member in args if member is not type(None))
        return strip(Union[rest])._replace(optional=True)  # noqa: UP007 - built at run time
    return Stripped(annotation, annotation)


_Within = tuple[type[msgspec.Struct], ...]
"""The Structs around a type, from the outermost."""


def _fields(shape: type[msgspec.Struct], path: str, within: _Within) -> dict[str, Field]:
    if shape in within:
        raise DeclarationError(
            path,
            f"{shape.__name__} refers to itself.",
            "Store the nodes as a list, each with the name of its parent.",
        )
    return {
        name: _field(info, f"{path}.{name}", (*within, shape))
        for name, info in infos_of(shape).items()
    }


def _field(field: msgspec.structs.FieldInfo, path: str, within: _Within) -> Field:
    annotation, _, optional, compress = strip(field.type)
    if annotation in (Any, object):
        raise _refused(path, annotation)
    kind = _stored(annotation, path, within)
    if compress is not None and (kind != "S" or annotation is not str):
        raise DeclarationError(path, "only text can be compressed.", "Declare the field as str.")
    try:
        msgspec.json.Decoder(field.type)
    except TypeError as error:
        raise DeclarationError(
            path, f"{error}.", "Drop that constraint, and check it in the handler."
        ) from error
    default = _default(field, path, annotation, optional=optional)
    if kind in _SETS.values() and default is not msgspec.NODEFAULT:
        _check_default_of_set(path, default, optional=optional)
    required = default is msgspec.NODEFAULT
    return Field(field.encode_name, kind, optional, compress, required, annotation, default)


def _default(
    field: msgspec.structs.FieldInfo, path: str, annotation: Any, *, optional: bool
) -> Any:
    """Return what is read where the attribute is absent."""
    if field.default is not msgspec.NODEFAULT:
        default = field.default
    elif field.default_factory is not msgspec.NODEFAULT:
        default = field.default_factory()
    elif get_origin(annotation) in (set, frozenset) and not optional:
        return msgspec.NODEFAULT if limits_of(field.type).min_length else get_origin(annotation)()
    else:
        return None if optional else msgspec.NODEFAULT
    try:
        msgspec.convert(default, field.type)
    except msgspec.ValidationError as error:
        raise DeclarationError(
            path,
            f"has a default that its own type refuses: {error}.",
            "Give it a default of its type, or allow None.",
        ) from error
    if isinstance(default, float | Decimal) and not Decimal(default).is_finite():
        raise DeclarationError(
            path,
            f"has the default {default}, which DynamoDB cannot store.",
            "Let None stand for it.",
        )
    return default


def _check_default_of_set(path: str, default: Any, *, optional: bool) -> None:
    if optional and default is not None:
        raise DeclarationError(
            path,
            "allows None and has another default, and an empty set cannot be told from None.",
            "Drop None, or let None be the default.",
        )
    if default:
        raise DeclarationError(
            path,
            "has a default with members, and an empty set is stored by leaving it out.",
            "Let the empty set be the default.",
        )


def _stored(annotation: Any, path: str, within: _Within) -> AttributeType:
    """Return the same as `stored_as`; `within` are the Structs around it."""
    bare = strip(annotation).bare
    origin, args = get_origin(bare), get_args(bare)
    if origin is Literal:
        return _one_of(args, path, bare)
    if origin in (set, frozenset):
        return _set(args[0], path, bare)
    if origin in (list, tuple) or bare in (list, tuple):
        return _list(origin, args, path, within)
    if origin is dict or bare is dict:
        return _map(args, path, within)
    if not isinstance(bare, type):
        raise _refused(path, bare)
    if issubclass(bare, msgspec.Struct):
        _fields(bare, path, within)
        return "M"
    if issubclass(bare, enum.Enum) and not issubclass(bare, enum.Flag):
        return _one_of(tuple(member.value for member in bare), path, bare)
    if bare not in _SCALARS:
        raise _refused(path, bare)
    return _SCALARS[bare]


def _one_of(values: tuple[Any, ...], path: str, annotation: Any) -> AttributeType:
    """Return the stored type of a Literal or an Enum: all text, or all whole numbers."""
    if values and all(isinstance(v, str) and not isinstance(v, enum.Enum) for v in values):
        return "S"
    if values and all(isinstance(v, int) and not isinstance(v, bool | enum.Enum) for v in values):
        return "N"
    raise DeclarationError(
        path,
        f"{annotation!r} is neither all text nor all whole numbers.",
        "Let its values be of one type; write None as `| None`.",
    )


def _set(member: Any, path: str, annotation: Any) -> AttributeType:
    bare, _, optional, _ = strip(member)
    scalar = bare in _SCALARS or get_origin(bare) is Literal
    if optional or not (scalar or (isinstance(bare, type) and issubclass(bare, enum.Enum))):
        raise _refused(path, annotation)
    kind = _stored(bare, f"{path}[]", ())
    if kind not in _SETS:
        raise _refused(path, annotation)
    return _SETS[kind]


def _list(container: Any, args: tuple[Any, ...], path: str, within: _Within) -> AttributeType:
    if container is tuple and args[1:] != (...,):
        raise DeclarationError(
            path,
            "is a tuple whose members have a type each.",
            "Use tuple[str, ...], where all have the same, or a Struct.",
        )
    if args:
        _member(args[0], path, within)
    return "L"


def _map(args: tuple[Any, ...], path: str, within: _Within) -> AttributeType:
    key = strip(args[0]) if args else None
    if key and (key.bare is not str or key.optional):
        raise DeclarationError(
            path,
            f"is a dict with keys of another type than str: {args[0]!r}.",
            "Use dict[str, ...]: DynamoDB stores text keys only.",
        )
    if args:
        _member(args[1], path, within)
    return "M"


def _member(annotation: Any, path: str, within: _Within) -> None:
    """Check the type of a list's or dict's members; they may be of any type there is."""
    if strip(annotation).bare not in (Any, object):
        _stored(annotation, f"{path}[]", within)


def _refused(path: str, annotation: Any) -> DeclarationError:
    said = _USE
    if isinstance(annotation, type):
        said = next((_INSTEAD[base] for base in annotation.__mro__ if base in _INSTEAD), _USE)
    return DeclarationError(path, f"{annotation!r} is not a type that DynamoDB stores.", said)
