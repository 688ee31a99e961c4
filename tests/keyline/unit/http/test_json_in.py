"""Test what the text of a parameter and a number of a body mean: what JSON Schema says of them."""

from __future__ import annotations

import enum
import itertools
import json
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from msgspec.structs import replace

from keyline.http import App
from keyline.model import Route
from keyline_ops.openapi.document import document
from tests.support.events import Context, event
from tests.support.sample.books import BOOK_READER, SMALL


class Grade(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Colour(enum.Enum):
    RED = "red"
    NULL = "null"


class Asked(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    plain: int = 0
    integer: int | None = None
    bounded: Annotated[int, msgspec.Meta(ge=1, le=100)] | None = None
    nested: Annotated[Annotated[int, msgspec.Meta(ge=1)] | None, msgspec.Meta(title="n")] = None
    old: Optional[int] = None  # noqa: UP045 - the older way to write it
    number: float | None = None
    exact: Decimal | None = None
    flag: bool | None = None
    text: str | None = None
    either: int | str | None = None
    choice: Literal[1, 2] | None = None
    word: Literal["a", "1", "true", None] = None
    mixed: Literal["1", 2] | None = None
    grade: Grade | None = None
    colour: Colour | None = None
    numbers: list[int | None] = []
    flags: frozenset[bool] = frozenset()
    pair: tuple[int, ...] = ()


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    count: int = 0
    weight: float = 0.0
    cost: Decimal = Decimal()
    note: str = ""
    parts: list[dict[str, int]] = []
    grade: Literal[1, 2] = 1
    more: Any = None


ROUTES = (Route("GET", "/asks"), Route("POST", "/asks"), Route("GET", "/asks/{count}"))
app = App(replace(SMALL, functions=(replace(BOOK_READER, routes=ROUTES),)))
got: list[Any] = []


@app.get("/asks")
def ask(query: Asked) -> None:
    """Ask."""
    got.append(query)


@app.post("/asks")
def write(body: Body) -> None:
    """Write."""
    got.append(body)


@app.get("/asks/{count}")
def one(count: int | None) -> None:
    """Read one."""
    got.append(count)


DOCUMENT = document([app])
PARAMETERS = {
    each["name"]: Draft202012Validator({**DOCUMENT, **each["schema"]})
    for each in DOCUMENT["paths"]["/asks"]["get"]["parameters"]
}
LISTS = ("numbers", "flags", "pair")


def call(route: str, *args: Any, **options: Any) -> tuple[int, dict[str, Any]]:
    got.clear()
    answer = app.handler(event(route, *args, **options), Context())
    return answer["statusCode"], json.loads(answer["body"] or "{}")


INTEGERS = {"plain", "integer", "bounded", "nested", "old", "either", "choice", "mixed", "grade"}
INTEGERS |= {"numbers", "pair"}


def meanings(name: str, text: str) -> list[Any]:
    """Return what a text may stand for: itself, and the number or boolean that JSON reads in it.

    An integer is written in digits alone.
    """
    try:
        read = json.loads(text)
    except ValueError:
        return [text]
    if name in INTEGERS and isinstance(read, float):
        return [text]
    # `json` reads space around a value and NaN, which are not parts of a JSON number.
    is_scalar = text.strip() == text and isinstance(read, bool | int | float)
    return [read, text] if is_scalar and text.lstrip("-")[:1] not in ("N", "I") else [text]


TEXTS = st.one_of(
    st.text(max_size=8),
    st.text("0123456789+-.eE_ ", max_size=8),
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(str),
    st.sampled_from(["null", "Null", "NULL", "true", "True", "t", "1", "false", "inf", "nan"]),
)


@settings(max_examples=200)
@example("integer", "null")
@example("number", "9007199254740993")
@given(st.sampled_from(sorted(PARAMETERS)), TEXTS)
def test_a_parameter_is_taken_if_its_schema_admits_the_text(name: str, text: str) -> None:
    """The document and the server agree, whatever the text and the type."""
    schema, several = PARAMETERS[name], name in LISTS
    options = meanings(name, text)
    # Beyond a float's range, `json` itself no longer reads what is written.
    assume(not isinstance(options[0], float) or abs(Decimal(text).adjusted()) < 300)
    admitted = [o for o in options if schema.is_valid([o] if several else o)]

    status, problem = call("GET /asks", query=f"{name}={quote(text)}")

    if not admitted:
        assert (status, problem["path"].partition("[")[0]) == (400, f"query.{name}")
        return
    assert status == 204, problem
    found = getattr(got[0], name)
    (value,) = found if several else (found,)
    value = value.value if isinstance(value, enum.Enum) else value
    if isinstance(value, float):  # the nearest one that there is
        assert value == float(text)
        return
    is_exact = isinstance(value, int | Decimal) and not isinstance(value, bool)
    assert value == (Decimal(text) if is_exact else admitted[0])


NULLS = ["".join(letters) for letters in itertools.product("nN", "uU", "lL", "lL")]


@pytest.mark.parametrize("text", NULLS)
def test_no_text_is_null(text: str) -> None:
    for name in ("integer", "bounded", "nested", "old", "number", "exact", "flag", "choice"):
        status, problem = call("GET /asks", query=f"{name}={text}")
        assert (status, problem["path"]) == (400, f"query.{name}")
        assert "null" not in problem["detail"]
    assert call("GET /asks", query=f"numbers=1&numbers={text}")[1]["path"] == "query.numbers[1]"
    assert call("GET /asks", query=f"word={text}")[0] == 400
    assert call("GET /asks/{count}", {"count": text})[1]["path"] == "path.count"
    call("GET /asks", query=f"text={text}&either={text}")
    assert (got[0].text, got[0].either) == (text, text)


@pytest.mark.parametrize(
    "query",
    [
        *(
            "plain=+1",
            "plain=%201",
            "plain=1%20",
            "plain=1_000",
            "plain=01",
            "plain=%EF%BC%95",
            "plain=",
        ),
        *("plain=5.0", "plain=1e3", "plain=1E0", "plain=%D9%A1", "integer=1e3", "bounded=5e0"),
        *("numbers=1e3", "grade=1.0", "choice=2e0", "number=%D9%A1", "exact=%D9%A1"),
        *("plain=5.5", "plain=1e999999999", "plain=true", "plain=0x10", "plain=--1"),
        *("number=.5", "number=5.", "number=inf", "number=nan", "number=1e999", "number=+1"),
        *("exact=nan", "exact=1_000", "exact=%201", "exact=inf", "exact=+1", "exact="),
        *("flag=1", "flag=True", "flag=t", "flag=yes", "flag=0", "flag="),
    ],
)
def test_what_json_does_not_write_so_is_refused(query: str) -> None:
    status, problem = call("GET /asks", query=query)
    assert (status, problem["path"].partition("[")[0]) == (400, f"query.{query.partition('=')[0]}")


def test_a_path_that_is_not_utf_8_is_refused() -> None:
    status, problem = call("GET /asks/{count}", {"count": "\ud800"})
    assert (status, problem["path"]) == (400, "path.count")


NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,2})?", fullmatch=True
)


@example("5.0")
@example("12345678901234567890.0")
@example("5.5")
@example("-0.0")
@given(NUMBERS)
def test_a_whole_number_is_an_integer_however_it_is_written(text: str) -> None:
    number = Decimal(text)
    body = f'{{"count": {text}, "parts": [{{"a": 1}}, {{"b": {text}}}], "note": "{text}"}}'
    status, problem = call("POST /asks", text=body)
    if number != int(number):
        assert (status, problem["path"]) == (400, "body.count")
        return
    assert status == 204, problem
    assert (got[0].count, got[0].parts[1]["b"], got[0].note) == (int(number), int(number), text)


def test_other_numbers_of_a_body_keep_what_they_are() -> None:
    body = '{"count": 1e2, "weight": 2.0, "cost": 0.10, "note": "\\"3.0", "more": [4.5, "5.0"]}'
    assert call("POST /asks", text=body)[0] == 204
    found = got[0]
    assert (found.count, found.weight, found.note) == (100, 2.0, '"3.0')
    assert str(found.cost) == "0.10"
    assert found.more == [4.5, "5.0"]
    assert call("POST /asks", text='{"grade": 2.0}')[0] == 204


@pytest.mark.parametrize(
    "text",
    [
        '{"count": 5.0, "weight": 1.0.0}',
        '{"count": 5.0, "weight": -1.0.5}',
        '{"count": 5.0, "weight": 01.0}',
        '{"count": 5.0, "weight": 1.e5}',
        '{"count": 5.0, "weight": +1.0}',
        '{"count": 5.0, "note": "1.0}',
        pytest.param('{"count": 5.0, "note": "' + '\\"' * 30_000, id="a string without an end"),
        pytest.param('{"count": 5.0' + "0" * 60_000 + "1}", id="a long fraction"),
        '{"count": 1e309}',
        '{"count": 1e99999}',
        '{"count": "5.0"}',
        '{"count": "5"}',
        '{"count": true}',
        '{"count": null}',
    ],
)
def test_nothing_else_becomes_an_integer(text: str) -> None:
    assert call("POST /asks", text=text)[0] == 400
