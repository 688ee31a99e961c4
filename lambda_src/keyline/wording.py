"""Say in words what a type expects, and where a value departs from it.

No other module reads msgspec's validation errors. This module takes the place from an error and
leaves its words: those name Python's types and show regular expressions. The words come from the
type.

A pattern is told by words that stand beside it in the type, under `SAYS`:

>>> Code = Annotated[str, Meta(pattern="^[a-z]{2}$", extra={SAYS: "of the letters a to z"})]
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import inspect

from keyline.errors import Fault, instead_of

SAYS = "says"
"""The key in `extra` of a type's `Meta` that holds the words for its pattern. The words follow
"text",
and its length: `text of 1 to 64 characters of A-Z, a-z and 0-9`."""

_PLACE = re.compile(r"(?P<said>.*?)(?: - at (?:(?P<key>`key`) in )?`\$(?P<path>.*?)`)?", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|(\[(?:[0-9]+|\.\.\.)\])")
_FIELD = re.compile(r"Object (missing required|contains unknown) field `(?P<name>.*)`", re.DOTALL)
_GOT = re.compile(r", got `(\w+)`$")
_HAS_PARTS = re.compile(r",| and | or |such as")
"""Words after which "or null" could belong to the last part alone."""
_LENGTH = re.compile(r"length ([<>])=")
_KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number with a fraction",
    "bool": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
}
_LISTS = (
    inspect.ListType,
    inspect.SetType,
    inspect.FrozenSetType,
    inspect.CollectionType,
    inspect.VarTupleType,
)
_OBJECTS = (inspect.StructType, inspect.TypedDictType, inspect.DataclassType)
_NUMBERS = (inspect.IntType, inspect.FloatType, inspect.DecimalType)
_PLAIN: dict[type[inspect.Type], tuple[str, str]] = {
    inspect.BoolType: ("true or false", "true"),
    inspect.NoneType: ("null", "null"),
    inspect.DateType: ("a date that exists, such as 2026-01-31", '"2026-01-31"'),
    inspect.DateTimeType: ("a moment such as 2026-01-31T08:00:00Z", '"2026-01-31T08:00:00Z"'),
    inspect.TimeType: ("a time such as 08:00:00", '"08:00:00"'),
    inspect.UUIDType: ("a UUID", '"0f8fad5b-d9cb-469f-a165-70867728950e"'),
    inspect.BytesType: ("text in base64", '"aGVsbG8="'),
}
"""What these types expect, and a value as JSON."""


class Wording:
    """The words for one type.

    Parameters
    ----------
    annotation
        A type that msgspec decodes.
    texts
        Whether values are the texts of parameters. Then no value is null, and a value stands
        without quotes.
    """

    def __init__(self, annotation: Any, *, texts: bool = False) -> None:
        self._info = inspect.type_info(annotation)
        self._texts = texts

    def fault(self, error: msgspec.ValidationError) -> Fault:
        """Tell where a value departs from the type, and what is expected there.

        Returns
        -------
        Fault
            The path begins within the value: `keys[0].timestamp`, or "" for the value itself.
            The message tells none of the value.
        """
        found = _PLACE.fullmatch(str(error))
        if found is None:  # pragma: no cover - every text matches
            return "", f"{error}.", ""
        path, said = (found["path"] or "").lstrip("."), found["said"]
        info = self._at(found["path"] or "", key=bool(found["key"]))
        field = _FIELD.fullmatch(said)
        if field is not None:
            return self._field_fault(f"{path}.{field['name']}".lstrip("."), said, info)
        if error.__cause__ is not None:  # a Struct's own words, from its `__post_init__`
            return path, f"{said.rstrip('.')}.", ""
        where = "holds a name that " if found["key"] else ""
        return (
            path,
            f"{where}must be {self._expected(info)}{self._got(said)}.",
            self._instead(info, said),
        )

    def _at(self, path: str, *, key: bool) -> inspect.Type:
        info = self._info
        for name, element in _STEP.findall(path):
            info = _inner(info, name or element) or inspect.AnyType()
        if key:
            inner = next((i for i in _members(info) if isinstance(i, inspect.DictType)), None)
            return inner.key_type if inner else inspect.AnyType()
        return info

    def _field_fault(self, path: str, said: str, info: inspect.Type) -> Fault:
        known = _fields(info)
        name = path.rpartition(".")[2]
        if said.startswith("Object missing"):
            inner = _inner(info, name)
            return path, "is missing.", f"Send {self._expected(inner)}." if inner else "Send it."
        return path, "is not a known field.", instead_of(name, known)

    def _expected(self, info: inspect.Type) -> str:
        return expected(info, null=not self._texts)

    def _got(self, said: str) -> str:
        got = _GOT.search(said)
        return f", not {_KINDS[got[1]]}" if got and got[1] in _KINDS and not self._texts else ""

    def _instead(self, info: inspect.Type, said: str) -> str:
        length = _LENGTH.search(said)
        if length is not None:
            return "Shorten it." if length[1] == "<" else "Lengthen it."
        example = _example(info)
        if example is not None:
            text = example.strip('"') if self._texts else example
            return f"Send a value such as {text}."
        fields = _fields(info)
        return f"The fields are: {', '.join(fields)}." if fields else "Correct the value."


def expected(info: inspect.Type, *, null: bool = True) -> str:
    """Say what a type expects: `a whole number from 1 to 100`.

    Parameters
    ----------
    null
        Whether null is told, where the type has it.
    """
    options = [_words(member, extra) for member, extra in _options(info)]
    words = " or ".join(option for option in dict.fromkeys(options) if option != "null")
    if not null or "null" not in options:
        return words or "null"
    comma = "," if _HAS_PARTS.search(words) else ""
    return f"{words}{comma} or null" if words else "null"


def without_words(annotation: Any) -> Sequence[str]:
    """Return the patterns in a type that no words tell."""
    return [*dict.fromkeys(_patterns(inspect.type_info(annotation), {}, set()))]


def _words(info: inspect.Type, extra: dict[str, Any]) -> str:
    if type(info) in _PLAIN:
        return _PLAIN[type(info)][0]
    if isinstance(info, inspect.StrType):
        says = extra.get(SAYS, "of a certain form" if info.pattern else "")
        return " ".join(filter(None, ("text", _length(info, "character"), says)))
    if isinstance(info, _NUMBERS):
        noun = "a whole number" if isinstance(info, inspect.IntType) else "a number"
        return f"{noun}{_bounds(info)}"
    if isinstance(info, inspect.LiteralType | inspect.EnumType):
        texts = [str(value) for value in _values(info)]
        return f"one of {', '.join(texts)}" if len(texts) > 1 else texts[0]
    if isinstance(info, _LISTS):
        return f"a list {_length(info, 'value')}".rstrip()
    if isinstance(info, inspect.TupleType):
        return f"a list of {len(info.item_types)} values"
    if isinstance(info, (*_OBJECTS, inspect.DictType)):
        return "an object"
    return "a value"


def _length(info: Any, noun: str) -> str:
    least, most = info.min_length, info.max_length
    if least and most is not None and least < most:
        return f"of {least} to {most} {noun}s"
    if most is not None:
        return f"of {'' if least else 'up to '}{most} {noun}{'s' * (most != 1)}"
    return f"of {least} {noun}{'s' * (least != 1)} or more" if least else ""


def _bounds(info: Any) -> str:
    words: list[str] = []
    for name, word in (("ge", "from"), ("gt", "above"), ("le", "to"), ("lt", "below")):
        bound = getattr(info, name, None)
        if bound is not None:
            words.append(f"{'up to' if word == 'to' and not words else word} {bound}")
    multiple = getattr(info, "multiple_of", None)
    if multiple is not None:
        words.append(f"that is a multiple of {multiple}")
    return "".join(f" {word}" for word in words)


def _values(info: inspect.LiteralType | inspect.EnumType) -> list[Any]:
    if isinstance(info, inspect.EnumType):
        return [member.value for member in info.cls]
    return [value for value in info.values if value is not None]


def _example(info: inspect.Type) -> str | None:
    """Return a value as JSON, from the type's examples or from what it expects.

    None means that neither says one.
    """
    if isinstance(info, inspect.Metadata):
        examples = (info.extra_json_schema or {}).get("examples")
        return json.dumps(examples[0], ensure_ascii=False) if examples else _example(info.type)
    if isinstance(info, inspect.UnionType):
        found = (_example(m) for m in info.types if not isinstance(m, inspect.NoneType))
        return next(filter(None, found), None)
    if type(info) in _PLAIN:
        return _PLAIN[type(info)][1]
    if isinstance(info, inspect.LiteralType | inspect.EnumType):
        return json.dumps(_values(info)[0], ensure_ascii=False)
    return _number(info) if isinstance(info, _NUMBERS) else None


def _number(info: Any) -> str:
    """Return a number within the bounds; a Decimal has none."""
    found = {name: getattr(info, name, None) for name in ("ge", "le", "gt", "lt")}
    at, beside = found["ge"] or found["le"], found["gt"] or found["lt"]
    if at is not None or beside is None:
        return str(1 if at is None else at)
    return str(beside + (1 if found["gt"] is not None else -1))


def _options(
    info: inspect.Type, extra: dict[str, Any] | None = None
) -> Iterator[tuple[inspect.Type, dict[str, Any]]]:
    """Yield the members of a union, or the type itself.

    Each member comes with the `extra` that holds for it.
    """
    if isinstance(info, inspect.Metadata):
        yield from _options(info.type, {**(extra or {}), **(info.extra or {})})
    elif isinstance(info, inspect.UnionType):
        for member in info.types:
            yield from _options(member, extra)
    else:
        yield info, extra or {}


def _members(info: inspect.Type) -> Iterator[inspect.Type]:
    return (member for member, _ in _options(info))


def _inner(info: inspect.Type, step: str) -> inspect.Type | None:
    for member in _members(info):
        if isinstance(member, _OBJECTS):
            for field in member.fields:
                if field.encode_name == step:
                    return field.type
        elif isinstance(member, inspect.DictType):
            return member.value_type
        elif isinstance(member, _LISTS):
            return member.item_type
        elif isinstance(member, inspect.TupleType) and step[1:-1].isdecimal():
            return member.item_types[int(step[1:-1])]
    return None


def _fields(info: inspect.Type) -> list[str]:
    return [
        field.encode_name
        for member in _members(info)
        if isinstance(member, _OBJECTS)
        for field in member.fields
    ]


def _patterns(info: inspect.Type, extra: dict[str, Any], seen: set[type]) -> Iterator[str]:
    for member, own in _options(info, extra):
        if isinstance(member, inspect.StrType):
            if member.pattern and SAYS not in own:
                yield member.pattern
        elif isinstance(member, _OBJECTS):
            if member.cls not in seen:
                seen.add(member.cls)
                for field in member.fields:
                    yield from _patterns(field.type, {}, seen)
        elif isinstance(member, inspect.DictType):
            yield from _patterns(member.key_type, {}, seen)
            yield from _patterns(member.value_type, {}, seen)
        elif isinstance(member, _LISTS):
            yield from _patterns(member.item_type, {}, seen)
        elif isinstance(member, inspect.TupleType):
            for item in member.item_types:
                yield from _patterns(item, {}, seen)
