"""Declarations whose names are not text: each field that holds names refuses them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, ClassVar, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from keyline.errors import DeclarationError
from keyline.model import (
    BatchGet,
    BatchWrite,
    Check,
    Copy,
    Delete,
    Entity,
    Fill,
    Function,
    Get,
    Index,
    Key,
    Metric,
    Migration,
    MigrationSettings,
    Projection,
    Put,
    Query,
    Retention,
    Route,
    StreamSource,
    StreamView,
    System,
    Table,
    TransactGet,
    TransactWrite,
    Ttl,
    Update,
    any_of,
    equals,
    include,
    not_,
)
from tests.support.declarations import Note, Refusal, index, notes, told

Maker = Callable[[Any], object]
STREAMED = notes(indexes=[], stream=StreamView.NEW_IMAGE)
READ: Get[Any] = Get(**told(name="note-get", table=STREAMED))
FUNCTION = Function(name="read", handler="app.read.handler", why="Reads.", patterns=(READ,))
MIGRATION = Migration(
    what="notes", source="memory", target="DynamoDB", functions=("read",), back="Safe.", runbook="a"
)


class Settings(MigrationSettings, frozen=True):
    days: float = 30


def table(**changes: Any) -> Table:
    return notes(indexes=[], **changes)


def system(**changes: Any) -> System:
    said: dict[str, Any] = {"name": "app", "title": "An app", "tables": (STREAMED,)}
    said |= {"functions": (FUNCTION,), "settings": Settings}
    return System(**(said | changes))


def pattern(made: Any, **changes: Any) -> Any:
    return made(**told(**changes))


PATTERNS: dict[type[Any], dict[str, Any]] = {
    Get: {},
    Query: {},
    Put: {},
    Update: {"set": ("mood",)},
    Delete: {},
    Check: {},
    BatchGet: {},
    BatchWrite: {},
    TransactWrite: {"parts": (pattern(Put, name="note-put"),)},
    TransactGet: {"parts": (pattern(Get, name="note-get"),)},
}
OTHERS: dict[type[Any], tuple[dict[str, Any], Maker]] = {
    Table: ({}, lambda said: table(**said)),
    Key: ({"partition": "room", "sort": "at"}, lambda said: table(key=Key(**said))),
    Entity: ({"shape": Note}, lambda said: table(entities=[Entity(**said)])),
    Index: ({}, lambda said: notes(indexes=[index(**said)])),
    Projection: (
        {"type": include("x").type, "include": ("mood",)},
        lambda said: notes(indexes=[index(projection=Projection(**said))]),
    ),
    Ttl: ({"attribute": "ttl"}, lambda said: table(ttl=Ttl(**said))),
    Retention: ({"days": 3}, lambda said: table(ttl=Ttl("ttl", Retention(**said)))),
    System: ({}, lambda said: system(**said)),
    Function: ({}, lambda said: system(functions=(replace(FUNCTION, **said),))),
    Route: (
        {"method": "GET", "path": "/"},
        lambda said: system(functions=(replace(FUNCTION, routes=(Route(**said),)),)),
    ),
    Metric: ({"name": "Cost"}, lambda said: system(metrics=(Metric(**said),))),
    Migration: ({}, lambda said: system(migration=replace(MIGRATION, **said))),
    StreamSource: (
        {"table": STREAMED},
        lambda said: system(functions=(replace(FUNCTION, source=StreamSource(**said)),)),
    ),
    Fill: (
        {"name": "f", "why": "A.", "table": STREAMED, "shape": Note, "attributes": ("mood",)},
        lambda said: Fill(**said),
    ),
    Copy: (
        {"name": "c", "why": "A.", "source": STREAMED, "target": notes(name="More")}
        | {"shape": Note, "into": Note, "transform": lambda note: note},
        lambda said: Copy(**said),
    ),
}


def _made_pattern(made: type[Any], said: dict[str, Any]) -> object:
    return pattern(made, **said)


def _holders() -> Iterator[tuple[type[Any], str, Any, Maker]]:
    """Yield each field of a declaration whose type is text, texts, or a dict of texts."""
    makers: dict[type[Any], tuple[dict[str, Any], Maker]] = {
        made: (said, partial(_made_pattern, made)) for made, said in PATTERNS.items()
    }
    for declared, (said, make) in (makers | OTHERS).items():
        for name, hint in get_type_hints(declared).items():
            if _wrapped(hint, "x") is not None:
                yield declared, name, hint, partial(_made_with, make, said, name)


def _made_with(make: Maker, said: dict[str, Any], name: str, value: Any) -> object:
    return make({**said, name: value})


def _wrapped(hint: Any, value: Any) -> Any:
    """Return a value where a type has a text; None where the type has no text."""
    if hint in (str, str | None):
        return value
    if hint == tuple[str, ...]:
        return (value,)
    if get_origin(hint) is Mapping and get_args(hint)[0] is str:
        return {value: "x"}
    if get_origin(hint) is Mapping and get_args(hint)[1] is str:
        return {1: value}
    return None


HOLDERS = [pytest.param(*each, id=f"{each[0].__name__}.{each[1]}") for each in _holders()]
NO_TEXTS = st.one_of(
    st.integers(), st.floats(), st.binary(), st.tuples(st.integers()), st.just(object())
)


def test_all_that_holds_names_is_found() -> None:
    assert len(HOLDERS) > 70
    found = {f"{declared.__name__}.{name}" for declared, name, *_ in _holders()}
    assert found >= {
        "Update.set",
        "Update.set_from",
        "Update.version",
        "Entity.keys",
        "Key.partition",
        "Projection.include",
        "StreamSource.where",
        "Fill.attributes",
        "Metric.dimensions",
        "Migration.meanings",
    }


@pytest.mark.parametrize(("declared", "field", "hint", "make"), HOLDERS)
@given(value=NO_TEXTS)
def test_what_is_not_text_is_refused(
    declared: type[Any], field: str, hint: Any, make: Maker, value: Any
) -> None:
    with pytest.raises(DeclarationError) as caught:
        make(_wrapped(hint, value))
    error = caught.value
    assert field in error.path
    assert "text" in error.message + error.suggestion or repr(value) in error.message
    assert error.suggestion


@pytest.mark.parametrize(("declared", "field", "hint", "make"), HOLDERS)
@pytest.mark.parametrize("value", [5, "room", b"room"])
def test_what_is_no_collection_of_names_is_refused(
    declared: type[Any], field: str, hint: Any, make: Maker, value: Any
) -> None:
    if hint in (str, str | None) or (declared is Key and value == "room"):
        return
    with pytest.raises(DeclarationError) as caught:
        make(value)
    assert field in caught.value.path
    assert caught.value.suggestion


def test_an_error_says_where_what_and_what_to_do() -> None:
    def update(**changes: Any) -> Any:
        return pattern(Update, **({"set": ("mood",)} | changes))

    Refusal("a-pattern.set", "is given 5, which is not a name.", "Give each name as text.").of(
        lambda: update(set=("mood", 5))
    )
    Refusal("a-pattern.set", "'mood', which is not a tuple", "a tuple of names").of(
        lambda: update(set="mood")
    )
    Refusal("a-pattern.set_from", "('mood',), which is not a dict", "keys are names").of(
        lambda: update(set_from=("mood",))
    )
    Refusal("a-pattern.version", "is given 5, which is not text.", "as text").of(
        lambda: update(version=5)
    )
    keys: Any = {"pk": 5}
    Refusal("Notes.entities[0].keys[pk]", "is given 5, which is not text.", "as text").of(
        lambda: table(entities=[Entity(Note, keys=keys)])
    )


FIVE: Any = 5
MOOD: Any = "mood"
CONDITIONED = [(Put, "conditions"), (Update, "conditions"), (Delete, "conditions")]


@pytest.mark.parametrize(("made", "clause"), [*CONDITIONED, (Query, "where"), (Query, "sort")])
@pytest.mark.parametrize(
    ("given_as", "what"),
    [
        ((5,), "5, which is not a condition"),
        (("mood",), "'mood', which is not a condition"),
        (5, "5, which is not a tuple"),
        ((any_of(FIVE),), "5, which is not a condition"),
        ((not_(MOOD),), "'mood', which is not a condition"),
    ],
)
def test_what_is_not_a_condition_is_refused(
    made: Any, clause: str, given_as: Any, what: str
) -> None:
    more = {"hits": 0.5} if clause == "where" else {}
    more |= PATTERNS[made] | {clause: given_as}
    Refusal(f"a-pattern.{clause}", what, "tuple of conditions").of(lambda: pattern(made, **more))


def test_one_condition_is_not_a_tuple_of_them() -> None:
    Refusal("a-pattern.conditions", "which is not a tuple", "(equals('state'),)").of(
        lambda: pattern(Put, conditions=equals("mood"))
    )


@pytest.mark.parametrize(
    ("field", "make"),
    [
        (
            "app.functions[read].patterns",
            lambda: system(functions=(replace(FUNCTION, patterns=READ),)),
        ),
        (
            "app.functions[read].routes",
            lambda: system(functions=(replace(FUNCTION, routes=Route("GET", "/")),)),
        ),
        ("app.functions", lambda: system(functions=FUNCTION)),
        ("app.tables", lambda: system(tables=STREAMED)),
        ("app.metrics", lambda: system(metrics=Metric("Cost"))),
        ("Notes.indexes", lambda: notes(indexes=index())),
        ("Notes.entities", lambda: table(entities=Entity(Note))),
        ("a-pattern.parts", lambda: pattern(TransactWrite, parts=pattern(Put, name="note-put"))),
        ("a-pattern.set", lambda: pattern(Update, set={"mood": 1})),
        ("a-pattern.set", lambda: pattern(Update, set={"mood"})),
    ],
)
def test_what_is_not_in_a_tuple_is_refused(field: str, make: Callable[[], object]) -> None:
    Refusal(field, "which is not a tuple", "Give a tuple").of(make)


@pytest.mark.parametrize("value", ["10", True, None, b"1"])
@pytest.mark.parametrize(
    ("made", "field"),
    [(Get, "item_bytes"), (Get, "per_month"), (Query, "page"), (Query, "items"), (Query, "hits")],
)
def test_what_is_not_a_number_is_refused(made: Any, field: str, value: Any) -> None:
    if value is None and field == "per_month":
        return
    said = f"is {value!r}, which is neither an int nor a float."
    Refusal(f"a-pattern.{field}", said, "").of(lambda: pattern(made, **{field: value}))


def test_a_declaration_of_a_module_whose_annotations_are_types_is_judged_as_well() -> None:
    # Given a subclass whose annotations are not text: its module has no future import
    made: dict[str, Any] = {"Metric": Metric, "ClassVar": ClassVar, "__name__": __name__}
    text = "class Unit(Metric, frozen=True):\n    kind: ClassVar[str] = ''\n    unit: str = ''\n"
    exec(compile(text, "unit.py", "exec", dont_inherit=True), made)
    # Then it is taken, and its fields of keyline's are judged
    assert system(metrics=(made["Unit"]("Cost"),)).metrics[0].name == "Cost"
    Refusal("app.metrics[5].name", "is given 5, which is not text.", "as text").of(
        lambda: system(metrics=(made["Unit"](5),))
    )


def test_a_declaration_is_named_and_not_shown_whole() -> None:
    Refusal("app.functions", "is given a Function, which is not a tuple.", "`functions=(...,)`").of(
        lambda: system(functions=FUNCTION)
    )


def test_declarations_of_names_stay_as_they_are() -> None:
    assert pattern(Update, set=["mood"]).changed == ("mood",)
    assert system().name == "app"
    assert issubclass(Settings, msgspec.Struct)
