"""Key templates: an attribute whose value is put together from an item's fields."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from keyline.problem import DeclarationError

_FORMATTER = string.Formatter()
_FIELD = re.compile(r"[\w-]+")


class Template:
    """A key such as `MODULE#{moduleId}` or `{timestamp:016.3f}`.

    A number in a sort key needs a width (`{timestamp:016.3f}`), or text order would
    not be the order of the numbers.

    Parameters
    ----------
    text
        Literal text with `{field}` or `{field:format}` in Python's format syntax.

    Raises
    ------
    DeclarationError
        If the text is no valid template.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            parts = list(_FORMATTER.parse(text))
        except ValueError as error:
            raise self._fault(f"{error}.") from error
        if not text:
            raise self._fault("is empty.")
        for _, name, spec, conversion in parts:
            if name is not None and not _FIELD.fullmatch(name):
                raise self._fault(f"{name!r} is no field's name.")
            if conversion or "{" in (spec or ""):
                raise self._fault(f"{name!r} has more than a name and a format.")
        self._parts = [(literal, name, spec or "") for literal, name, spec, _ in parts]

    def _fault(self, message: str) -> DeclarationError:
        return DeclarationError(
            f"template {self.text!r}", message, "Write {field} or {field:format}."
        )

    def __repr__(self) -> str:
        return f"Template({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The fields it is put together from, in order."""
        return tuple(name for _, name, _ in self._parts if name)

    @cached_property
    def literal(self) -> str:
        """The text before the first field."""
        return self._parts[0][0]

    def text_of(self, field: str, value: Any) -> str | None:
        """How a field's value is written; None if its format does not take such a value."""
        spec = next(spec for _, name, spec in self._parts if name == field)
        try:
            return format(value, spec)
        except (TypeError, ValueError):
            return None

    def up_to(self, field: str) -> Template:
        """The template's beginning, ending with this field.

        Raises
        ------
        ValueError
            If it has no such field.
        """
        begun: list[str] = []
        for literal, name, spec in self._parts:
            begun.append(literal.replace("{", "{{").replace("}", "}}"))
            if name:
                begun.append(f"{{{name}:{spec}}}" if spec else f"{{{name}}}")
            if name == field:
                return Template("".join(begun))
        raise ValueError(field)

    def render(self, values: Mapping[str, Any]) -> str:
        """The key's value for these fields.

        Raises
        ------
        KeyError
            If a field is missing.
        """
        return "".join(
            literal + (format(values[name], spec) if name else "")
            for literal, name, spec in self._parts
        )

    def prefix(self, values: Mapping[str, Any]) -> str:
        """The key's beginning, up to the first field that has no value."""
        out = []
        for literal, name, spec in self._parts:
            out.append(literal)
            if name:
                if values.get(name) is None:
                    break
                out.append(format(values[name], spec))
        return "".join(out)
