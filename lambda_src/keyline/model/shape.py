"""What an item looks like: a `msgspec.Struct` read as DynamoDB attributes.

A field's name is the attribute's name, everywhere. A field that may be None is an
attribute that may be absent.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from keyline.problem import DeclarationError

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
_SETS: Mapping[type, AttributeType] = {
    str: "SS",
    int: "NS",
    float: "NS",
    Decimal: "NS",
    bytes: "BS",
}


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


@dataclass(frozen=True)
class Field:
    """One attribute of a shape.

    Attributes
    ----------
    optional
        Whether the attribute may be absent from an item.
    compress_above
        Bytes above which text is stored compressed, or None.
    required
        Whether an item cannot be read without it. A set never is: DynamoDB has no empty ones.
    python
        The field's Python type, without None and constraints.
    """

    name: str
    type: AttributeType
    optional: bool
    compress_above: int | None = None
    required: bool = False
    python: Any = None

    def number(self, value: int) -> Any:
        """A number as this field would hold it."""
        exact = isinstance(self.python, type) and issubclass(self.python, float | Decimal)
        return self.python(value) if exact else value


@cache
def fields_of(shape: type[msgspec.Struct]) -> Mapping[str, Field]:
    """The attributes of a shape by name, in order of declaration.

    Raises
    ------
    DeclarationError
        If a field has a type that DynamoDB cannot store.
    """
    return {f.encode_name: _field(shape, f) for f in msgspec.structs.fields(shape)}


def _field(shape: type, field: msgspec.structs.FieldInfo) -> Field:
    annotation, optional, compress = _unwrap(field.type)
    kind = _attribute_type(annotation)
    path = f"{shape.__name__}.{field.encode_name}"
    if kind is None:
        raise DeclarationError(
            path,
            f"{annotation!r} is no type that DynamoDB stores.",
            "Use str, int, float, Decimal, bytes, bool, a set of these, list, dict or a Struct.",
        )
    if compress is not None and kind != "S":
        raise DeclarationError(path, "only text can be compressed.", "Declare the field as str.")
    required = field.required and not optional and kind not in _SETS.values()
    return Field(field.encode_name, kind, optional, compress, required, annotation)


def _unwrap(annotation: Any) -> tuple[Any, bool, int | None]:
    """Strip Annotated and Optional; say whether None was allowed and the compression bound."""
    optional, compress = False, None
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *metas = get_args(annotation)
            for meta in metas:
                if isinstance(meta, msgspec.Meta) and meta.extra:
                    compress = meta.extra.get(_COMPRESS, compress)
        elif origin in (Union, types.UnionType) and type(None) in get_args(annotation):
            optional = True
            rest = tuple(a for a in get_args(annotation) if a is not type(None))
            annotation = Union[rest]  # noqa: UP007 - built at run time
        else:
            return annotation, optional, compress


def _attribute_type(annotation: Any) -> AttributeType | None:
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        kinds = {_attribute_type(type(a)) for a in args}
        return kinds.pop() if len(kinds) == 1 else None
    if origin in (set, frozenset):
        return _SETS.get(args[0])
    if origin in (list, tuple) or annotation in (list, tuple):
        return "L"
    if origin is dict or annotation is dict:
        return "M"
    if isinstance(annotation, type):
        if issubclass(annotation, msgspec.Struct):
            return "M"
        for base in annotation.__mro__:
            if base in _SCALARS and annotation is not bool:
                return _SCALARS[base]
        return _SCALARS.get(annotation)
    return None
