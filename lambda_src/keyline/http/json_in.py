"""JSON in: bodies and the texts of parameters, read as JSON Schema understands them.

The text of a parameter is what JSON would write in its place (OpenAPI 3.1, "Style Values"): `12`
for a number and `true` for a boolean, and a string stands as it is. No text is null: a parameter
without a value is left out. An integer is written in digits alone, so that it has one text: it may
name a thing. In a body a number whose fraction is zero is an integer, however it is written
(JSON Schema 2020-12 Validation, section 6.1.1): `5.0` and `5e0` are 5.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

ValueT = TypeVar("ValueT")

Json = msgspec.Raw | str
"""A value of a JSON document: JSON text as it is, or a string."""

_IS_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch
_IS_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)").fullmatch
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"?|[-+.0-9eE]+', re.DOTALL)
"""A string, or all that stands together and may be a number. A string without an end is one up to
the end of the text, so that the time for a text is proportional to its length."""
_POSITION = re.compile(r"\(byte ([0-9]+)\)")
_EXPONENT_DIGITS = 4
_MOST_DIGITS = 309
"""Digits of the greatest float. A number with a greater exponent stays what it was."""

_ITEMS = (
    inspect.ListType,
    inspect.SetType,
    inspect.FrozenSetType,
    inspect.CollectionType,
    inspect.VarTupleType,
)
_SCALARS: Mapping[type[inspect.Type], type] = {
    inspect.IntType: int,
    inspect.FloatType: float,
    inspect.DecimalType: Decimal,
    inspect.BoolType: bool,
}


def decode(decoder: msgspec.json.Decoder[ValueT], content: bytes) -> ValueT:
    """Decode JSON text, with an integer wherever one is asked for and a whole number is given.

    Raises
    ------
    msgspec.DecodeError
        If it is not JSON, or not of the decoder's type (ValidationError).
    """
    try:
        return decoder.decode(content)
    except msgspec.ValidationError as error:
        if "got `float`" not in str(error):
            raise
        return decoder.decode(_TOKEN.sub(_with_integer, content))


def text_reader(annotation: Any) -> Callable[[str], Json]:
    """Work out how the text of a parameter of this type is written in a JSON document.

    Parameters
    ----------
    annotation
        A type that msgspec can decode; of a list, the texts are its items.
    """
    decoder = msgspec.json.Decoder(annotation)
    kinds = set(_kinds(inspect.type_info(annotation)))
    words = ("true", "false") if bool in kinds else ()
    is_number = _number_test(kinds)
    # msgspec takes a string for a decimal, where the document says a number: "" is neither.
    only_number = Decimal in kinds

    def read(text: str) -> Json:
        if text in words or is_number(text):
            value = msgspec.Raw(text.encode())
            if str not in kinds or _fits(decoder, value):
                return value
        return "" if only_number else text

    return read


def json_fault(error: Exception, content: bytes) -> tuple[str, str]:
    """Say why a text is not JSON, with the position: message and suggestion.

    Parameters
    ----------
    error
        What the decoder raised.
    """
    try:
        content.decode()
    except UnicodeDecodeError as broken:
        return f"is not UTF-8 at byte {broken.start}.", "Send JSON in UTF-8."
    said = _POSITION.search(str(error))
    if said is not None:
        return f"is not JSON at byte {said[1]}.", "Correct the JSON there."
    return (
        f"ends at byte {len(content)}, in the middle of a value or of a surrogate pair.",
        "Send the whole JSON text.",
    )


def _number_test(kinds: Collection[type]) -> Callable[[str], object]:
    """Return what tells whether a text is a number, as these kinds write it."""
    if float in kinds or Decimal in kinds:
        return _IS_NUMBER
    return _IS_INTEGER if int in kinds else lambda _: False


def _fits(decoder: msgspec.json.Decoder[Any], value: msgspec.Raw) -> bool:
    """Return whether a type that has strings too takes a number or boolean, or a list of it."""
    for content in (bytes(value), b"[%b]" % bytes(value)):
        try:
            decode(decoder, content)
        except msgspec.ValidationError:
            continue
        return True
    return False


def _kinds(info: inspect.Type) -> Iterator[type]:
    """Yield the kinds that a type is read from: `int`, `float`, `Decimal`, `bool`, else `str`."""
    if isinstance(info, inspect.Metadata):
        yield from _kinds(info.type)
    elif isinstance(info, inspect.UnionType):
        for member in info.types:
            yield from _kinds(member)
    elif isinstance(info, _ITEMS):
        yield from _kinds(info.item_type)
    elif isinstance(info, inspect.TupleType):
        for item in info.item_types:
            yield from _kinds(item)
    elif isinstance(info, inspect.LiteralType):
        yield from map(type, info.values)
    elif isinstance(info, inspect.EnumType):
        yield from (type(member.value) for member in info.cls)
    elif not isinstance(info, inspect.NoneType):
        yield _SCALARS.get(type(info), str)


def _with_integer(token: re.Match[bytes]) -> bytes:
    """Write a number that is whole with digits alone, and any other token as it is."""
    text = token[0].decode(errors="replace")
    if text.isdecimal() or not _IS_NUMBER(text):
        return token[0]
    _, _, exponent = text.lower().partition("e")
    if len(exponent.lstrip("+-0")) > _EXPONENT_DIGITS:
        return token[0]
    number = Decimal(text)
    if not number:
        return b"0"
    if number.adjusted() >= _MOST_DIGITS or number != int(number):
        return token[0]
    return str(int(number)).encode()
