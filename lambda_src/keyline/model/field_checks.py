"""Checks that a field has what its type says, in all declarations alike.

A name is text, and several names, patterns or routes are a tuple of them. Other checks rely on it:
they look names up, and go through tuples. So these checks come first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

import msgspec

from keyline.errors import DeclarationError, Fault

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Declared: TypeAlias = msgspec.Struct | DataclassInstance

_TEXTS = frozenset({"str", "str | None"})
_PLAIN = frozenset({"int", "float", "bool", "int | None", "float | None"})
_CLASS = "ClassVar["
_CHECKED_LATER = "tuple[WriteCondition,"
"""How the annotation of a pattern's conditions begins. `condition_checks` judges what they hold."""
_AS_TEXT = "Give it as text."
_AS_NAMES = "Give each name as text."
_AS_TUPLE = "Give a tuple of names."
_AS_DICT = "Give a dict whose keys are names."


def field_faults(declared: Declared, path: str = "") -> Iterator[Fault]:
    """Yield each field whose value does not fit its annotation, also in the parts of a declaration.

    An annotation is judged if it is of text, of a tuple, or of a dict of names. A list passes for a
    tuple. The checks of bounds judge numbers.

    A field is judged by its annotation as it is written. To evaluate the annotations of all
    declarations would take milliseconds of each cold start. What checks itself when it is made,
    such as the table of a pattern, is not checked again.

    Parameters
    ----------
    path
        What comes before the paths of the faults.
    """
    for name, annotation in _annotated(type(declared)):
        value = getattr(declared, name)
        if isinstance(value, str) and annotation in _TEXTS:
            continue
        where = f"{path}.{name}" if path else name
        yield from _value_faults(annotation, value, where)
        for number, part in _parts(value):
            yield from field_faults(part, f"{where}{number}")


@lru_cache(maxsize=256)
def _annotated(declared: type[Declared]) -> tuple[tuple[str, str], ...]:
    """Return the fields of a class, each with its annotation, without plain numbers and flags."""
    written: dict[str, str] = {}
    for owner in reversed(declared.__mro__):
        # Text where the module has `from __future__ import annotations`, and a type otherwise
        written |= {n: str(of) for n, of in getattr(owner, "__annotations__", {}).items()}
    return tuple(
        (name, annotation)
        for name, annotation in written.items()
        if annotation not in _PLAIN and not annotation.startswith((_CLASS, _CHECKED_LATER))
    )


def is_number(value: object) -> bool:
    """Return whether a value is a number: neither text nor True."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def number_said(value: object) -> str:
    """Return what an error says of a number that is out of its bounds, or of another value."""
    reason = "" if is_number(value) else ", which is neither an int nor a float"
    return f"is {value!r}{reason}."


def checked_name(path: str, name: object) -> str:
    """Return the name of an attribute that a declaration gives.

    Raises
    ------
    DeclarationError
        If the name is not text.
    """
    if isinstance(name, str):
        return name
    raise DeclarationError(path, _not_a_name(name), "Give the name of an attribute as text.")


def _value_faults(annotation: str, value: object, path: str) -> Iterator[Fault]:
    if annotation in _TEXTS:
        optional = annotation == "str | None"
        if not isinstance(value, str) and not (optional and value is None):
            yield path, f"is given {value!r}, which is not text.", _AS_TEXT
    elif annotation.startswith(("tuple[", "Sequence[")):
        yield from _tuple_faults(annotation, value, path)
    elif annotation.startswith("Mapping[") or annotation == "Where":
        yield from _mapping_faults(annotation, value, path)


def _tuple_faults(annotation: str, value: object, path: str) -> Iterator[Fault]:
    of_names = annotation.startswith("tuple[str,")
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        given = f"a {type(value).__name__}" if _is_declared(value) else repr(value)
        comma = f"Give a tuple. A tuple of one has a comma: `{path.rpartition('.')[2]}=(...,)`."
        yield path, f"is given {given}, which is not a tuple.", _AS_TUPLE if of_names else comma
    elif of_names:
        yield from _name_faults(value, path)


def _mapping_faults(annotation: str, value: object, path: str) -> Iterator[Fault]:
    if not isinstance(value, Mapping):
        yield path, f"is given {value!r}, which is not a dict.", _AS_DICT
        return
    if not annotation.startswith("Mapping[int,"):
        yield from _name_faults(value, path)
    if annotation.endswith(", str]"):
        for name, text in value.items():
            yield from _value_faults("str", text, f"{path}[{name}]")


def _name_faults(names: Iterable[object], path: str) -> Iterator[Fault]:
    for name in names:
        if not isinstance(name, str):
            yield path, _not_a_name(name), _AS_NAMES


def _not_a_name(name: object) -> str:
    return f"is given {name!r}, which is not a name."


def _parts(value: object) -> Iterator[tuple[str, Declared]]:
    """Yield the declarations that a value is, or has: those that do not check themselves."""
    if isinstance(value, list | tuple):
        for number, each in enumerate(value):
            if _is_part(each):
                yield f"[{getattr(each, 'name', number)}]", each
    elif _is_part(value):
        yield "", value


def _is_part(value: object) -> TypeGuard[Declared]:
    """Return whether a value is a declaration that does not check itself."""
    return _is_declared(value) and not hasattr(value, "__post_init__")


def _is_declared(value: object) -> TypeGuard[Declared]:
    """Return whether a value is a declaration: a long text, where an error shows it whole."""
    made = isinstance(value, msgspec.Struct) or is_dataclass(value)
    return made and not isinstance(value, type)
