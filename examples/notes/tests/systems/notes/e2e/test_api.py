"""The API of the notes system over HTTP, with real tokens."""

from __future__ import annotations

import pytest

from notes.system import READ_SCOPE
from tests.support.client import Client, assert_problem

pytestmark = pytest.mark.xdist_group("notes")


def test_a_note_is_written_and_read_back(api: Client) -> None:
    written = api.call("POST", "/notes", json={"text": "Buy milk."})
    assert written.status_code == 201, written.text
    assert api.get(written.headers["location"]) == written.json()
    assert written.json() in api.get("/notes")["notes"]


def test_a_token_without_the_scope_writes_nothing(api: Client) -> None:
    reader = api.token(scopes=(READ_SCOPE,))
    assert api.call("POST", "/notes", token=reader, json={"text": "No."}).status_code == 403


def test_a_note_that_is_not_there_is_a_problem_document(api: Client) -> None:
    assert_problem(api.call("GET", "/notes/nothing"), 404, "path.id")
