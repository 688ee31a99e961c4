"""Profiles: created once when first seen, changed in part and by version."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings

from keyline.run import AlreadyExistsError, Connection, NotFoundError, VersionConflictError
from reports.repositories import UserRepository
from tests.systems.reports.on_engine import Reports
from tests.systems.reports.unit.examples import user
from tests.systems.reports.unit.plain_values import json_objects, typed

GET = "GET /profile"
PATCH = "PATCH /profile"


@pytest.mark.requirement("K-22", "K-23")
def test_a_user_is_stored_and_read_as_written(reports: Reports) -> None:
    users = UserRepository(reports.store)
    preferences = {"theme": "dark", "sizes": [1, 2.5, None], "deep": {"on": True}}
    stored = users.create_user(user(name="Ada", preferences=preferences))
    assert users.get_user("ada") == stored
    assert users.get_user("nobody") is None
    (row,) = reports.stored("k9-users")
    assert row["preferences"]["M"]["theme"] == {"S": "dark"}
    assert "email" not in row


@pytest.mark.requirement("K-22")
def test_a_second_user_of_the_same_id_changes_nothing(reports: Reports) -> None:
    users = UserRepository(reports.store)
    first = users.create_user(user(name="Ada"))
    with pytest.raises(AlreadyExistsError) as refused:
        users.create_user(user(name="Mallory"))
    assert refused.value.current == first
    assert users.get_user("ada") == first


@pytest.mark.requirement("K-24")
def test_a_change_is_partial_and_creates_nobody(reports: Reports) -> None:
    users = UserRepository(reports.store)
    with pytest.raises(NotFoundError):
        users.update_user("nobody", {"name": "N"}, version=1)
    assert reports.stored("k9-users") == []

    users.create_user(user(name="Ada", email="ada@example.com"))
    changed = users.update_user("ada", {"name": None, "avatar_url": "https://x"}, version=1)
    assert (changed.name, changed.email, changed.avatar_url) == (
        None,
        "ada@example.com",
        "https://x",
    )
    assert changed.version == 2
    assert changed.updated_at > changed.created_at
    with pytest.raises(VersionConflictError):
        users.update_user("ada", {"name": "Late"}, version=1)


@pytest.mark.requirement("K-77", "K-O2")
def test_a_profile_is_there_when_its_user_is_first_seen(reports: Reports) -> None:
    api = reports.app("users")
    first = api(GET, claims={"name": "Ada", "email": "ada@example.com"})
    assert first.status == 200
    assert (first.body["name"], first.body["email"]) == ("Ada", "ada@example.com")
    assert (first.body["user_id"], first.body["preferences"]) == ("ada", {})
    again = api(GET, claims={"name": "Another name"})
    assert again.body == first.body
    assert api(GET, user="bob").body["name"] is None
    assert len(reports.stored("k9-users")) == 2


@pytest.mark.requirement("K-23")
def test_a_known_profile_is_shown_by_one_read_and_no_write(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = reports.app("users")
    api(GET)
    asked: list[str] = []
    send = Connection.send

    def listen(self: Connection, operation: str, request: Any, **more: Any) -> Any:
        asked.append(operation)
        return send(self, operation, request, **more)

    monkeypatch.setattr(Connection, "send", listen)
    api(GET)
    assert asked == ["GetItem"]


@pytest.mark.parametrize(
    "claims", [{"name": "n" * 301}, {"email": "no address"}, {"name": "", "email": ""}]
)
def test_an_odd_claim_is_left_out_of_the_profile(reports: Reports, claims: dict[str, str]) -> None:
    found = reports.app("users")(GET, claims=claims)
    assert (found.status, found.body["name"], found.body["email"]) == (200, None, None)


@pytest.mark.requirement("K-22", "K-77")
def test_many_first_requests_at_once_make_one_profile(reports: Reports) -> None:
    api = reports.app("users")
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: api(GET, claims={"name": f"Ada {n}"}), range(16)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["name"] for answer in answers}) == 1
    (row,) = reports.stored("k9-users")
    assert row["name"]["S"] == answers[0].body["name"]
    assert row["version"]["N"] == "1"


@pytest.mark.requirement("K-02", "K-24", "K-77")
def test_a_user_changes_what_the_request_names_and_nothing_else(reports: Reports) -> None:
    api = reports.app("users")
    api(GET, claims={"name": "Ada", "email": "ada@example.com"})
    preferences = {"theme": "dark", "zoom": 1.25, "tags": ["a", None], "on": True, "n": 10**20}
    changed = api(PATCH, body={"version": 1, "preferences": preferences})
    assert changed.body["preferences"] == preferences
    assert (changed.body["name"], changed.body["version"]) == ("Ada", 2)
    cleared = api(PATCH, body={"version": 2, "name": None, "preferences": None})
    assert (cleared.body["name"], cleared.body["preferences"]) == (None, {})
    assert cleared.body["email"] == "ada@example.com"
    assert api(GET).body == cleared.body


@pytest.mark.requirement("K-02", "K-20")
def test_preferences_of_any_shape_come_back_as_they_were(reports: Reports) -> None:
    api = reports.app("users")
    api(GET)

    @settings(max_examples=50)
    @given(json_objects)
    def come_back(preferences: dict[str, Any]) -> None:
        version = api(GET).body["version"]
        changed = api(PATCH, body={"version": version, "preferences": preferences})
        assert changed.status == 200
        assert typed(changed.body["preferences"]) == typed(preferences)
        assert api(GET).body == changed.body

    come_back()


@pytest.mark.requirement("K-44")
def test_of_two_editors_of_a_profile_one_learns_of_the_other(reports: Reports) -> None:
    api = reports.app("users")
    api(GET)
    assert api(PATCH, body={"version": 1, "name": "First"}).status == 200
    late = api(PATCH, body={"version": 1, "name": "Second"})
    assert (late.status, late.body["currentVersion"]) == (409, 2)
    assert api(GET).body["name"] == "First"


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        ({"name": "x"}, 400, "body.version"),
        ({"version": 1}, 400, "body"),
        ({"version": 0, "name": "x"}, 400, "body.version"),
        ({"version": 1, "name": ""}, 400, "body.name"),
        ({"version": 1, "email": "nobody"}, 400, "body.email"),
        ({"version": 1, "email": "a@example.com\n"}, 400, "body.email"),
        ({"version": 1, "avatar_url": "javascript:alert(1)"}, 400, "body.avatar_url"),
        ({"version": 1, "user_id": "bob"}, 400, "body.user_id"),
        ({"version": 1, "preferences": []}, 400, "body.preferences"),
        ({"version": 1, "preferences": {"a": [0, 1e300]}}, 400, "body.preferences.a[1]"),
        ({"version": 1, "preferences": {"a": "x" * 20_000}}, 413, "body.preferences"),
        ({"version": 1, "preferences": {"": 1}}, 400, "body.preferences"),
    ],
)
def test_a_wrong_change_of_a_profile_changes_nothing(
    reports: Reports, body: dict[str, Any], status: int, path: str
) -> None:
    api = reports.app("users")
    before = api(GET).body
    answer = api(PATCH, body=body)
    assert (answer.status, answer.body["path"]) == (status, path)
    assert api(GET).body == before


def test_a_user_may_be_first_seen_by_a_change(reports: Reports) -> None:
    api = reports.app("users")
    changed = api(PATCH, body={"version": 1, "name": "Ada"}, claims={"email": "ada@example.com"})
    assert changed.status == 200
    assert (changed.body["name"], changed.body["version"]) == ("Ada", 2)
    assert changed.body["email"] == "ada@example.com"
    late = api(PATCH, body={"version": 5, "name": "Bob"}, user="bob")
    assert (late.status, late.body["currentVersion"]) == (409, 1)
    assert api(GET, user="bob").body["name"] is None


@pytest.mark.requirement("K-38")
def test_a_token_of_another_use_is_refused(reports: Reports) -> None:
    api = reports.app("users")
    assert api(GET, claims={"token_use": ""}).status == 401
    assert api(GET, claims={"token_use": "id"}).status == 401
    assert api(GET, user=None).status == 401
    assert reports.stored("k9-users") == []
    assert api(GET, claims={"token_use": "access"}).status == 200
