"""The routes on an engine: what they answer, and what their role grants."""

from __future__ import annotations

from notes.system import SYSTEM
from tests.systems.notes.engine.notes_on_engine import NotesOnEngine

BODY = {"text": "Buy milk."}
KEYED = {"content-type": "application/json", "idempotency-key": "1"}


def test_a_note_is_shown_as_it_was_written(notes: NotesOnEngine) -> None:
    # Given a note
    written = notes.call("POST /notes", body=BODY)
    assert written.status == 201
    assert written.headers["location"] == f"/notes/{written.body['id']}"

    # When its owner asks for it
    shown = notes.call("GET /notes/{id}", path={"id": written.body["id"]})

    # Then it is the same
    assert (shown.status, shown.body) == (200, written.body)


def test_a_request_that_is_sent_again_with_its_key_is_carried_out_once(
    notes: NotesOnEngine,
) -> None:
    first, again = (notes.call("POST /notes", body=BODY, headers=KEYED) for _ in range(2))
    assert (again.status, again.body, again.headers["location"]) == (
        201,
        first.body,
        first.headers["location"],
    )
    assert again.headers["idempotent-replayed"] == "true"
    assert len(notes.stored("Notes")) == 1


def test_a_key_with_another_request_is_refused(notes: NotesOnEngine) -> None:
    assert notes.call("POST /notes", body=BODY, headers=KEYED).status == 201
    other = notes.call("POST /notes", body={"text": "Other."}, headers=KEYED)
    assert (other.status, other.body["path"]) == (422, "headers.idempotency-key")


def test_a_page_shows_the_newest_first_and_goes_on_by_its_cursor(notes: NotesOnEngine) -> None:
    ids = [notes.call("POST /notes", body=BODY).body["id"] for _ in range(3)]
    first = notes.call("GET /notes", query="limit=2").body
    rest = notes.call("GET /notes", query=f"limit=2&cursor={first['cursor']}").body
    shown = [one["id"] for one in [*first["notes"], *rest["notes"]]]
    assert shown == ids[::-1]
    assert (len(first["notes"]), rest["cursor"]) == (2, None)


def test_a_note_of_another_user_is_not_there(notes: NotesOnEngine) -> None:
    id = notes.call("POST /notes", body=BODY).body["id"]
    assert notes.call("GET /notes/{id}", "grace", path={"id": id}).status == 404
    assert notes.call("GET /notes", "grace").body["notes"] == []


def test_a_cursor_of_another_user_is_refused(notes: NotesOnEngine) -> None:
    for _ in range(2):
        notes.call("POST /notes", body=BODY)
    cursor = notes.call("GET /notes", query="limit=1").body["cursor"]
    assert notes.call("GET /notes", "grace", query=f"cursor={cursor}").status == 400


def test_a_request_that_does_not_fit_changes_nothing(notes: NotesOnEngine) -> None:
    assert notes.call("POST /notes", body={"text": ""}).status == 400
    assert notes.call("POST /notes", body={"text": "a", "more": 1}).status == 400
    assert notes.stored("Notes") == []


def test_what_the_function_asks_for_is_what_its_role_grants(notes: NotesOnEngine) -> None:
    asked = notes.accesses()
    written = notes.call("POST /notes", body=BODY).body
    notes.call("GET /notes/{id}", path={"id": written["id"]})
    notes.call("GET /notes")
    assert asked == SYSTEM.function("api").access
