"""Random Structs with random values: every type that a declaration takes, at any depth."""

from __future__ import annotations

import enum
import itertools
from decimal import Decimal
from types import GenericAlias
from typing import Annotated, Any, Literal, NewType

import msgspec
from hypothesis import strategies as st


class Plain(enum.Enum):
    """An Enum whose members are not text themselves."""

    ONE = "one"
    TWO = "two"


class Text(enum.StrEnum):
    """An Enum of text."""

    A = "a"
    B = "b"


class Number(enum.IntEnum):
    """An Enum of numbers."""

    NONE = 0
    MANY = 9


UserId = NewType("UserId", str)

Kind = tuple[Any, st.SearchStrategy[Any]]
"""A type, and its values."""

_names = itertools.count()
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
_floats = st.one_of(
    st.just(0.0),
    st.floats(1e-100, 1e100),
    st.floats(-1e100, -1e-100),
    st.integers(-9, 9).map(float),
)
_decimals = st.builds(
    lambda sign, number, exponent: Decimal((sign, tuple(map(int, str(number))), exponent)),
    st.sampled_from([0, 1]),
    st.integers(0, 10**38 - 1),
    st.integers(-80, 80),
)
_KEYS: tuple[Kind, ...] = (
    (str, _texts),
    (UserId, _texts),
    (int, st.integers(-(10**38) + 1, 10**38 - 1)),
    (float, _floats),
    (Decimal, _decimals),
    (bytes, st.binary(max_size=6)),
    (Literal["x", "y"], st.sampled_from(["x", "y"])),
    (Literal[1, 2], st.sampled_from([1, 2])),
    (Plain, st.sampled_from(Plain)),
    (Text, st.sampled_from(Text)),
    (Number, st.sampled_from(Number)),
)
"""What a set may hold as well."""
_SCALARS: tuple[Kind, ...] = (
    *_KEYS,
    (bool, st.booleans()),
    (Annotated[int, msgspec.Meta(ge=0, le=9)], st.integers(0, 9)),
    (Annotated[str, msgspec.Meta(max_length=3)], _texts.map(lambda text: text[:3])),
)


def _set(kind: Kind) -> Kind:
    return GenericAlias(set, (kind[0],)), st.sets(kind[1], max_size=3)


def _collections(kinds: st.SearchStrategy[Kind]) -> st.SearchStrategy[Kind]:
    def around(kind: Kind) -> st.SearchStrategy[Kind]:
        annotation, values = kind
        lists = st.lists(values, max_size=3)
        some: list[Kind] = [
            (GenericAlias(list, (annotation,)), lists),
            (GenericAlias(tuple, (annotation, ...)), lists.map(tuple)),
            (GenericAlias(dict, (str, annotation)), st.dictionaries(_texts, values, max_size=3)),
        ]
        return st.sampled_from(some)

    members = st.one_of(kinds, kinds.map(_maybe))
    return st.one_of(members.flatmap(around), structs(kinds))


def _maybe(kind: Kind) -> Kind:
    """Return the same, or None; not the empty set, which cannot be told from None."""
    annotation, values = kind
    return annotation | None, st.none() | values.filter(lambda v: v not in (set(), frozenset()))


@st.composite
def structs(draw: st.DrawFn, kinds: st.SearchStrategy[Kind]) -> Kind:
    """Return a Struct of one to three fields: required or not, with and without a default."""
    fields: list[Any] = [("id", str)]
    values: dict[str, st.SearchStrategy[Any]] = {"id": _texts.filter(bool)}
    for n in range(draw(st.integers(1, 3))):
        kind, name = draw(kinds), f"f{n}"
        optional, default = draw(st.booleans()), draw(st.sampled_from(["no", "None", "value"]))
        annotation, values[name] = _maybe(kind) if optional else kind
        if default == "no" or (default == "None" and not optional):
            fields.append((name, annotation))
        elif default == "None":
            fields.append((name, annotation, None))
        else:
            fields.append((name, *_with_default(draw, annotation, kind, optional=optional)))
    shape = msgspec.defstruct(f"Shape{next(_names)}", fields, kw_only=True)
    return shape, st.fixed_dictionaries(values).map(lambda given: shape(**given))


def _with_default(draw: st.DrawFn, annotation: Any, kind: Kind, *, optional: bool) -> Any:
    value = draw(kind[1])
    if isinstance(value, set):
        return (annotation, None) if optional else (annotation, msgspec.field(default_factory=set))
    if draw(st.booleans()) and not isinstance(value, list | dict | msgspec.Struct):
        return annotation, value
    return annotation, msgspec.field(default_factory=lambda: value)


kinds: st.SearchStrategy[Kind] = st.recursive(
    st.sampled_from([*_SCALARS, *map(_set, _KEYS)]), _collections, max_leaves=4
)
"""Types that a field may have, with their values."""


scalars: st.SearchStrategy[Kind] = st.sampled_from(_SCALARS)
"""The same without collections."""


@st.composite
def items(draw: st.DrawFn, types: st.SearchStrategy[Kind] = kinds) -> msgspec.Struct:
    """Return an item with an `id`, of a shape that is made for it."""
    _, values = draw(structs(types))
    made: msgspec.Struct = draw(values)
    return made
