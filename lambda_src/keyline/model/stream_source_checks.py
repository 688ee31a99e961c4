"""Checks of the conditions of a stream source, which become a filter of Lambda's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple, get_args

import msgspec

from keyline.errors import Fault, instead_of, repeated
from keyline.model.entity import Entity
from keyline.model.shape import Field, annotation_of, fields_of
from keyline.model.stream_source import (
    AnythingBut,
    EventName,
    Exists,
    ImageName,
    Prefix,
    StreamSource,
    Where,
)
from keyline.model.table import StreamView, Table


class _Image(NamedTuple):
    """The name of an image's conditions, the views that show it, the events that have it."""

    name: str
    views: tuple[StreamView, StreamView]
    events: tuple[EventName, EventName]


MAX_DIGITS = 38
"""Significant digits of a number (DynamoDB developer guide, "Data types")."""
_IMAGES: Mapping[ImageName, _Image] = {
    "NewImage": _Image(
        "where", (StreamView.NEW_IMAGE, StreamView.NEW_AND_OLD_IMAGES), ("INSERT", "MODIFY")
    ),
    "OldImage": _Image(
        "old", (StreamView.OLD_IMAGE, StreamView.NEW_AND_OLD_IMAGES), ("MODIFY", "REMOVE")
    ),
}
_CONDITIONS = "Use a tuple of values, AnythingBut((...)), Prefix('...') or Exists(...)."


def condition_faults(source: StreamSource) -> Iterator[Fault]:
    """Yield what is wrong with a source's events and conditions, the most basic first."""
    for event in source.events:
        if event not in get_args(EventName):
            yield "events", f"names {event!r}.", f"Use {', '.join(get_args(EventName))}."
    for event in repeated(source.events):
        yield "events", f"names {event} twice.", "Name each event once."
    if source.expired and source.events != ("REMOVE",):
        yield "expired", "is about items that are deleted.", 'Write events=("REMOVE",).'
    if source.expired and source.table.ttl is None:
        what = f"is about items that expire, and those of {source.table.name} do not."
        yield "expired", what, "Declare the table's ttl, or drop it."
    for image, where in source.images.items():
        yield from _image_faults(source, _IMAGES[image])
        if source.kind is not None:
            yield from _where_faults(source.table, source.kind, _IMAGES[image].name, where)


def _image_faults(source: StreamSource, image: _Image) -> Iterator[Fault]:
    table, (first, second) = source.table, image.views
    if table.stream not in image.views:
        yield (
            image.name,
            f"is about an image that the stream of {table.name} does not hold.",
            f"Declare stream=StreamView.{first.name} or StreamView.{second.name}.",
        )
    if not source.events or not set(source.events) <= set(image.events):
        yield (
            "events",
            f"has an event without the image that {image.name!r} is about.",
            f"Use {image.events[0]}, {image.events[1]} or both.",
        )
    if source.kind is None:
        shapes = ", ".join(kind.shape.__name__ for kind in table.kinds)
        yield "shape", f"is not one kind of item of {table.name}.", f"Use one of: {shapes}."
    elif len(table.kinds) > 1 and table.discriminator is None:
        yield (
            "shape",
            f"cannot be selected: {table.name} has several kinds and no discriminator.",
            "Select the items in the handler.",
        )


def _where_faults(table: Table, kind: Entity, name: str, where: Where) -> Iterator[Fault]:
    fields = fields_of(kind.shape)
    for attribute, condition in where.items():
        path, known = f"{name}[{attribute}]", fields.get(attribute)
        if known is None:
            what = f"{kind.shape.__name__} has no attribute {attribute!r}."
            yield path, what, instead_of(attribute, fields)
        elif attribute in table.sharded and not isinstance(condition, Exists):
            what = "is sharded: its stored value ends in a shard that a condition cannot know."
            yield path, what, "Use another attribute, or compare in the handler."
        elif known.type not in ("S", "N", "BOOL") or known.compress_above is not None:
            what = "is not a plain text, number or truth value in a stream record."
            yield path, what, "Use another attribute, or compare in the handler."
        else:
            yield from _one_fault(kind, known, path, condition)


def _one_fault(kind: Entity, field: Field, path: str, condition: Any) -> Iterator[Fault]:
    match condition:
        case Exists():
            if not field.optional:
                yield path, "is never None.", "Drop the condition, or compare values."
        case Prefix():
            if field.type != "S":
                yield path, "is not a text, and only a text has a prefix.", "List the values."
            elif not condition.text:
                yield path, "has an empty prefix, which every text has.", "Drop the condition."
        case AnythingBut() if field.type == "BOOL":
            yield path, "is a truth value.", "Use (True,) or (False,)."
        case AnythingBut(values) | tuple(values):
            yield from _value_faults(kind, field, path, values)
        case _:
            yield path, f"{condition!r} is not a condition.", _CONDITIONS


def _value_faults(kind: Entity, field: Field, path: str, values: Any) -> Iterator[Fault]:
    if not isinstance(values, tuple) or not values:
        yield path, "names no value.", 'Write a tuple of at least one value: ("paid",).'
        return
    for value in values:
        if value is None:
            yield path, "lists None, which a stream record does not hold.", "Use Exists(False)."
            continue
        try:
            msgspec.convert(msgspec.to_builtins(value), annotation_of(kind.shape, field.name))
        except (msgspec.ValidationError, TypeError) as error:
            yield path, f"{value!r} is not a value of the attribute: {error}.", "Use its type."
            continue
        if field.type == "N" and not _is_stored(value):
            yield (
                path,
                f"{value!r} is a number that DynamoDB cannot hold.",
                f"Use a number of up to {MAX_DIGITS} digits between 1e-130 and 1e126.",
            )


def _is_stored(value: Any) -> bool:
    exact = Decimal(str(getattr(value, "value", value)))
    if not exact.is_finite():
        return False
    digits = "".join(map(str, exact.as_tuple().digits)).strip("0")
    return len(digits) <= MAX_DIGITS and (not exact or -130 <= exact.adjusted() <= 125)
