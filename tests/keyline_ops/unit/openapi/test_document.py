"""OpenAPI documents derived from handlers."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import pytest
from openapi_spec_validator import validate

from keyline.errors import KeylineError
from keyline.http import App, Caller, Client, IfMatch, Response
from keyline.idempotency import IdempotencyKey
from keyline.model import Function, Get, Key, Put, Route, System, Table
from keyline_ops.openapi.document import document

NEVER_CALLED = "A document is made from the signature of a handler. Nothing calls the handler."

Id = Annotated[int, msgspec.Meta(ge=1, examples=[12])]


class Note(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A note.

    Attributes
    ----------
    cost
        In US dollars.
    """

    noteId: str
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    cost: Decimal = Decimal("0.5")


class Counted(msgspec.Struct):
    version: int


class Notes(msgspec.Struct):
    notes: list[Note]


class Period(msgspec.Struct, kw_only=True, rename={"start": "from"}):
    """A range of time.

    Attributes
    ----------
    start
        The first day.
    """

    start: str | None = None
    tags: list[str] = []


class PageQuery(Period, kw_only=True):
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    kind: str


class DayQuery(msgspec.Struct, kw_only=True):
    day: Annotated[str, msgspec.Meta(examples=["2026-01-31"])]
    after: Annotated[str, msgspec.Meta(examples=["n"])] | None = None


TABLE = Table("Notes", "Key design: one note an item.", key=Key("noteId"), entities=(Note,))
PUT = Put(name="p", why="w", table=TABLE, shape=Note, item_bytes=100, per_month=1)
GET = Get(name="g", why="w", table=TABLE, shape=Note, item_bytes=100, per_month=1)
EXAMPLE = {"noteId": "n", "title": "T"}


def app(route: str, scope: str = "") -> App:
    """Return an app that has one route to be registered."""
    method, _, path = route.partition(" ")
    function = Function(
        name="edit-notes",
        handler="notes.handler",
        why="Edits notes.",
        patterns=(GET,) if method == "GET" else (PUT, GET),
        routes=(Route(method, path, scope),),  # type: ignore[arg-type]  # one of them
    )
    reads = Function(name="read", handler="r.handler", why="Reads.", patterns=(GET, PUT))
    return App(System(name="notes", title="Notes", tables=(TABLE,), functions=(function, reads)))


def described(
    route: str, handler: Callable[..., Any], scope: str = "", **options: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the document of an app with one handler, which is valid, and its one operation."""
    made = app(route, scope)
    method, _, path = route.partition(" ")
    getattr(made, method.lower())(path, **options)(handler)
    found = document([made])
    validate(found)
    (operations,) = found["paths"].values()
    return found, operations[method.lower()]


def create(body: Note, caller: Caller, client: Client) -> Response[Note]:
    """Store a note.

    It is there at once.
    """
    raise AssertionError(NEVER_CALLED)


def test_an_operation_is_named_and_described_by_its_handler() -> None:
    found, operation = described("POST /notes", create, scope="notes:write")
    assert operation["operationId"] == "editNotesCreate"
    assert operation["summary"] == "Store a note."
    assert operation["description"] == "It is there at once."
    assert operation["security"] == [{"bearer": ["notes:write"]}]
    assert found["info"]["title"] == "Notes"
    assert found["tags"] == [{"name": "edit-notes", "description": "Edits notes."}]
    assert operation["tags"] == ["edit-notes"]


def test_a_summary_is_plain_text_and_a_description_commonmark() -> None:
    def read(noteId: Id) -> Note:
        """Read what `noteId` names.

        It is in `noteId`.
        """
        raise AssertionError(NEVER_CALLED)

    _, operation = described("GET /notes/{noteId}", read)
    assert operation["summary"] == "Read what noteId names."
    assert operation["description"] == "It is in `noteId`."


def test_an_optional_parameter_has_no_example_that_would_be_sent() -> None:
    def read(query: DayQuery) -> Notes:
        raise AssertionError(NEVER_CALLED)

    _, operation = described("GET /notes", read)
    examples = {each["name"]: each.get("example") for each in operation["parameters"]}
    assert examples == {"day": "2026-01-31", "after": None}


def test_refusals_have_the_examples_of_their_status() -> None:
    found, _ = described("POST /notes", create)
    responses = found["components"]["responses"]
    conflict = responses["Conflict"]["content"]["application/problem+json"]["example"]
    assert (conflict["status"], conflict["type"]) == (409, "urn:problem-type:conflict")
    busy = responses["TooManyRequests"]["content"]["application/json"]["example"]
    assert busy == {"message": "Too Many Requests"}


def test_path_parameters_are_the_handler_s_arguments() -> None:
    def read(noteId: Id, part: str) -> Note:
        """Read.

        Parameters
        ----------
        noteId
            Which one.
        """
        raise AssertionError(NEVER_CALLED)

    found, operation = described("GET /notes/{noteId}/parts/{part}", read)
    assert list(found["paths"]) == ["/notes/{noteId}/parts/{part}"]
    first, second = operation["parameters"]
    assert first == {
        "name": "noteId",
        "in": "path",
        "description": "Which one.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1, "examples": [12]},
        "example": 12,  # Swagger UI fills it in
    }
    assert second == {"name": "part", "in": "path", "required": True, "schema": {"type": "string"}}


def test_query_parameters_are_the_fields_of_the_struct_by_their_outer_names() -> None:
    def read(query: PageQuery) -> Notes:
        raise AssertionError(NEVER_CALLED)

    found, operation = described("GET /notes", read)
    by_name = {parameter["name"]: parameter for parameter in operation["parameters"]}
    assert by_name["from"] == {
        "name": "from",
        "in": "query",
        "description": "The first day.",
        "required": False,
        "schema": {"type": "string"},  # who has none leaves it out: there is no null in a query
    }
    assert by_name["limit"]["schema"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 100,
        "default": 10,
    }
    assert by_name["tags"]["schema"]["type"] == "array"
    assert by_name["kind"]["required"] is True
    assert "PageQuery" not in found["components"]["schemas"]


def test_a_body_has_its_schema_its_limit_and_an_example() -> None:
    _, operation = described("POST /notes", create, max_body=5_000, any_type=True, example=EXAMPLE)
    body = operation["requestBody"]
    assert body["required"] is True
    assert body["content"]["application/json"] == {
        "schema": {"$ref": "#/components/schemas/Note"},
        "example": EXAMPLE,
    }
    assert "5,000 bytes" in body["description"]
    assert "whatever its content type" in body["description"]


def test_an_example_is_made_up_of_those_of_the_fields() -> None:
    class Change(msgspec.Struct, kw_only=True, rename={"start": "from"}):
        noteId: Id
        start: Annotated[str, msgspec.Meta(examples=["2026-01-31"])] | None = None
        other: str = ""

    def change(body: Change) -> None:
        raise AssertionError(NEVER_CALLED)

    def silent(body: Note) -> None:
        raise AssertionError(NEVER_CALLED)

    change.__annotations__["body"] = Change  # it is defined in here
    _, operation = described("PATCH /notes", change)
    example = operation["requestBody"]["content"]["application/json"]["example"]
    assert example == {"noteId": 12, "from": "2026-01-31"}
    _, operation = described("PATCH /notes", silent)
    assert "example" not in operation["requestBody"]["content"]["application/json"]


def test_an_example_that_the_route_would_refuse_is_an_error() -> None:
    with pytest.raises(KeylineError, match=r"POST /notes: example.*title.*missing|missing.*title"):
        described("POST /notes", create, example={"noteId": "n"})


def test_a_struct_is_described_by_its_docstring_and_decimals_are_numbers() -> None:
    found, _ = described("POST /notes", create)
    note = found["components"]["schemas"]["Note"]
    assert note["description"] == "A note."
    assert note["properties"]["cost"] == {
        "description": "In US dollars.",
        "type": "number",
        "default": 0.5,
    }
    assert note["required"] == ["noteId", "title"]
    assert note["additionalProperties"] is False


def test_what_is_answered_is_what_the_handler_returns() -> None:
    def optional() -> Note | None:
        raise AssertionError(NEVER_CALLED)

    def nothing() -> None:
        raise AssertionError(NEVER_CALLED)

    def no_content() -> Response[None]:
        raise AssertionError(NEVER_CALLED)

    def successes(route: str, handler: Callable[..., Any], **options: Any) -> dict[str, Any]:
        _, operation = described(route, handler, **options)
        return {
            status: answer.get("content", {}).get("application/json", {}).get("schema")
            for status, answer in operation["responses"].items()
            if status < "300"
        }

    note = {"$ref": "#/components/schemas/Note"}
    assert successes("POST /notes", create, status=201) == {"201": note}
    assert successes("DELETE /notes", nothing) == {"204": None}
    assert successes("DELETE /notes", no_content) == {"204": None}
    found = successes("GET /notes", optional)
    assert set(found) == {"200", "204"}
    assert note in found["200"]["anyOf"]


@pytest.mark.parametrize("returned", [None, Response])
def test_a_handler_has_to_say_what_it_answers(returned: Any) -> None:
    def read():  # type: ignore[no-untyped-def]  # the fault under test
        raise AssertionError(NEVER_CALLED)

    if returned is not None:
        read.__annotations__["return"] = returned
    with pytest.raises(KeylineError, match="does not say what it answers"):
        described("GET /notes", read)


def _refusals(route: str, handler: Callable[..., Any], scope: str = "", **options: Any) -> set[int]:
    _, operation = described(route, handler, scope, **options)
    return {int(status) for status in operation["responses"] if status >= "400"}


def test_the_refusals_are_those_that_the_route_can_answer() -> None:
    def plain() -> Note:
        raise AssertionError(NEVER_CALLED)

    def told(caller: Caller) -> Note:
        raise AssertionError(NEVER_CALLED)

    def one(noteId: str) -> Note:
        raise AssertionError(NEVER_CALLED)

    def some(query: PageQuery) -> Notes:
        raise AssertionError(NEVER_CALLED)

    always = {401, 429, 500, 503}
    assert _refusals("GET /notes", plain) == always
    assert _refusals("GET /notes", plain, scope="notes:read") == always | {403}
    assert _refusals("GET /notes", told) == always | {403}
    assert _refusals("GET /notes", some) == always | {400, 422}  # it can ask for less
    assert _refusals("DELETE /notes", some) == always | {400, 409}
    assert _refusals("GET /notes/{noteId}", one) == always | {400, 404}
    assert _refusals("DELETE /notes/{noteId}", one) == always | {400, 404, 409}
    assert _refusals("POST /notes", create) == always | {400, 403, 409, 413, 415}
    assert 404 in _refusals("POST /notes", create, problems=[404])


def test_a_refusal_is_a_problem_document_or_the_gateway_s_own() -> None:
    found, operation = described("POST /notes", create)
    reference = operation["responses"]["401"]["$ref"].rpartition("/")[2]
    refusal = found["components"]["responses"][reference]
    assert set(refusal["content"]) == {"application/problem+json", "application/json"}
    assert set(refusal["headers"]) == {"WWW-Authenticate"}
    missing = found["components"]["responses"]["BadRequest"]
    assert set(missing["content"]) == {"application/problem+json"}
    assert {"type", "title", "status"} == set(found["components"]["schemas"]["Problem"]["required"])


def test_a_document_may_name_a_server() -> None:
    made = app("POST /notes")
    made.post("/notes")(create)
    assert "servers" not in document([made])
    assert document([made], "http://localhost:1")["servers"] == [{"url": "http://localhost:1"}]


def test_a_route_that_takes_a_key_or_a_version_says_so() -> None:
    def send(body: Note, key: IdempotencyKey | None) -> Response[Note]:
        raise AssertionError(NEVER_CALLED)

    def change(body: Note, if_match: IfMatch) -> Response[Counted]:
        raise AssertionError(NEVER_CALLED)

    _, sent = described("POST /notes", send, status=201)
    _, changed = described("PATCH /notes", change)
    (key,), (match,) = sent["parameters"], changed["parameters"]
    assert [(p["name"], p["in"], p["required"]) for p in (key, match)] == [
        ("Idempotency-Key", "header", False),
        ("If-Match", "header", False),
    ]
    assert key["description"]
    assert key["schema"]["pattern"]
    assert {"400", "422", "409"} <= set(sent["responses"])
    assert {"400", "412", "409"} <= set(changed["responses"])
    assert set(sent["responses"]["201"]["headers"]) == {"Idempotent-Replayed"}
    assert set(changed["responses"]["200"]["headers"]) == {"ETag"}
