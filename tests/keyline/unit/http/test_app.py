"""The HTTP door: arguments by signature, answers, problem documents, the log line."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any, Literal

import msgspec
import pytest
from aws_lambda_powertools import Logger
from msgspec.structs import replace

from keyline.errors import DeclarationError, KeylineError
from keyline.http import App, Caller, HttpError, Refusal, Response, missing
from keyline.http import Client as HttpClient
from keyline.model import Route, System
from keyline.run import errors, meter
from keyline.run.meter import Call, Labels
from tests.support.events import Context, event
from tests.support.sample.books import BOOK_READER, SMALL

_NUMBERS = itertools.count()


class Note(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    noteId: str
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    count: int = 0
    weight: float = 0.0
    parts: list[dict[str, int]] = []


class Period(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename={"start": "from"}):
    start: float | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    tags: list[str] = []


def system(*routes: Route) -> System:
    """Return a system whose function has these routes."""
    return replace(SMALL, functions=(replace(BOOK_READER, routes=routes),))


class Client:
    """An app with one handler, and the lines it logs."""

    def __init__(
        self,
        route: str,
        handler: Callable[..., Any],
        app: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        method, _, path = route.partition(" ")
        self._lines = io.StringIO()
        made = App(
            system(Route(method, path)),  # type: ignore[arg-type]  # any text, as a user may write
            # Powertools keeps one logger of each name, with the stream it was made with.
            Logger(service=f"notes-{next(_NUMBERS)}", stream=self._lines, level="INFO"),
            **(app or {}),
        )
        getattr(made, method.lower())(path, **options)(handler)
        self._route, self._handler = route, made.handler

    def __call__(self, *args: Any, **options: Any) -> tuple[int, Any]:
        answer = self.answer(event(self._route, *args, **options))
        return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        return self._handler(asked, Context())

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._lines.getvalue().splitlines()]


def echo_body() -> Client:
    def create(body: Note) -> Note:
        return body

    return Client("POST /notes", create, status=201)


class TestArguments:
    def test_path_parameters_are_converted_by_annotation(self) -> None:
        def read(noteId: str, page: int) -> dict[str, Any]:
            return {"noteId": noteId, "page": page}

        client = Client("GET /notes/{noteId}/pages/{page}", read)
        assert client({"noteId": "n1", "page": "7"}) == (200, {"noteId": "n1", "page": 7})
        status, problem = client({"noteId": "n1", "page": "seven"})
        assert (status, problem["path"]) == (400, "path.page")
        assert problem["detail"] == "must be a whole number."

    @pytest.mark.parametrize("value", ["a?b#c", "ä ö", '"', "100%", "...", ".a", " ", "a;b", "🙂"])
    def test_a_path_parameter_may_hold_what_an_address_can_name(self, value: str) -> None:
        def read(noteId: str) -> list[str]:
            return [noteId]

        client = Client("GET /notes/{noteId}", read)
        assert client({"noteId": value}) == (200, [value])
        assert client({"noteId": value}, stage="v1") == (200, [value])

    @pytest.mark.parametrize(
        "value",
        ["", "a/b", ".", "..", "\\", "a\nb", "a\n", "p\0", "\x7f", "\x85", "a\u2028", "\ud800"],
    )
    def test_what_an_address_cannot_name_is_refused_whatever_the_type(self, value: str) -> None:
        def read(noteId: str) -> None:
            raise AssertionError("must not be called")

        status, problem = Client("GET /notes/{noteId}", read)({"noteId": value})
        assert (status, problem["path"]) == (400, "path.noteId")

    @pytest.mark.parametrize("value", ["nan", "inf", "-Infinity", "1e999"])
    def test_a_number_in_the_path_is_finite(self, value: str) -> None:
        def read(noteId: float) -> float:
            return noteId

        status, problem = Client("GET /notes/{noteId}", read)({"noteId": value})
        assert (status, problem["path"]) == (400, "path.noteId")

    def test_a_body_is_decoded_into_its_struct(self) -> None:
        note = {"noteId": "n1", "title": "T", "count": 2, "weight": 1.5, "parts": [{"a": 1}]}
        assert echo_body()(body=note) == (201, note)

    def test_a_body_in_base64_is_decoded_first(self) -> None:
        status, note = echo_body()(raw=b'{"noteId": "n", "title": "T"}')
        assert (status, note["noteId"]) == (201, "n")

    @pytest.mark.parametrize(
        ("body", "path", "says"),
        [
            ({"title": "T"}, "body.noteId", "missing"),
            ({"noteId": "n", "title": "T", "colour": 1}, "body.colour", "is not a known field."),
            (
                {"noteId": "n", "title": "T", "count": "2"},
                "body.count",
                "must be a whole number, not text.",
            ),
            (
                {"noteId": "n", "title": "T", "count": 1.5},
                "body.count",
                "must be a whole number, not a number with a fraction.",
            ),
            ({"noteId": "n", "title": ""}, "body.title", "must be text of 1 to 20 characters."),
            (
                {"noteId": "n", "title": "T", "parts": [{"a": "x"}]},
                "body.parts[0][...]",
                "must be a whole number, not text.",
            ),
            ([], "body", "must be an object, not a list."),
        ],
    )
    def test_a_body_of_wrong_shape_is_refused_by_field(
        self, body: Any, path: str, says: str
    ) -> None:
        status, problem = echo_body()(body=body)
        assert (status, problem["path"]) == (400, path)
        assert says in problem["detail"]
        assert problem["suggestion"]

    @pytest.mark.parametrize(
        "text",
        [
            "{",
            "{}x",
            "nul",
            '{"noteId": NaN}',
            '{"noteId": "n", "title": "T", "weight": Infinity}',
            '{"noteId": "n", "title": "T", "weight": 1e999}',
            '{"noteId": "n", "title": "T", "count": ' + "9" * 5000 + "}",
            '{"noteId": "\\ud800", "title": "T"}',
            '{"noteId": "\ud800", "title": "T"}',
            "[" * 60_000,
            '{"noteId": "n", "title": "T", "parts": ' + "[" * 60_000,
            "",
        ],
    )
    def test_a_body_that_is_no_json_is_refused(self, text: str) -> None:
        status, problem = echo_body()(text=text)
        assert (status, problem["status"], problem["title"]) == (400, 400, "Bad Request")
        assert problem["path"].startswith("body")

    @pytest.mark.parametrize(
        ("raw", "says"),
        [
            (b'{"noteId": "n",}', "is not JSON at byte 15."),
            (b'{"noteId": "n", "title": "T"}x', "is not JSON at byte 30."),
            (b'{"noteId": "\\ud800 and more text"}', "is not JSON at byte 18."),
            (
                b'{"noteId": "n"',
                "ends at byte 14, in the middle of a value or of a surrogate pair.",
            ),
            (b'{"noteId": "\xff", "title": "T"}', "is not UTF-8 at byte 12."),
        ],
    )
    def test_where_a_body_is_not_json_is_told(self, raw: bytes, says: str) -> None:
        _, problem = echo_body()(raw=raw)
        assert (problem["path"], problem["detail"]) == ("body", says)

    def test_deep_nesting_in_an_open_shape_is_refused(self) -> None:
        def create(body: Any) -> None:
            raise AssertionError("must not be called")

        status, problem = Client("POST /notes", create)(text="[" * 60_000)
        assert (status, problem["path"]) == (400, "body")

    @pytest.mark.parametrize("raw", [b"\xff{}", b'{"noteId": "\xff", "title": "T"}'])
    def test_bytes_that_are_no_utf8_are_refused(self, raw: bytes) -> None:
        assert echo_body()(raw=raw)[0] == 400

    def test_broken_base64_is_refused(self) -> None:
        asked = event("POST /notes", raw=b"{}") | {"body": "***"}
        assert echo_body().answer(asked)["statusCode"] == 400

    def test_the_last_of_a_duplicated_key_counts(self) -> None:
        status, note = echo_body()(text='{"noteId": "a", "title": "T", "noteId": "b"}')
        assert (status, note["noteId"]) == (201, "b")

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"content-type": "text/plain"},
            {"content-type": "application/x-www-form-urlencoded"},
            {"content-type": "application/json; charset=latin-1"},
            {"content-type": "application/json; charset=us-ascii"},
            {"content-type": "application/json; charset=no-such"},
            {"content-type": 'application/json; charset=""'},
            {"content-type": "application/json; utf-8"},
            {"content-type": "application/json; v="},
            {"content-type": "application/json; =v"},
            {"content-type": 'application/json; charset="utf-8'},
            {"content-type": "application/json; v=1 2"},
            {"content-type": "application/json; v=1; v=2"},
            {"content-type": "application/json, application/json"},
            {"content-type": "application"},
            {"content-type": "json"},
            {"content-type": "application/jsonx"},
            {"content-type": "text/json+json"},
            {"content-type": "application/json\0"},
            {"content-type": "application/json", "content-encoding": "gzip"},
        ],
    )
    def test_another_content_type_is_refused(self, headers: dict[str, str]) -> None:
        status, problem = echo_body()(body={}, headers=headers)
        assert status == 415
        assert problem["path"].startswith("headers.content-")
        assert problem["detail"] and problem["suggestion"]

    def test_the_refusal_of_a_charset_names_it_and_the_one_that_is_taken(self) -> None:
        headers = {"content-type": "application/json; charset=latin-1"}
        _, problem = echo_body()(body={}, headers=headers)
        assert problem["detail"] == "has the charset 'latin-1'. The one that is taken is utf-8."
        assert problem["suggestion"] == "Send Content-Type: application/json."

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"content-type": "text/plain"},
            {"content-type": "application/x-www-form-urlencoded"},
            {"content-type": "application/json; charset=latin-1"},
        ],
    )
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
    def test_a_route_may_take_json_by_any_name(self, method: str, headers: dict[str, str]) -> None:
        def write(body: Note) -> Note:
            return body

        client = Client(f"{method} /notes", write, any_type=True)
        note = {"noteId": "n", "title": "T"}
        assert client(body=note, headers=headers)[0] == 200
        # As API Gateway hands over what is not text by its name.
        assert client(raw=json.dumps(note).encode(), headers=headers)[0] == 200
        assert client(raw=b"title=T", headers=headers)[0] == 400
        assert client(body=note, headers={**headers, "content-encoding": "gzip"})[0] == 415

    @pytest.mark.parametrize(
        "kind",
        [
            "application/json; charset=UTF-8",
            "application/json;charset=utf8",
            'application/json; charset="utf-8"; profile="x"',
            "application/json; v=1",
            "application/json;odata.metadata=minimal",
            'application/json; a="b;charset=latin-1"',
            "application/json;",
            "Application/JSON ; V=1",
            "application/merge-patch+json",
            "application/vnd.api+json; ext=bulk",
        ],
    )
    def test_json_by_other_names_is_taken(self, kind: str) -> None:
        note = {"noteId": "n", "title": "T"}
        assert echo_body()(body=note, headers={"content-type": kind})[0] == 201

    def test_a_body_over_the_limit_is_refused_whatever_its_encoding(self) -> None:
        def create(body: dict[str, str]) -> None:
            return None

        client = Client("POST /notes", create, max_body=100)
        fits = json.dumps({"a": "x" * 91})
        assert len(fits) == 100
        assert client(text=fits)[0] == 204
        assert client(raw=fits.encode())[0] == 204
        assert client(text=fits + " ")[0] == 413
        assert client(raw=(fits + " ").encode())[0] == 413
        assert client(text=json.dumps({"a": "ä" * 60}, ensure_ascii=False))[0] == 413
        status, problem = client(raw=b"x" * 500_000)
        assert (status, problem["path"]) == (413, "body")

    def test_the_query_is_read_leniently_into_its_struct(self) -> None:
        def read(query: Period) -> Period:
            return query

        client = Client("GET /notes", read)
        assert client() == (200, {"from": None, "limit": 10, "tags": []})
        assert client(query="from=1.5&limit=20&tags=a&tags=b%20c") == (
            200,
            {"from": 1.5, "limit": 20, "tags": ["a", "b c"]},
        )
        assert client(query="tags=a,b")[1]["tags"] == ["a,b"]

    @pytest.mark.parametrize(
        ("query", "path"),
        [
            ("from=soon", "query.from"),
            ("from=nan", "query.from"),
            ("from=inf", "query.from"),
            ("limit=0", "query.limit"),
            ("limit=1&limit=2", "query.limit"),
            ("limit=", "query.limit"),
            ("colour=red", "query.colour"),
            ("from=%ff", "query"),
            ("&".join(f"tags={n}" for n in range(101)), "query"),
        ],
    )
    def test_a_query_that_does_not_fit_is_refused_by_parameter(self, query: str, path: str) -> None:
        def read(query: Period) -> None:
            raise AssertionError("must not be called")

        status, problem = Client("GET /notes", read)(query=query)
        assert (status, problem["path"]) == (400, path)
        assert problem["detail"] and problem["suggestion"]

    def test_the_caller_comes_from_the_verified_claims(self) -> None:
        def read(caller: Caller) -> list[Any]:
            return [caller.subject, sorted(caller.scopes), caller.claims["iss"]]

        client = Client("GET /notes", read)
        claims = {"sub": "ada", "scope": "notes:read notes:write", "iss": "https://issuer"}
        assert client(claims=claims) == (
            200,
            ["ada", ["notes:read", "notes:write"], "https://issuer"],
        )
        answer = client.answer(event("GET /notes"))
        assert answer["statusCode"] == 401
        assert answer["headers"]["WWW-Authenticate"] == "Bearer"

    def test_a_subject_that_no_issuer_may_give_is_no_caller(self) -> None:
        def read(caller: Caller) -> str:
            return caller.subject

        client = Client("GET /notes", read)
        longest = "a" * 255
        assert client(claims={"sub": longest}) == (200, longest)
        assert client(claims={"sub": longest + "a"})[0] == 401

    def test_the_client_is_the_connection_s_address_whatever_headers_say(self) -> None:
        def read(client: HttpClient) -> str:
            return client.address

        client = Client("GET /notes", read)
        headers = {"x-forwarded-for": "198.51.100.7", "forwarded": "for=198.51.100.7"}
        assert client(headers=headers) == (200, "192.0.2.1")

    def test_without_an_address_nothing_is_answered(self) -> None:
        def read(client: HttpClient) -> None:
            raise AssertionError("must not be called")

        asked = event("GET /notes")
        del asked["requestContext"]["http"]["sourceIp"]
        assert Client("GET /notes", read).answer(asked)["statusCode"] == 500
        asked["requestContext"]["http"]["sourceIp"] = "somewhere"
        assert Client("GET /notes", read).answer(asked)["statusCode"] == 500


class TestAnswers:
    def test_nothing_is_204(self) -> None:
        def delete(noteId: str) -> None:
            return None

        assert Client("DELETE /notes/{noteId}", delete)({"noteId": "n"}) == (204, None)

    def test_a_decimal_is_a_number(self) -> None:
        def read() -> dict[str, Decimal]:
            return {"cost": Decimal("0.10")}

        answer = Client("GET /notes", read).answer(event("GET /notes"))
        assert answer["body"] == '{"cost":0.10}'
        assert answer["headers"]["Content-Type"] == "application/json"

    def test_a_response_adds_headers(self) -> None:
        def read() -> Response[Note]:
            return Response(Note(noteId="n", title="T"), headers={"Location": "/notes/n"})

        answer = Client("GET /notes", read, status=203).answer(event("GET /notes"))
        assert (answer["statusCode"], answer["headers"]["Location"]) == (203, "/notes/n")
        assert answer["headers"]["Content-Type"] == "application/json"
        assert json.loads(answer["body"])["title"] == "T"

    @pytest.mark.parametrize("name", ["X-Kind", "Link", "RateLimit-Limit"])
    def test_a_header_that_cors_would_hide_is_refused_where_it_is_made(self, name: str) -> None:
        with pytest.raises(DeclarationError, match=f"headers.{name}: .* CORS does not expose it"):
            Response(None, headers={name: "1"})
        with pytest.raises(DeclarationError, match="RESPONSE_HEADERS"):
            HttpError(429, "client", "asks too often.", headers={name: "1"})

    def test_an_answer_without_a_body_has_headers_too(self) -> None:
        def delete(noteId: str) -> Response[None]:
            return Response(None, headers={"RateLimit": '"default";r=9;t=60'})

        client = Client("DELETE /notes/{noteId}", delete)
        answer = client.answer(event("DELETE /notes/{noteId}", {"noteId": "n"}))
        assert (answer["statusCode"], answer["body"]) == (204, None)
        assert answer["headers"]["RateLimit"] == '"default";r=9;t=60'

    def test_what_json_cannot_say_is_an_internal_error(self) -> None:
        def read() -> Any:
            return {"x": object()}

        assert Client("GET /notes", read)()[0] == 500

    def test_a_route_that_nobody_serves_is_404(self) -> None:
        client = Client("GET /notes", lambda: None)
        for route in ("GET /other", "POST /notes", "$default", ""):
            answer = client.answer(event("GET /notes") | {"routeKey": route})
            assert answer["statusCode"] == 404, route
            assert answer["headers"]["Content-Type"] == "application/problem+json"


class TestProblems:
    def test_an_error_brings_headers_and_members_of_its_own(self) -> None:
        def read() -> None:
            raise HttpError(
                429,
                "client",
                "asks too often.",
                "Wait.",
                headers={"Retry-After": "30", "RateLimit": '"default";r=0;t=30'},
                members={"limit": 100, "status": 200},
            )

        answer = Client("GET /notes", read).answer(event("GET /notes"))
        problem = json.loads(answer["body"])
        assert answer["statusCode"] == 429
        assert answer["headers"]["Retry-After"] == "30"
        assert answer["headers"]["RateLimit"] == '"default";r=0;t=30'
        assert problem["limit"] == 100
        assert problem["status"] == 429  # a standard member keeps its meaning

    def test_a_cursor_is_named_as_the_client_sent_it(self) -> None:
        def read() -> None:
            raise errors.InvalidCursorError("notes-by-day.cursor", "is not valid here.")

        answer = Client("GET /notes", read).answer(event("GET /notes"))
        assert json.loads(answer["body"])["path"] == "query.cursor"

    @pytest.mark.parametrize(
        ("error", "path"),
        [
            (errors.NotFoundError("profile-get", "there is none."), "path"),
            (errors.VersionConflictError("profile-update", "moved on.", current=None), "path"),
            (errors.BadValueError("noteId", "is too long."), "path.noteId"),
            (errors.BadValueError("limit", "is too much."), "query.limit"),
            (errors.BadValueError("parts[0].a", "is not exact."), "body"),
            (errors.BadValueError("body.weight", "is not exact."), "body.weight"),
            (errors.ItemTooLargeError("note", 500_000, 409_600, [("t", 9)]), "body"),
        ],
    )
    def test_the_path_of_a_problem_is_always_a_part_of_the_request(
        self, error: Exception, path: str
    ) -> None:
        def write(noteId: str, query: Period, body: Note) -> None:
            raise error

        client = Client("PUT /notes/{noteId}", write)
        note = {"noteId": "n", "title": "T"}
        asked = event("PUT /notes/{noteId}", {"noteId": "n"}, "limit=1", note)
        asked["queryStringParameters"] = {"limit": "1"}
        assert json.loads(client.answer(asked)["body"])["path"] == path

    def test_an_error_may_say_itself_when_to_try_again(self) -> None:
        def read() -> None:
            raise HttpError(503, "matrix", "is being made.", headers={"Retry-After": "9"})

        answer = Client("GET /notes", read).answer(event("GET /notes"))
        assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "9")

    def test_an_error_of_the_system_is_answered_as_the_app_says(self) -> None:
        class FullError(KeylineError):
            """A note with too much in it."""

        class VeryFullError(FullError): ...

        class OtherError(KeylineError): ...

        def answer(error: Exception) -> dict[str, Any]:
            def read() -> None:
                raise error

            refusals = {FullError: Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "query.from")}
            client = Client("GET /notes", read, app={"refusals": refusals})
            answered = client.answer(event("GET /notes"))
            problem: dict[str, Any] = json.loads(answered["body"])
            return problem | {"logged": client.lines()[0].get("problem")}

        expected = {
            "type": "urn:problem-type:unprocessable-content",
            "title": "Unprocessable Content",
            "status": 422,
            "detail": "is full.",
            "path": "query.from",
            "suggestion": "Take less.",
            "instance": "request-1",
        }
        assert answer(FullError("parts", "is full.", "Take less.")) == expected | {
            "logged": "FullError"
        }
        assert answer(VeryFullError("parts", "is full.", "Take less.")) == (
            expected | {"logged": "VeryFullError"}
        )
        assert answer(OtherError("parts", "the secret"))["status"] == 500
        assert answer(errors.NotFoundError("note", "there is none."))["status"] == 404

    def test_what_is_missing_is_404_and_says_no_more(self) -> None:
        def read(noteId: str) -> None:
            raise missing("path.noteId", "note")

        status, problem = Client("GET /notes/{noteId}", read)({"noteId": "n"})
        assert (status, problem["path"]) == (404, "path.noteId")
        assert problem["detail"] == "there is no such note."

    @pytest.mark.parametrize(
        ("error", "status", "kind"),
        [
            (errors.NotFoundError("note", "there is none."), 404, "not-found"),
            (errors.AlreadyExistsError("note", "is there.", current=None), 409, "already-exists"),
            (errors.ConditionFailedError("note", "no.", current=None), 409, "condition-failed"),
            (
                errors.VersionConflictError("note", "moved on.", current=None),
                409,
                "version-conflict",
            ),
            (errors.InvalidCursorError("cursor", "is not ours."), 400, "invalid-cursor"),
            (errors.BadValueError("weight", "NaN."), 400, "bad-value"),
            (errors.ItemTooLargeError("note", 500_000, 409_600, [("t", 9)]), 413, "item-too-large"),
            (HttpError(422, "query", "no range.", "Give one."), 422, "unprocessable-content"),
            (HttpError(429, "caller", "too fast.", "Wait."), 429, "too-many-requests"),
        ],
    )
    def test_what_a_client_can_act_on_is_told(
        self, error: Exception, status: int, kind: str
    ) -> None:
        def read() -> None:
            raise error

        client = Client("GET /notes", read)
        answer = client.answer(event("GET /notes"))
        problem = json.loads(answer["body"])
        assert answer["statusCode"] == problem["status"] == status
        assert answer["headers"]["Content-Type"] == "application/problem+json"
        assert problem["type"] == f"urn:problem-type:{kind}"
        assert problem["instance"] == "request-1"
        assert problem["path"] and problem["detail"] and problem["suggestion"]

    def test_a_version_conflict_tells_the_version_but_not_the_item(self) -> None:
        def update() -> None:
            current = Note(noteId="n", title="secret")
            raise errors.VersionConflictError("note-edit", "moved on.", current=current, version=7)

        answer = Client("PUT /notes", update).answer(event("PUT /notes"))
        assert json.loads(answer["body"])["currentVersion"] == 7
        assert "secret" not in answer["body"]

    @pytest.mark.parametrize(
        "error",
        [
            RuntimeError("the secret"),
            KeyError("the secret"),
            errors.BadCallError("secret", "the secret", "secret"),
            errors.RequestRefusedError("secret", "AccessDeniedException", "the secret"),
            errors.ItemUnreadableError("secret", "the secret"),
            errors.TransactionCancelledError("secret", []),
        ],
    )
    def test_anything_else_is_an_internal_error_that_only_the_log_explains(
        self, error: Exception
    ) -> None:
        def read() -> None:
            raise error

        client = Client("GET /notes", read)
        status, problem = client()
        assert status == 500
        assert "secret" not in json.dumps(problem)
        assert problem["instance"] == "request-1"
        (line,) = client.lines()
        assert line["level"] == "ERROR"
        assert "secret" in line["exception"]

    @pytest.mark.parametrize(
        ("error", "after"),
        [
            (errors.ThrottledError("Notes", [], retry_after=3), "3"),
            (errors.UnavailableError("Notes", "no answer."), "1"),
            (errors.UnprocessedLeftError("Notes", []), "1"),
        ],
    )
    def test_what_passes_says_when_to_try_again(self, error: Exception, after: str) -> None:
        def read() -> None:
            raise error

        answer = Client("GET /notes", read).answer(event("GET /notes"))
        assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, after)

    def test_a_write_that_may_be_carried_out_says_so_and_asks_for_no_second_try(self) -> None:
        def write() -> None:
            current = Note(noteId="n", title="secret")
            raise errors.OutcomeUnknownError("secret", "secret", repeatable=True, current=current)

        answer = Client("PUT /notes", write).answer(event("PUT /notes"))
        problem = json.loads(answer["body"])
        assert (answer["statusCode"], problem["type"]) == (503, "urn:problem-type:outcome-unknown")
        assert "may have been carried out" in problem["detail"]
        assert "Read" in problem["suggestion"]
        assert "Retry-After" not in answer["headers"]
        assert "secret" not in answer["body"]

    @pytest.mark.parametrize(
        ("code", "status"),
        [
            ("ConditionalCheckFailed", 409),
            ("TransactionConflict", 409),
            ("ThrottlingError", 503),
            ("ValidationError", 500),
        ],
    )
    def test_a_cancelled_transaction_is_answered_by_its_reasons(
        self, code: str, status: int
    ) -> None:
        def read() -> None:
            raise errors.TransactionCancelledError("move", [errors.Cancelled(0, "n", code)])

        assert Client("GET /notes", read)()[0] == status


class TestLog:
    def test_one_line_a_request_without_what_the_client_sent(self) -> None:
        def update(noteId: str, query: Period, body: Note, caller: Caller) -> Note:
            return body

        client = Client("PUT /notes/{noteId}", update)
        note = {"noteId": "private", "title": "private"}
        claims = {"sub": "private"}
        status, _ = client({"noteId": "private"}, "tags=private", note, claims=claims)
        assert status == 200
        (line,) = client.lines()
        assert line["route"] == "PUT /notes/{noteId}"
        assert line["status"] == 200
        assert line["duration_ms"] >= 0
        assert line["request_id"] == "request-1"
        assert line["function_request_id"] == "invocation-1"
        assert "private" not in json.dumps(line)

    def test_a_refused_request_is_logged_by_its_kind(self) -> None:
        client = echo_body()
        client(body={"private": 1})
        (line,) = client.lines()
        assert (line["level"], line["status"], line["problem"]) == ("INFO", 400, "HttpError")
        assert "private" not in json.dumps(line)


class TestMeter:
    @pytest.mark.parametrize("error", [None, RuntimeError("no")])
    def test_what_was_consumed_is_written_at_the_end_whatever_happened(
        self, error: Exception | None, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def read() -> None:
            call = Call(pattern="note-get", operation="GetItem", table="Notes", read=0.5)
            meter.PROCESS.record(Labels("local", "notes"), call)
            if error:
                raise error

        Client("GET /notes", read)()
        line = json.loads(capsys.readouterr().out)
        assert (line["Pattern"], line["ReadUnits"]) == ("note-get", [0.5])
        assert meter.PROCESS.calls == []


class TestRegistration:
    @staticmethod
    def app(*routes: str) -> App:
        split = [route.partition(" ") for route in routes]
        return App(system(*(Route(m, p) for m, _, p in split)))  # type: ignore[arg-type]  # text

    def test_a_route_has_to_be_declared(self) -> None:
        app = self.app("GET /notes/{noteId}")
        with pytest.raises(DeclarationError, match=r"Did you mean GET /notes/{noteId}\?"):
            app.get("/note/{noteId}")(lambda: None)

    def test_a_route_has_one_handler(self) -> None:
        app = self.app("GET /notes")
        app.get("/notes")(lambda: None)
        with pytest.raises(DeclarationError, match="has a handler already"):
            app.get("/notes")(lambda: None)

    def test_every_route_of_a_served_function_has_a_handler(self) -> None:
        app = self.app("GET /notes", "POST /notes")
        app.get("/notes")(lambda: None)
        with pytest.raises(DeclarationError, match=r"POST /notes\]: has no handler"):
            _ = app.handler

    def test_a_path_parameter_needs_an_argument(self) -> None:
        def read() -> None: ...

        with pytest.raises(DeclarationError, match="Add noteId: str"):
            self.app("GET /notes/{noteId}").get("/notes/{noteId}")(read)

    @pytest.mark.parametrize("method", ["GET", "DELETE"])
    def test_only_some_methods_have_a_body(self, method: str) -> None:
        def read(body: Note) -> None: ...

        app = self.app(f"{method} /notes")
        with pytest.raises(DeclarationError, match=f"not a value that a {method} request gives"):
            getattr(app, method.lower())("/notes")(read)

    def test_an_unknown_argument_is_named(self) -> None:
        def create(bodie: Note) -> None: ...

        with pytest.raises(DeclarationError, match=r"create.bodie: is not a value"):
            self.app("POST /notes").post("/notes")(create)

    def test_an_argument_has_a_type(self) -> None:
        def create(body) -> None: ...  # type: ignore[no-untyped-def]  # the fault under test

        with pytest.raises(DeclarationError, match=r"create.body: has no type"):
            self.app("POST /notes").post("/notes")(create)

    def test_an_argument_has_a_type_that_can_be_decoded(self) -> None:
        def create(body: int | Literal["a"] | set[Note] | list[Note]) -> None: ...

        with pytest.raises(DeclarationError, match="cannot be decoded"):
            self.app("POST /notes").post("/notes")(create)

    def test_a_type_that_is_not_imported_is_named(self) -> None:
        def create(body: "Missing") -> None: ...  # type: ignore[name-defined]  # noqa: F821, UP037

        with pytest.raises(DeclarationError, match="'Missing' is not defined"):
            self.app("POST /notes").post("/notes")(create)

    def test_a_query_is_a_struct(self) -> None:
        def read(query: dict[str, str]) -> None: ...

        with pytest.raises(DeclarationError, match="query: a Struct"):
            self.app("GET /notes").get("/notes")(read)
