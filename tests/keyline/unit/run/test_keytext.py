"""The texts of keys: different fields never share one, and a condition holds exactly its fields."""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from keyline.model import DeclarationError, Entity, Key, Query, Table
from keyline.model.condition import Condition
from keyline.model.template import LAST
from keyline.run.codec import key_text
from keyline.run.errors import BadValueError
from keyline.run.expressions import Expressions
from keyline.run.fieldtext import NothingMatchesError, before, behind
from keyline.run.keytext import KeyText
from keyline.run.sortkey import sort_condition
from tests.support.keyed import TEXTS, Keyed, expected, items_of, keyed_tables

QUICK = settings(max_examples=400, suppress_health_check=list(HealthCheck))


def text_of(keyed: Keyed, fields: dict[str, Any]) -> str | None:
    """Return the key's text, or None where a value is refused."""
    try:
        return key_text(keyed.entity, keyed.table, "sk").text(fields)
    except BadValueError:
        return None


@QUICK
@given(st.data())
def test_different_fields_have_different_texts_and_equal_ones_equal(data: st.DataObject) -> None:
    keyed = data.draw(keyed_tables())
    items = data.draw(items_of(keyed))
    stored: dict[str, dict[str, Any]] = {}
    for item in items:
        text = text_of(keyed, item)
        if text is not None:
            assert stored.setdefault(text, item) == item
    for text, item in stored.items():
        assert text_of(keyed, dict(item)) == text


OPERATORS = ("=", "<", "<=", ">", ">=", "between", "begins_with")


@QUICK
@given(st.data())
def test_a_condition_on_a_field_holds_exactly_the_items_that_fulfil_it(
    data: st.DataObject,
) -> None:
    keyed = data.draw(keyed_tables())
    items = [item for item in data.draw(items_of(keyed)) if text_of(keyed, item) is not None]
    fields = keyed.fields[: data.draw(st.integers(1, len(keyed.fields)))]
    condition = Condition(data.draw(st.sampled_from(OPERATORS)), "sk", fields[-1])
    query = declared(keyed, condition)
    assume(query is not None)
    asked = asked_for(data, keyed, items, fields, condition)
    found = matched(query, items, keyed, asked)
    assume(found is not None)
    assert found == expected(keyed, items, fields, condition, asked)


def declared(keyed: Keyed, condition: Condition) -> Query[Any] | None:
    """Return a query with this condition, or None where the declaration refuses it."""
    try:
        return Query(
            name="asked",
            why="Tested.",
            table=keyed.table,
            shape=keyed.shape,
            sort=condition,
            item_bytes=100,
            per_month=1,
        )
    except DeclarationError:
        return None


def asked_for(
    data: st.DataObject,
    keyed: Keyed,
    items: list[dict[str, Any]],
    fields: tuple[str, ...],
    condition: Condition,
) -> dict[str, Any]:
    """Values to ask for: often those of an item."""
    near = data.draw(st.sampled_from(items)) if items else {}

    def value(field: str) -> Any:
        drawn = keyed.kinds[field].values
        if field in near:
            drawn = st.just(near[field]) | drawn
        if condition.operator == "begins_with" and field == fields[-1]:
            return data.draw(TEXTS)
        return data.draw(drawn)

    asked = {field: value(field) for field in fields}
    if condition.operator == "between":
        asked[fields[-1]] = (asked[fields[-1]], value(fields[-1]))
    return asked


def matched(
    query: Query[Any] | None, items: list[dict[str, Any]], keyed: Keyed, asked: dict[str, Any]
) -> list[dict[str, Any]] | None:
    """Return the items that DynamoDB would find, or None where the call is refused."""
    assert query is not None
    into = Expressions()
    text = sort_condition(into, query, query.conditions[0])
    try:
        values = into.parameters(asked)["ExpressionAttributeValues"]
    except NothingMatchesError:
        return []
    except BadValueError:
        return None
    bounds = [value["S"] for value in values.values()]
    assert all(bound and len(bound.encode()) <= 1024 for bound in bounds)
    return [item for item in items if holds(text, bounds, text_of(keyed, item) or "")]


def holds(text: str, bounds: list[str], key: str) -> bool:
    """Return a condition as DynamoDB reads it: texts are compared by their UTF-8."""
    low, high, at = bounds[0].encode(), bounds[-1].encode(), key.encode()
    if "BETWEEN" in text:
        assert low <= high, "DynamoDB refuses a range that is reversed"
        return low <= at <= high
    return at.startswith(low) if text.startswith("begins_with") else at == low


class Doc(msgspec.Struct, kw_only=True):
    tenant: str
    user: str
    n: int = 0
    x: float = 0.0
    price: Decimal = Decimal(0)
    day: Annotated[str, msgspec.Meta(min_length=10, max_length=10)] = "2026-01-31"


def key(template: str, shape: Any = Doc) -> KeyText:
    table = Table(
        "Docs", "Key design: x.", key=Key("pk"), entities=[Entity(shape, {"pk": template})]
    )
    return key_text(table.kinds[0], table, "pk")


def test_one_tenant_never_has_the_key_of_another() -> None:
    made = key("T#{tenant}#U#{user}")
    assert made.text({"tenant": "acme", "user": "x#U#y"}) == "T#acme#U#x#U#y"
    with pytest.raises(BadValueError, match=r"^tenant: holds '#U#'"):
        made.text({"tenant": "acme#U#x", "user": "y"})


@pytest.mark.parametrize("tenant", ["a#", "a##", "##a"])
def test_a_value_that_runs_into_what_follows_is_refused(tenant: str) -> None:
    with pytest.raises(BadValueError, match="tenant: holds"):
        key("{tenant}##{user}").text({"tenant": tenant, "user": "y"})


@pytest.mark.parametrize(
    ("template", "field", "values", "text"),
    [
        ("P#{price}", "price", [Decimal("10.00"), Decimal("1E+1"), 10, 10.0], "P#10"),
        ("P#{x}", "x", [5.0, 5, Decimal("5.000")], "P#5"),
        ("P#{x}", "x", [0.0, -0.0, 0], "P#0"),
        ("P#{x}", "x", [1e20], "P#100000000000000000000"),
        ("P#{x:08.2f}", "x", [5.0, 5], "P#00005.00"),
    ],
)
def test_equal_numbers_have_one_text(
    template: str, field: str, values: list[Any], text: str
) -> None:
    assert {key(template).text({field: value}) for value in values} == {text}


@pytest.mark.parametrize(
    ("template", "given"),
    [
        ("{n:04d}", {"n": 10_000}),
        ("{n:04d}", {"n": -5}),
        ("{x:08.2f}", {"x": 1.234}),
        ("{x:.2f}", {"x": 1.234}),
        ("{x:d}", {"x": 1.5}),
        ("{price:09.3f}", {"price": Decimal("1.0001")}),
        ("{day}#{user}", {"day": "2026-1-31", "user": "u"}),
        ("{tenant}", {"tenant": f"a{LAST}"}),
        ("{tenant}", {"tenant": "é" * 1025}),
        ("{tenant}", {"tenant": ""}),
        ("{tenant}", {"tenant": 5}),
        ("{n}", {"n": True}),
        ("{n}", {"n": 1.5}),
        ("{price}", {"price": Decimal("NaN")}),
    ],
)
def test_what_the_key_cannot_hold_is_refused(template: str, given: dict[str, Any]) -> None:
    with pytest.raises(BadValueError, match=rf"^{next(iter(given))}: "):
        key(template).text(given)


def test_all_38_digits_stay() -> None:
    digits = Decimal("1234567890.1234567890123456789012345678")
    assert key("{price}").text({"price": digits}) == str(digits)


class Kind(enum.Enum):
    DAY = "day"
    DAYS = "day#s"


def shape(**fields: Any) -> Any:
    return msgspec.defstruct("Shape", list(fields.items()), kw_only=True)


@pytest.mark.parametrize(
    ("template", "fields", "says"),
    [
        ("{a}{b}", {"a": str, "b": str}, "does not separate 'a'"),
        ("{a}{b}", {"a": int, "b": int}, "does not separate 'a'"),
        ("{a}#{b}", {"a": Literal["x", "x#y"], "b": str}, "cannot tell 'a' 'x' from 'x#y'"),
        ("{a}#{b}", {"a": Kind, "b": str}, "cannot tell 'a' 'day' from 'day#s'"),
        ("{a}{b}", {"a": Literal["x", "xy"], "b": str}, "cannot tell 'a'"),
        ("{a}{b}", {"a": Literal[1, 10], "b": int}, "cannot tell 'a'"),
        ("{a:10}", {"a": str}, "format that 'a' does not take"),
        ("{a:.3}", {"a": str}, "format that 'a' does not take"),
        ("{a:x}", {"a": int}, "format that 'a' does not take"),
        ("{a:.3e}", {"a": float}, "format that 'a' does not take"),
    ],
)
def test_fields_that_could_never_be_told_apart_are_refused(
    template: str, fields: dict[str, Any], says: str
) -> None:
    with pytest.raises(DeclarationError, match=says):
        key(template, shape(**fields))


@pytest.mark.parametrize(
    ("template", "fields"),
    [
        ("{a:04d}{b:04d}", {"a": int, "b": int}),
        ("{a}{b}", {"a": Annotated[str, msgspec.Meta(min_length=2, max_length=2)], "b": str}),
        ("{a}{b}", {"a": Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d$")], "b": str}),
        ("{a}{b}", {"a": Literal["x", "y"], "b": str}),
        ("{a:02d}{b}", {"a": Literal[1, 10], "b": int}),
        ("{a}#{b}", {"a": Literal["x#y", "z"], "b": str}),
    ],
)
def test_fields_that_end_by_themselves_need_no_text_between(
    template: str, fields: dict[str, Any]
) -> None:
    assert key(template, shape(**fields))


@given(TEXTS, TEXTS.filter(bool))
@example("ab", "b\x00")
@example("a", "a")
def test_what_is_before_a_text(text: str, limit: str) -> None:
    last, begun = before(limit)
    assert (text < limit) == (text <= last or (begun and text.startswith(last)))


@given(TEXTS, TEXTS.filter(bool))
@example("\ud7ff", "\ud7ff")
def test_what_is_behind_all_that_begins_with_a_text(text: str, beginning: str) -> None:
    assume(beginning.strip(LAST))
    assert (text >= behind(beginning)) == (text > beginning and not text.startswith(beginning))
