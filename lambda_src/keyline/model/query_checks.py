"""Checks of a query: what no key serves, and which kinds of items it would mix up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from keyline.errors import Fault, instead_of
from keyline.model.condition import SORT_OPERATORS, Condition, leaves
from keyline.model.condition_checks import condition_faults, stranger_faults
from keyline.model.entity import Entity
from keyline.model.field_checks import is_number, number_said
from keyline.model.pattern import Query, compared_template, parameters_of, sort_parameters
from keyline.model.pattern_checks import reach_faults
from keyline.model.place import place_of
from keyline.model.separation import (
    Lexicon,
    bounded_length,
    ends_by_itself,
    lexicon_of,
    order_fault,
)
from keyline.model.shape import fields_of
from keyline.model.template import Template
from keyline.model.texts import ANY, Texts, may_share, texts_of

_RANGES = frozenset({"<", "<=", ">", ">=", "between"})


@reach_faults.register(Query)
def _query_faults(query: Query[Any]) -> Iterator[Fault]:
    """Yield what is wrong with a query, the most basic first."""
    if query.index and all(i.name != query.index for i in query.table.indexes):
        yield (
            "index",
            f"{query.table.name} has no index {query.index!r}.",
            instead_of(query.index, (i.name for i in query.table.indexes)),
        )
    if query.consistent and query.index:
        yield (
            "consistent",
            f"{query.index} is a global secondary index, whose reads are eventually consistent.",
            "Read the table, or accept what the index gives.",
        )
    for kind in query.kinds:
        for attribute in query.key.attributes:
            if kind.type_of(attribute) is None:
                yield (
                    "index",
                    f"{kind.shape.__name__} has no {attribute!r}, so that none is ever in "
                    f"{query.index}.",
                    _serving(query, ()),
                )
    yield from stranger_faults(query.conditions, "sort")
    yield from stranger_faults(query.where, "where")
    for condition in query.conditions:
        yield from _operator_faults(query, condition)
    yield from _order_faults(query)
    for condition in query.conditions:
        yield from _sort_template_faults(query, condition)
    yield from _shared_parameter_faults(query)
    yield from _filter_faults(query)
    yield from _common_key_faults(query)
    yield from _stranger_faults(query)


def _operator_faults(query: Query[Any], condition: Condition) -> Iterator[Fault]:
    path, attribute = f"sort.{condition.attribute}", condition.attribute
    if condition.other is not None:
        yield (
            path,
            "is compared with another attribute, and a key only with values of the call.",
            "Compare the attributes with where=.",
        )
    if condition.operator not in SORT_OPERATORS:
        yield (
            path,
            f"{condition.operator!r} is not a condition on a sort key.",
            f"Use one of {', '.join(sorted(SORT_OPERATORS))}.",
        )
    if attribute not in query.key.sort:
        served, known = query.index or query.table.name, ", ".join(query.key.sort) or "none"
        yield (
            path,
            f"no key of {served} serves it: the sort key is {known}.",
            _serving(query, tuple(c.attribute for c in query.conditions)),
        )
    if condition.operator == "begins_with" and query.table.type_of(attribute) == "N":
        yield path, "is a Number.", "begins_with takes text or Binary; use between."


def _filter_faults(query: Query[Any]) -> Iterator[Fault]:
    """Yield what is wrong with the conditions that leave items out."""
    if not (is_number(query.hits) and 0 < query.hits <= 1):
        yield (
            "hits",
            number_said(query.hits),
            "Give the share of items that are kept: above 0, up to 1.",
        )
    if not query.where and query.hits != 1:
        yield "hits", "is given, and no item is left out.", "Leave it out, or declare where=."
    if query.where and query.hits == 1:
        yield (
            "hits",
            "is not given, and every item that is left out is read and billed.",
            "Give the share of items that are kept, such as hits=0.5.",
        )
    if query.where and len(query.kinds) > 1:
        yield "where", "is about items of one kind.", "Name one kind, or leave items out yourself."
        return
    yield from condition_faults(query, query.where, "where")
    index = query.table.index(query.index) if query.index else None
    carried = query.table.carried_by(index) if index else None
    for name in (name for c in leaves(query.where) for name in c.attributes):
        place = place_of(query.kind, name)
        attribute = place.attribute if place else name
        if attribute in query.key.attributes:
            yield (
                f"where.{name}",
                f"is a part of the key of {query.index or query.table.name}.",
                "Compare it with sort=; the partition key is given by each call.",
            )
        if carried is not None and attribute not in carried:
            yield (
                f"where.{name}",
                f"the index {query.index} does not carry it.",
                f"It carries: {', '.join(sorted(carried))}.",
            )


def _order_faults(query: Query[Any]) -> Iterator[Fault]:
    attributes = tuple(c.attribute for c in query.conditions)
    if len(set(attributes)) < len(attributes):
        yield "sort", "has two conditions on one attribute.", "Use between for two bounds."
    if attributes != query.key.sort[: len(attributes)]:
        yield (
            "sort",
            f"asks for {', '.join(attributes)} out of order or with a gap.",
            f"Conditions follow the sort key from the left: {', '.join(query.key.sort)}.",
        )
    for condition in query.conditions[:-1]:
        if condition.operator != "=":
            yield (
                f"sort.{condition.attribute}",
                "is a range, and another condition follows.",
                "Only the last condition may be a range.",
            )
        elif not _is_whole(query.kind, condition):
            yield (
                f"sort.{condition.attribute}",
                f"compares only the beginning of {condition.attribute}, and another condition "
                "follows.",
                f"Compare all of it: equals({condition.attribute!r}).",
            )


def _is_whole(kind: Entity, condition: Condition) -> bool:
    """Return whether an equality compares a whole key attribute."""
    template = compared_template(kind, condition)
    return template is None or sort_parameters(kind, condition) == template.fields


def _sort_template_faults(query: Query[Any], condition: Condition) -> Iterator[Fault]:
    """Yield what is wrong with a condition on an attribute that a template makes."""
    template = query.kind.templates.get(condition.attribute)
    if template is None:
        return
    path, parameter = f"sort.{condition.attribute}", condition.parameter
    if parameter in template.fields:
        for kind in query.kinds:
            if parameter in kind.templates[condition.attribute].fields:
                yield from _field_faults(kind, condition)
    elif condition.operator in ("=", "begins_with") and parameter != condition.attribute:
        yield (
            path,
            f"{parameter!r} is not a field of {template.text!r}.",
            instead_of(parameter, template.fields),
        )
    elif condition.operator == "begins_with" and not template.literal:
        yield (
            path,
            f"{template.text!r} begins with no text of its own.",
            f"Name a field of it: begins_with({condition.attribute!r}, {template.fields[0]!r}).",
        )


def _field_faults(kind: Entity, condition: Condition) -> Iterator[Fault]:
    """Yield what is wrong with a condition on one field of a template."""
    path, field = f"sort.{condition.attribute}", condition.parameter
    if condition.operator in _RANGES:
        fault = order_fault(kind, condition.attribute, field)
        if fault is not None:
            yield (path, *fault)
    elif condition.operator == "begins_with" and fields_of(kind.shape)[field].type == "N":
        yield path, f"{field!r} is a Number.", "begins_with takes text; use between."


def _shared_parameter_faults(query: Query[Any]) -> Iterator[Fault]:
    """Yield ranges whose bound is a value of the partition key, or of another condition."""
    taken = {p for a in query.key.partition for p in parameters_of(query.kind, a)}
    for condition in query.conditions:
        names = sort_parameters(query.kind, condition)
        if condition.operator != "=" and names and names[-1] in taken:
            yield (
                f"sort.{condition.attribute}",
                f"its parameter {names[-1]!r} has another meaning in the same call.",
                "Give the parameter a name of its own.",
            )
        taken |= set(names)


def _common_key_faults(query: Query[Any]) -> Iterator[Fault]:
    """Yield kinds whose keys are not made alike: one condition cannot find several of them."""
    first = query.kind
    for kind in query.kinds[1:]:
        for attribute in query.key.partition:
            if _made_of(first, attribute) != _made_of(kind, attribute):
                yield (
                    "shape",
                    f"{attribute} is {_made_of(first, attribute)} of a {first.shape.__name__} and "
                    f"{_made_of(kind, attribute)} of a {kind.shape.__name__}.",
                    "One query reads one partition: make it alike in both, or query each.",
                )
            elif _types_of(first, attribute) != _types_of(kind, attribute):
                yield (
                    "shape",
                    f"the fields of {attribute} have other types in a {first.shape.__name__} than "
                    f"in a {kind.shape.__name__}.",
                    "Declare the fields alike in both, or query each.",
                )
        for condition in query.conditions:
            if _compared(first, condition) != _compared(kind, condition):
                yield (
                    f"sort.{condition.attribute}",
                    f"is made differently of a {first.shape.__name__} and a {kind.shape.__name__}.",
                    "Drop the condition, or begin their templates alike as far as it compares.",
                )


def _made_of(kind: Entity, attribute: str) -> str:
    """Return what an attribute of a kind is made of, as text."""
    if attribute in kind.constants:
        return repr(kind.constants[attribute])
    return repr(kind.keys.get(attribute, f"{{{attribute}}}"))


def _types_of(kind: Entity, attribute: str) -> tuple[str, ...]:
    """Return the types of the fields that a template makes a key attribute of."""
    template = kind.templates.get(attribute)
    return tuple(lexicon_of(kind.shape, f).type for f in template.fields) if template else ()


def _compared(kind: Entity, condition: Condition) -> tuple[str, bool] | None:
    """Return how a key is made as far as a condition compares it, and whether that is all of it.

    None where the call gives whole values, whatever they are made of.
    """
    template = compared_template(kind, condition)
    if template is None:
        return None
    names = sort_parameters(kind, condition)
    so_far = template.literal
    if names:
        lexicons = [lexicon_of(kind.shape, name) for name in names]
        types, after = [lexicon.type for lexicon in lexicons], template.part(names[-1]).after
        # A range, or a beginning, asks for a part of the texts that the field can have.
        span = after if condition.operator == "=" else _span_of(lexicons[-1], template, names[-1])
        so_far = repr((template.up_to(names[-1]), types, span))
    return so_far, condition.operator == "=" and names == template.fields


def _span_of(lexicon: Lexicon, template: Template, field: str) -> object:
    """Return what decides how a range of a field is asked for."""
    part = template.part(field)
    alone = ends_by_itself(lexicon, part)
    return lexicon.values, bounded_length(lexicon, part), None if alone else part.after


def _stranger_faults(query: Query[Any]) -> Iterator[Fault]:
    """Yield other kinds of items in what a query reads: they cannot come back as its shape."""
    key = query.key
    for other in query.table.kinds:
        everywhere = all(other.type_of(attribute) is not None for attribute in key.attributes)
        if everywhere and other not in query.kinds and _admits(query, other):
            yield "shape", _stranger_says(query, other), _keep_apart(query, other)


def _admits(query: Query[Any], other: Entity) -> bool:
    """Return whether a query can meet an item of another kind than its own."""
    return may_share(query.kind, other, query.key.partition) and all(
        _read_by(query.kind, condition).meets(texts_of(other, condition.attribute))
        for condition in query.conditions
    )


def _read_by(kind: Entity, condition: Condition) -> Texts:
    """Return the texts that a sort key condition admits, whatever the call gives."""
    template = compared_template(kind, condition)
    return Texts(template.literal, open=True) if template else ANY


def _stranger_says(query: Query[Any], other: Entity) -> str:
    kinds = ", ".join(shape.__name__ for shape in query.shapes)
    return f"a {other.shape.__name__} can be in what it reads, in addition to {kinds}."


def _keep_apart(query: Query[Any], other: Entity) -> str:
    names = ", ".join(shape.__name__ for shape in (*query.shapes, other.shape))
    together = f"read both: shape=one_of({names})."
    sort = query.key.sort[0] if query.key.sort else None
    if sort and len(query.kinds) == 1 and not query.conditions and sort in query.kind.templates:
        return f"Keep to its own keys with sort=begins_with({sort!r}), or {together}"
    return f"Let their keys begin differently, or {together}"


def _serving(query: Query[Any], attributes: tuple[str, ...]) -> str:
    """Return which key would serve these conditions on the sort key, the likeliest first."""
    keys = {"": query.table.key, **{i.name: i.key for i in query.table.indexes}}
    found = [
        (key.partition != query.key.partition, name)
        for name, key in keys.items()
        if key.sort[: len(attributes)] == attributes
        and name != (query.index or "")
        and all(query.kind.type_of(a) is not None for a in key.attributes)
    ]
    if not found:
        wanted = f" with the sort key {', '.join(attributes)}" if attributes else ""
        return f"No key of {query.table.name} would: declare an index{wanted}."
    name = min(found)[1]
    key = keys[name]
    where = f"index={name!r}" if name else "the table itself, without index="
    return f"Query {where}: its key is {', '.join(key.partition)} / {', '.join(key.sort)}."
