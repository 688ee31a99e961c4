"""The headers of repeated and of conditional requests: `Idempotency-Key`, `If-Match`, `ETag`."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline.http import HEADER_ARGUMENTS, HttpError, IfMatch, Response, replayed, versioned
from keyline.http.headers import MAX_KEY, key_of, version_of
from keyline.idempotency import IdempotencyKey, KeyReusedError
from keyline.run import OutcomeUnknownError, VersionConflictError
from tests.keyline.unit.http.test_app import Client
from tests.support.events import event

JSON = {"content-type": "application/json"}


class Note(msgspec.Struct):
    title: str
    version: int = 3


def keys() -> Client:
    """Return a route that answers what its key is."""

    def create(noteId: str, body: Note, key: IdempotencyKey | None) -> list[str] | None:
        return [key.id, key.content] if key else None

    return Client("POST /notes/{noteId}", create)


def asked(
    key: str | None, note: str = "n", title: str = "t", user: str = "ada", query: str = ""
) -> dict[str, Any]:
    """Return a request with a key."""
    headers = JSON if key is None else {**JSON, "idempotency-key": key}
    return event(
        "POST /notes/{noteId}",
        {"noteId": note},
        query,
        {"title": title},
        headers=headers,
        claims={"sub": user},
    )


class TestIdempotencyKey:
    def test_a_request_without_one_has_none(self) -> None:
        assert keys().answer(asked(None))["statusCode"] == 204

    @pytest.mark.parametrize(
        ("header", "key"),
        [
            ('"8e03978e-40d5"', "8e03978e-40d5"),
            ("8e03978e-40d5", "8e03978e-40d5"),
            (' "a b" ', "a b"),
            ('"a\\"b\\\\c"', 'a"b\\c'),
            ('"' + "k" * MAX_KEY + '"', "k" * MAX_KEY),
        ],
    )
    def test_it_is_a_string_in_quotes_or_without(self, header: str, key: str) -> None:
        assert key_of(header) == key

    @pytest.mark.parametrize(
        "header",
        ["", '""', '"a", "b"', '"a";q=1', "a b", "ä", '"ä"', '"a', 'a"', '"\\n"', "k" * 256, "a,b"],
    )
    def test_anything_else_is_refused_by_its_path(self, header: str) -> None:
        answer = keys().answer(asked(header))
        problem = json.loads(answer["body"])
        assert (answer["statusCode"], problem["path"]) == (400, "headers.idempotency-key")

    @given(st.text(max_size=300))
    def test_the_document_says_what_is_taken(self, text: str) -> None:
        (pattern,) = [m.pattern for m in HEADER_ARGUMENTS["key"].type.__metadata__]
        taken = True
        try:
            key_of(text)
        except HttpError:
            taken = False
        assert bool(re.fullmatch(pattern.strip("^$"), text.strip())) == taken

    def test_it_names_caller_route_and_key_and_its_content_is_the_rest(self) -> None:
        client = keys()

        def of(*given: Any, **others: Any) -> list[str]:
            found: list[str] = json.loads(client.answer(asked(*given, **others))["body"])
            return found

        first = of("1")
        assert of("1") == of('"1"') == first
        assert [len(part) for part in first] == [32, 32]
        assert of("2")[0] != first[0]
        assert of("1", user="bob")[0] != first[0]
        for other in ({"note": "m"}, {"title": "u"}, {"query": "a=1"}):
            assert of("1", **other)[0] == first[0]
            assert of("1", **other)[1] != first[1]

    @given(*[st.tuples(st.text(), st.text(), st.text())] * 2)
    def test_what_differs_in_a_part_differs(
        self, one: tuple[str, str, str], other: tuple[str, str, str]
    ) -> None:
        ids = {IdempotencyKey.of(*parts, b"").id for parts in (one, other)}
        assert (len(ids) == 1) == (one == other)

    def test_it_needs_a_caller(self) -> None:
        request = asked("1")
        del request["requestContext"]["authorizer"]
        assert keys().answer(request)["statusCode"] == 401

    def test_another_request_with_it_is_422(self) -> None:
        def create() -> None:
            raise KeyReusedError

        status, problem = Client("POST /notes", create)()
        assert (status, problem["path"]) == (422, "headers.idempotency-key")

    def test_a_repeated_answer_says_so(self) -> None:
        assert replayed(True) == {"Idempotent-Replayed": "true"}
        assert replayed(False) == {}


class TestIfMatch:
    @pytest.mark.parametrize("header", ["3", "*", 'W/"3"', '"3", "4"', '"0"', '""', '"-1"', '"03"'])
    def test_it_is_one_version_in_quotes(self, header: str) -> None:
        with pytest.raises(HttpError) as refused:
            version_of(header)
        assert (refused.value.status, refused.value.path) == (400, "headers.if-match")

    def test_it_says_the_same_as_the_version_that_is_given(self) -> None:
        given = [IfMatch(3).or_given(None, "p"), IfMatch(None).or_given(3, "p")]
        assert [*given, IfMatch(3).or_given(3, "p"), IfMatch(None).or_given(None, "p")] == [
            *(3, 3),
            *(3, None),
        ]
        with pytest.raises(HttpError) as refused:
            IfMatch(3).or_given(4, "body.version")
        assert (refused.value.status, refused.value.path) == (400, "headers.if-match")
        with pytest.raises(HttpError) as missing:
            IfMatch(None).required(None, "body.version")
        assert (missing.value.status, missing.value.path) == (400, "body.version")

    def test_a_conflict_with_it_is_412_and_without_it_409(self) -> None:
        def change(if_match: IfMatch) -> None:
            assert if_match.version in (None, 2)
            raise VersionConflictError("note", "m", "s", current=None, version=3)

        client = Client("PATCH /notes", change)
        answers = [
            client(headers={**JSON, **match}) for match in ({}, {"if-match": version_header(2)})
        ]
        assert [(status, problem["currentVersion"]) for status, problem in answers] == [
            (409, 3),
            (412, 3),
        ]

    def test_an_answer_has_its_version_as_etag(self) -> None:
        def read() -> Response[Note]:
            return versioned(Note("t"), {"Location": "/notes/1"})

        headers = Client("GET /notes", read).answer(event("GET /notes"))["headers"]
        assert (headers["ETag"], headers["Location"]) == (version_header(3), "/notes/1")
        assert version_of(headers["ETag"]) == 3


class TestInDoubt:
    @pytest.mark.parametrize(
        ("method", "sent", "said"),
        [
            ("POST", '"1"', "with the same Idempotency-Key"),
            ("POST", None, "with the header Idempotency-Key"),
        ],
    )
    def test_a_route_with_keys_says_how_they_help(
        self, method: str, sent: str | None, said: str
    ) -> None:
        def create(noteId: str, body: Note, key: IdempotencyKey | None) -> None:
            raise OutcomeUnknownError("secret", "secret", repeatable=False)

        answer = Client(f"{method} /notes/{{noteId}}", create).answer(asked(sent))
        problem = json.loads(answer["body"])
        assert (answer["statusCode"], problem["type"]) == (503, "urn:problem-type:outcome-unknown")
        assert "may have been carried out" in problem["detail"]
        assert said in problem["suggestion"]
        assert "secret" not in answer["body"]

    @pytest.mark.parametrize(
        ("method", "said"),
        [
            ("PUT", "Send the same request again"),
            ("DELETE", "A 404 then says that it is gone"),
            ("PATCH", "Read what the request was to change"),
            ("POST", "Read what the request was to change"),
        ],
    )
    def test_another_route_says_what_its_method_allows(self, method: str, said: str) -> None:
        def write() -> None:
            raise OutcomeUnknownError("n", "", repeatable=True)

        status, problem = Client(f"{method} /notes", write)()
        assert status == 503
        assert said in problem["suggestion"]

    def test_a_change_by_version_may_be_sent_again(self) -> None:
        def change(if_match: IfMatch) -> None:
            raise OutcomeUnknownError("n", "", repeatable=True)

        status, problem = Client("PATCH /notes", change)()
        assert status == 503
        assert "with the same version" in problem["suggestion"]


def version_header(version: int) -> str:
    """Return a version as a header has it."""
    return f'"{version}"'
