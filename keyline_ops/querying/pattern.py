"""The reads that the systems declare, and the values that one of them is given as texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from keyline.errors import KeylineError, instead_of
from keyline.model import (
    Condition,
    Delete,
    Field,
    Get,
    Pattern,
    Put,
    Query,
    System,
    Update,
    fields_of,
    leaves,
)

Text = str | tuple[str, str]
"""A value as a person writes it, or the two bounds of a range."""

RANGE = ".."
"""Between the bounds of a range: `timestamp=1000..2000`."""


@dataclass(frozen=True)
class Readable:
    """A read pattern, and the system that declares it."""

    system: System
    pattern: Get[Any] | Query[Any]

    @property
    def usage(self) -> str:
        """The command that asks the pattern: `keyline query PATTERN owner=… timestamp=…..…`."""
        values = [
            f"{name}=START{RANGE}END" if name in ranges_of(self.pattern) else f"{name}=VALUE"
            for name in self.pattern.parameters
        ]
        return " ".join(["keyline query", self.pattern.name, *values])


def readable(systems: Iterable[System]) -> list[Readable]:
    """Return the patterns that read one item or one page."""
    return [
        Readable(system, pattern)
        for system in systems
        for pattern in system.called
        if isinstance(pattern, Get | Query)
    ]


def find(name: str, system: str | None, systems: Sequence[System]) -> Readable:
    """Return the read pattern of a name.

    Raises
    ------
    KeylineError
        If there is none, if several systems have one, or if the pattern of the name does not read.
    """
    chosen = [each for each in systems if system in (None, each.name)]
    if not chosen:
        raise KeylineError(
            f"system {system}",
            "there is no such system.",
            instead_of(str(system), [each.name for each in systems]),
        )
    known = readable(chosen)
    found = [each for each in known if each.pattern.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(each.system.name for each in found)
        raise KeylineError(
            name, f"is a pattern of several systems: {names}.", "Name one with --system."
        )
    if any(pattern.name == name for each in chosen for pattern in each.called):
        raise KeylineError(
            name,
            "does not read one item or one page.",
            "A look takes a Get or a Query. `keyline query` lists them.",
        )
    raise KeylineError(
        name, "no system declares it.", instead_of(name, [each.pattern.name for each in known])
    )


def values_of(read: Readable, given: Sequence[str]) -> dict[str, Any]:
    """Read `name=value` texts as the types of the pattern's fields.

    Raises
    ------
    KeylineError
        If a name is missing, unknown or there twice, or a value is not of its type.
    """
    texts = _texts(read, given)
    missing = [name for name in read.pattern.parameters if name not in texts]
    if missing:
        raise KeylineError(
            read.pattern.name, f"needs {', '.join(missing)}.", f"Write `{read.usage}`."
        )
    return typed(read.pattern, texts)


def ranges_of(pattern: Pattern[Any]) -> frozenset[str]:
    """Return the parameters of a pattern that take two bounds."""
    return frozenset(each.parameter for each in _compared(pattern) if each.operator == "between")


def typed(pattern: Pattern[Any], texts: Mapping[str, Text]) -> dict[str, Any]:
    """Read texts as the types of a pattern's fields.

    Raises
    ------
    KeylineError
        If a text is not of its type.
    """
    return {
        name: _converted(pattern, name, text)
        if isinstance(text, str)
        else tuple(_converted(pattern, name, bound) for bound in text)
        for name, text in texts.items()
    }


def _texts(read: Readable, given: Sequence[str]) -> Mapping[str, Text]:
    texts: dict[str, Text] = {}
    for each in given:
        name, equals, text = each.partition("=")
        if not equals:
            raise KeylineError(each, "is not a name with a value.", f"Write `{read.usage}`.")
        if name not in read.pattern.parameters:
            raise KeylineError(
                f"{read.pattern.name}.{name}",
                "is not a value of this pattern.",
                instead_of(name, read.pattern.parameters),
            )
        if name in texts:
            raise KeylineError(f"{read.pattern.name}.{name}", "is there twice.", "Write it once.")
        texts[name] = _bounds(read, name, text) if name in ranges_of(read.pattern) else text
    return texts


def _bounds(read: Readable, name: str, text: str) -> Text:
    start, dots, end = text.partition(RANGE)
    if not dots:
        raise KeylineError(
            f"{read.pattern.name}.{name}",
            f"{text!r} is not a range.",
            f"Write {name}=START{RANGE}END.",
        )
    return start, end


def _converted(pattern: Pattern[Any], name: str, text: str) -> Any:
    kind = type_of(pattern, name)
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as error:
        raise KeylineError(
            f"{pattern.name}.{name}", f"{text!r} cannot be read: {error}.", "Check the value."
        ) from error


def type_of(pattern: Pattern[Any], name: str) -> Any:
    """Return the type of a parameter: of its field, or of the field that it is compared with."""
    if any(each.parameter == name and each.measured for each in _compared(pattern)):
        return int
    fields = _fields(pattern)
    attribute = attributes_of(pattern)[name]
    return fields[attribute].python if attribute in fields else str


def attributes_of(pattern: Pattern[Any]) -> dict[str, str]:
    """Return the attribute of each parameter: of its name, or the one that it is compared with."""
    fields = _fields(pattern)
    compared = {each.parameter: each.attribute for each in _compared(pattern)}
    return {
        name: name if name in fields else compared.get(name, name) for name in pattern.parameters
    }


def _fields(pattern: Pattern[Any]) -> dict[str, Field]:
    shapes = (*pattern.shapes, *(kind.shape for kind in pattern.kinds))
    return {name: field for shape in shapes for name, field in fields_of(shape).items()}


def _compared(pattern: Pattern[Any]) -> list[Condition]:
    """Return the conditions of a pattern, those of its key and of the item."""
    if isinstance(pattern, Query):
        return [*pattern.conditions, *leaves(pattern.where)]
    if isinstance(pattern, Put | Update | Delete):
        return [*leaves(pattern.conditions)]
    return []
