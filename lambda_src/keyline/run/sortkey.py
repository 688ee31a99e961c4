"""Conditions on a sort key: on an attribute, or on the fields of its key template."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from keyline.model.condition import Condition
from keyline.model.pattern import Query, compared_template, sort_parameters
from keyline.model.template import Template
from keyline.run.codec import value_of
from keyline.run.errors import BadValue
from keyline.run.expressions import Expressions, compared, encoded, pair

LAST = "\U0010ffff"
"""The last character: what begins with a text lies between it and it followed by this."""


def sort_condition(into: Expressions, pattern: Query[Any], condition: Condition) -> str:
    """The text of one sort key condition."""
    template = compared_template(pattern.kind, condition)
    if template is not None:
        return _on_template(into, pattern, condition, template)
    encode = value_of(pattern.kind, pattern.table, condition.attribute).encode
    return compared(into, condition, encode, condition.parameter)


def _on_template(
    into: Expressions, pattern: Query[Any], condition: Condition, template: Template
) -> str:
    """A condition on a template's fields, as one on the text that they make.

    A range never leaves what begins with the fields before it, so that it meets no item of
    another kind that happens to sort after.
    """
    name, attribute = into.name(condition.attribute), condition.attribute
    fields = sort_parameters(pattern.kind, condition)
    last = fields[-1] if fields else None
    whole = fields == template.fields

    def text(make: Callable[[Mapping[str, Any]], str]) -> Callable[[Mapping[str, Any]], Any]:
        def render(given: Mapping[str, Any]) -> dict[str, str]:
            try:
                return {"S": make(given)}
            except (TypeError, ValueError) as error:
                raise BadValue(attribute, f"does not fit {template.text!r}: {error}.") from error

        return render

    if condition.operator == "=" and whole:
        return f"{name} = {into.place(attribute, text(template.render))}"
    if condition.operator == "begins_with" and last is not None:
        beginning = template.up_to(last).render
        return f"begins_with({name}, {into.place(attribute, text(beginning))})"
    if condition.operator in ("=", "begins_with"):
        return f"begins_with({name}, {into.place(attribute, text(_prefix(template, fields)))})"
    low, high = _bounds(template, fields, condition)
    low_place = into.place(f"{attribute}_low", text(low))
    return f"{name} BETWEEN {low_place} AND {into.place(f'{attribute}_high', text(high))}"


Text = Callable[[Mapping[str, Any]], str]


def _bounds(template: Template, fields: tuple[str, ...], condition: Condition) -> tuple[Text, Text]:
    """The lowest and the highest text that a range on the last of these fields admits."""
    last, before = fields[-1], _prefix(template, fields[:-1])
    at = _prefix(template, fields)

    def side(n: int) -> Text:
        return lambda given: at({**given, last: pair(last, given[last])[n]})

    def beyond(make: Text) -> Text:
        return lambda given: make(given) + LAST

    def below(make: Text) -> Text:
        return lambda given: just_below(make(given))

    return {
        "between": (side(0), beyond(side(1))),
        ">=": (at, beyond(before)),
        ">": (beyond(at), beyond(before)),
        "<=": (before, beyond(at)),
        "<": (before, below(at)),
    }[condition.operator]


def _prefix(template: Template, fields: tuple[str, ...]) -> Text:
    def prefix(given: Mapping[str, Any]) -> str:
        for name in fields:
            if given[name] is None:
                raise BadValue(name, "has no value.", "Give one.")
        return template.prefix({name: given[name] for name in fields})

    return prefix


def just_below(text: str) -> str:
    """A text before this one with nothing but its own continuations in between."""
    if not text:
        return text
    before = ord(text[-1]) - 1
    if 0xD800 <= before <= 0xDFFF:  # no characters: half of what UTF-16 writes some with
        before = 0xD7FF
    return text[:-1] + (chr(before) + LAST if before >= 0 else "")


def partition_condition(
    into: Expressions, attribute: str, make: Callable[[Mapping[str, Any]], Any]
) -> str:
    """The text of an equality of a partition key attribute."""
    place = into.place(attribute, lambda given: encoded(attribute, make, given))
    return f"{into.name(attribute)} = {place}"
