"""The filter that is derived from a stream source matches what its conditions say."""

from __future__ import annotations

import enum
import json
from decimal import Decimal
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline.model import (
    AnythingBut,
    Entity,
    Exists,
    Key,
    Prefix,
    StreamSource,
    StreamView,
    Table,
    stream_filter_of,
)
from keyline.model.stream_source_checks import condition_faults
from keyline.run.codec import ItemWriter
from keyline.run.settings import TableSettings
from keyline.stream import ChangeReader
from keyline_deploy.stream_filter import faults, matches


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Thing(msgspec.Struct, kw_only=True):
    pk: str
    text: str
    level: int
    price: float
    exact: Decimal
    active: bool
    state: Literal["open", "paid"]
    color: Color
    note: str | None = None
    rank: int | None = None
    flag: bool | None = None
    score: int = 1
    label: str | None = "new"
    done: bool = False
    weight: float | None = 0.5


class Other(msgspec.Struct, kw_only=True):
    pk: str


DOC = "Key design: by pk."
THINGS = Table("Things", DOC, key=Key("pk"), entities=[Thing], stream=StreamView.NEW_AND_OLD_IMAGES)
MIXED = Table(
    "Mixed",
    DOC,
    key=Key("key"),
    entities=[
        Entity(Thing, keys={"key": "THING#{pk}"}, tag="THING"),
        Entity(Other, keys={"key": "OTHER#{pk}"}, tag="OTHER"),
    ],
    discriminator="kind",
    stream=StreamView.NEW_AND_OLD_IMAGES,
)
TEXTS = st.sampled_from(["", "a", "ab", "new", "b", "0"])
WHOLE = st.sampled_from([0, 1, -1, 7, 10**20])
FLOATS = st.sampled_from([0.0, 0.5, 1.0, 1e-7, 1e22, -2.25])
EXACT = st.sampled_from([Decimal(0), Decimal("0.10"), Decimal("1E+3"), Decimal("1000")])
TRUTH = st.booleans()
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXTS,
    "level": WHOLE,
    "price": FLOATS,
    "exact": EXACT,
    "active": TRUTH,
    "state": st.sampled_from(["open", "paid"]),
    "color": st.sampled_from(Color),
    "note": TEXTS,
    "rank": WHOLE,
    "flag": TRUTH,
    "score": WHOLE,
    "label": TEXTS,
    "done": TRUTH,
    "weight": FLOATS,
}
OPTIONAL = {"note", "rank", "flag", "label", "weight"}
DEFAULTED = {"note", "rank", "flag", "score", "label", "done", "weight"}


def items() -> st.SearchStrategy[Thing]:
    """Things with any values, and None where it is allowed."""
    return st.builds(
        Thing,
        pk=st.just("p"),
        **{n: st.none() | values if n in OPTIONAL else values for n, values in VALUES.items()},
    )


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    """Conditions on one to three attributes, of every form that the attribute takes."""
    found: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=3)):
        some = st.lists(VALUES[name], min_size=1, max_size=3).map(tuple)
        forms: list[st.SearchStrategy[Any]] = [some]
        if name not in ("active", "flag", "done"):
            forms.append(some.map(AnythingBut))
        if name in ("text", "note", "label", "state", "color"):
            forms.append(st.sampled_from(["a", "n", "new", "r", "op"]).map(Prefix))
        if name in OPTIONAL:
            forms.append(st.booleans().map(Exists))
        found[name] = draw(st.one_of(forms))
    return found


def satisfies(item: Thing, where: dict[str, Any]) -> bool:
    """Return whether an item is what the conditions ask for, said on the item itself."""
    return all(_holds(condition, getattr(item, name)) for name, condition in where.items())


def _holds(condition: Any, value: Any) -> bool:
    if isinstance(condition, Exists):
        return (value is not None) == condition.wanted
    if value is None:
        return False
    if isinstance(condition, Prefix):
        return str(getattr(value, "value", value)).startswith(condition.text)
    if isinstance(condition, AnythingBut):
        return value not in condition.values
    return value in condition


@pytest.mark.requirement("X-10")
@given(item=items(), where=conditions(), data=st.data())
def test_the_filter_matches_the_records_whose_item_satisfies_the_conditions(
    item: Thing, where: dict[str, Any], data: st.DataObject
) -> None:
    # Given an item as it is stored, or as an older version of the code stored it
    image = ItemWriter(
        THINGS, THINGS.kinds[0], TableSettings(msgspec.defstruct("S", [])())
    ).attributes(item, 0.0)
    for name in data.draw(st.lists(st.sampled_from(sorted(DEFAULTED)), max_size=3)):
        image.pop(name, None)
    for name in data.draw(st.lists(st.sampled_from(sorted(DEFAULTED)), max_size=2)):
        image[name] = {"NULL": True}
    record: dict[str, Any] = {
        "eventID": "1",
        "eventName": "INSERT",
        "dynamodb": {"Keys": {"pk": {"S": "p"}}, "NewImage": image, "SequenceNumber": "1"},
    }

    # When a source asks for such items
    source = StreamSource(table=THINGS, events=("INSERT",), where=where)
    assert list(condition_faults(source)) == []
    pattern = json.loads(json.dumps(stream_filter_of(source)))

    # Then the filter is one that is understood, and matches if the item satisfies it
    assert list(faults([pattern])) == []
    read = ChangeReader(THINGS, Thing).read(record).new
    assert read is not None
    assert matches(pattern, record) == satisfies(read, where)


@pytest.mark.requirement("X-10")
@pytest.mark.parametrize(
    ("where", "rules"),
    [
        ({"state": ("paid",)}, {"state": {"S": ["paid"]}}),
        # a number is written as DynamoDB writes it, never compared as a number
        ({"level": (5, 10**20)}, {"level": {"N": ["5", "1" + "0" * 20]}}),
        ({"level": AnythingBut((0,))}, {"level": {"N": [{"anything-but": ["0"]}]}}),
        ({"price": (5.0, 1e-7)}, {"price": {"N": ["5", "0.0000001"]}}),
        ({"exact": (Decimal("0.10"),)}, {"exact": {"N": ["0.1"]}}),
        ({"active": (True,)}, {"active": {"BOOL": [True]}}),
        ({"color": (Color.RED,)}, {"color": {"S": ["red"]}}),
        ({"text": Prefix("a")}, {"text": {"S": [{"prefix": "a"}]}}),
        ({"note": Exists(True)}, {"note": {"S": [{"exists": True}]}}),
        ({"note": Exists(False)}, {"note": {"S": [{"exists": False}]}}),
        # an absent attribute is the default
        ({"score": (1, 2)}, {"score": {"N": ["1", "2", {"exists": False}]}}),
        ({"score": (2,)}, {"score": {"N": ["2"]}}),
        ({"label": Exists(False)}, {"label": {"NULL": [True]}}),
    ],
)
def test_conditions_as_rules(where: Any, rules: Any) -> None:
    source = StreamSource(table=THINGS, events=("INSERT",), where=where)
    assert stream_filter_of(source) == {"eventName": ["INSERT"], "dynamodb": {"NewImage": rules}}


def test_events_alone_and_the_item_before() -> None:
    assert stream_filter_of(StreamSource(table=THINGS)) is None
    assert stream_filter_of(StreamSource(table=THINGS, events=("INSERT",))) == {
        "eventName": ["INSERT"]
    }
    changed = StreamSource(
        table=THINGS, events=("MODIFY",), where={"state": ("paid",)}, old={"state": ("open",)}
    )
    assert stream_filter_of(changed) == {
        "eventName": ["MODIFY"],
        "dynamodb": {
            "NewImage": {"state": {"S": ["paid"]}},
            "OldImage": {"state": {"S": ["open"]}},
        },
    }


def test_a_kind_is_selected_by_the_discriminator() -> None:
    new = StreamSource(table=MIXED, events=("INSERT",), shape=Other)
    assert stream_filter_of(new) == {
        "eventName": ["INSERT"],
        "dynamodb": {"NewImage": {"kind": {"S": ["OTHER"]}}},
    }
    gone = StreamSource(table=MIXED, events=("REMOVE",), shape=Thing, old={"level": (1,)})
    assert stream_filter_of(gone) == {
        "eventName": ["REMOVE"],
        "dynamodb": {"OldImage": {"kind": {"S": ["THING"]}, "level": {"N": ["1"]}}},
    }
