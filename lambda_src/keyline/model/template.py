"""Key templates: an attribute whose value is put together from an item's fields."""

from __future__ import annotations

import string
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from keyline.problem import DeclarationError

_FORMATTER = string.Formatter()


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
            self._parts = [
                (literal, name, spec or "") for literal, name, spec, _ in _FORMATTER.parse(text)
            ]
        except ValueError as error:
            raise DeclarationError(
                f"template {text!r}", f"{error}.", "Write {field} or {field:format}."
            ) from error

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
