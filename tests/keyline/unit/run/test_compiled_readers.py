"""The compiled reader of a shape, beside what each stored value plainly means."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, get_args, get_origin

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyline.model.shape import infos_of, strip
from tests.keyline.unit.run.test_round_trip import read, written
from tests.support.shapes import items, scalars

REFUSED = "refused"
SCALARS = {str: "S", bytes: "B", bool: "BOOL"}

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
_numbers = st.sampled_from(["0", "-1", "1.5", "1e3", "x", "", "00", "9" * 38, "true"])
_leaves = st.one_of(
    st.fixed_dictionaries({"S": _texts | st.sampled_from(["one", "x", "a", "AQI="])}),
    st.fixed_dictionaries({"N": _numbers}),
    st.fixed_dictionaries({"B": st.sampled_from(["", "AQI=", "?"])}),
    st.fixed_dictionaries({"BOOL": st.booleans()}),
    st.just({"NULL": True}),
    st.fixed_dictionaries({"SS": st.lists(_texts, max_size=2)}),
    st.fixed_dictionaries({"NS": st.lists(_numbers, max_size=2)}),
    st.fixed_dictionaries({"BS": st.lists(st.sampled_from(["AQI=", "?"]), max_size=2)}),
)
wires: st.SearchStrategy[dict[str, Any]] = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"L": st.lists(inner, max_size=2)}),
        st.fixed_dictionaries(
            {"M": st.dictionaries(st.sampled_from(["id", "f0", "f1", "x"]), inner, max_size=3)}
        ),
    ),
    max_leaves=4,
)
"""Values as DynamoDB writes them, most of which fit no certain type."""


def item_meant(shape: type[msgspec.Struct], attributes: Mapping[str, Any]) -> Any:
    """Return what attributes mean as an instance of a shape."""
    found = {}
    for name, info in infos_of(shape).items():
        wire, optional = attributes.get(name), strip(info.type).optional
        is_set = get_origin(strip(info.type).bare) is set
        required = info.required and not optional and not is_set
        if wire is not None and (required or "NULL" not in wire):
            found[info.name] = meant(info.type, wire)
        elif required:
            raise msgspec.ValidationError
        elif wire is not None and optional:
            found[info.name] = None
        elif info.required:
            found[info.name] = None if optional else set()
    return shape(**found)


def meant(annotation: Any, wire: Mapping[str, Any]) -> Any:
    """Return what a value means as one of a type."""
    bare, typed = strip(annotation).bare, strip(annotation).typed
    origin, args = get_origin(bare), get_args(bare)
    ((tag, content),) = wire.items()
    if origin is set:
        (member,) = args
        expected = f"{_tag(strip(member).bare)}S"
    elif origin in (list, tuple):
        expected = "L"
    elif origin is dict or (isinstance(bare, type) and issubclass(bare, msgspec.Struct)):
        expected = "M"
    else:
        expected = _tag(bare)
    if tag != expected:
        raise msgspec.ValidationError
    if origin in (list, tuple):
        return origin(_member(args[0], each) for each in content)
    if origin is dict:
        return {name: _member(args[1], each) for name, each in content.items()}
    if expected == "M":
        return item_meant(bare, content)
    return msgspec.convert(content, typed, strict=False)


def _member(annotation: Any, wire: Mapping[str, Any]) -> Any:
    bare, _, optional, _ = strip(annotation)
    if "NULL" not in wire:
        return meant(annotation, wire)
    return set() if get_origin(bare) is set and not optional else None


def _tag(bare: Any) -> str:
    if args := get_args(bare):
        bare = type(args[0])
    elif not hasattr(bare, "__members__"):
        return SCALARS.get(bare, "N")
    else:
        bare = type(next(iter(bare)).value)
    return SCALARS.get(bare, "N")


@settings(max_examples=300, suppress_health_check=list(HealthCheck), deadline=None)
@given(items() | items(scalars), st.data())
def test_a_compiled_reader_reads_what_is_plainly_meant(
    item: msgspec.Struct, data: st.DataObject
) -> None:
    # Given the attributes of an item, of which some are absent or replaced by any value
    shape, told = type(item), written(item)
    for name in infos_of(shape):
        match data.draw(st.sampled_from(["kept", "kept", "absent", "replaced"])):
            case "absent":
                told.pop(name, None)
            case "replaced":
                told[name] = data.draw(wires)

    # Then both read the same, or both refuse it
    assert _outcome(read, shape, told) == _outcome(item_meant, shape, told)


def _outcome(reading: Any, shape: type[msgspec.Struct], told: Mapping[str, Any]) -> str:
    try:
        return repr(reading(shape, told))
    except msgspec.ValidationError:
        return REFUSED


def test_a_default_that_is_made_is_made_for_each_item() -> None:
    numbers = itertools.count()

    class Made(msgspec.Struct, kw_only=True):
        number: int = msgspec.field(default_factory=lambda: next(numbers))
        tags: set[str]
        names: list[str] = []

    one, other = read(Made, {}), read(Made, {})
    assert other.number == one.number + 1
    one.tags.add("x")
    one.names.append("x")
    assert (other.tags, other.names) == (set(), [])


@pytest.mark.parametrize("name", ["wire", "shape", "decode_1", "class", "_private"])
def test_a_field_may_have_any_name(name: str) -> None:
    shape = msgspec.defstruct("Named", [(name, str), ("many", list[str], [])], kw_only=True)
    stored = {name: {"S": "x"}, "many": {"L": [{"S": "y"}]}}
    assert read(shape, stored) == shape(**{name: "x", "many": ["y"]})
