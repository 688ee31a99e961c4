"""Read a value as it is written, and say in plain words what its type asks for."""

from __future__ import annotations

import enum
import re
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec import inspect

from keyline.model.shape import annotation_of, strip
from keyline.run.errors import BadValueError
from keyline.wording import expected

_PLACE = re.compile(r" - at `\$([^`]*)`$")
_STEP = re.compile(r"[^.\[]+|\[[^\]]*\]")


def convert(value: Any, wire: Any, annotation: Any) -> None:
    """Read a value as it is written.

    Raises
    ------
    BadValueError
        If its type refuses it: with the place within the value, and what has to be there,
        but not the value.
    """
    try:
        msgspec.convert(value, wire, strict=False)
    except msgspec.ValidationError as error:
        found = _PLACE.search(str(error))
        # Each step into a value is followed by the tag of what is there.
        steps = _STEP.findall(found.group(1))[1::2] if found else []
        there = _type_at(annotation, steps)
        known = known_values(strip(there).bare)
        raise BadValueError(_path(steps), *(one_of(known) if known else _asked(there))) from None


def _type_at(annotation: Any, steps: list[str]) -> Any:
    """Return the type at a place within values of a type."""
    for step in steps:
        bare = strip(annotation).bare
        inner = get_args(bare)
        annotation = annotation_of(bare, step) if not inner else inner[get_origin(bare) is dict]
    return annotation


def _path(steps: list[str]) -> str:
    shown = ("[]" if s == "[...]" else s if s.startswith("[") else f".{s}" for s in steps)
    return "".join(shown) or "value"


def _asked(annotation: Any) -> tuple[str, str]:
    """Return the message and the suggestion where a value does not fit its type.

    The message and the suggestion are in plain words, and do not hold the value.
    """
    words = expected(inspect.type_info(strip(annotation).typed))
    return f"has to be {words}.", "Give a value that the field's type allows."


def known_values(bare: Any) -> tuple[Any, ...]:
    """Return the values of a Literal or an Enum; a type of another kind has none."""
    if isinstance(bare, type) and issubclass(bare, enum.Enum):
        return tuple(member.value for member in bare)
    return get_args(bare) if get_origin(bare) is Literal else ()


def one_of(known: tuple[Any, ...]) -> tuple[str, str]:
    """Return the message and the suggestion where a value is not one of these."""
    return f"is not one of {', '.join(map(repr, known))}.", "Give one of these."
