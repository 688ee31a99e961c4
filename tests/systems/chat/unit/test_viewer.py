"""Test who sees what."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.handlers.viewer import Viewer
from chat.settings import Settings
from keyline.http import Caller, HttpError
from keyline.settings import TokenMark
from tests.systems.chat.on_engine import STAFF

SETTINGS = Settings()


def viewer(claims: Mapping[str, str], settings: Settings = SETTINGS) -> Viewer:
    """Return a viewer with these claims."""
    return Viewer.of(Caller("someone", frozenset({"chat:read"}), claims), settings)


def student(number: object) -> Mapping[str, str]:
    """Return the claims of a student."""
    return {"student_id": str(number)}


def test_staff_sees_every_student_and_the_anonymous() -> None:
    staff = viewer(STAFF)
    assert staff.sees(5)
    assert staff.sees(None)
    staff.require_staff("path")
    staff.require_student(5)


def test_a_student_sees_only_what_is_his_own() -> None:
    found = viewer(student(5))
    assert found.sees(5)
    assert not found.sees(6)
    assert not found.sees(None)
    found.require_student(5)
    with pytest.raises(HttpError) as hidden:
        found.require_student(6)
    assert hidden.value.status == 404
    with pytest.raises(HttpError) as refused:
        found.require_staff("path.moduleId")
    assert refused.value.status == 403


@pytest.mark.parametrize(
    "claim", ["", "0", "-1", "1.5", "five", "5 or 6", "[5]", "\u0661", "\uff15"]
)
def test_a_claim_that_is_no_student_s_id_is_nobody_s(claim: str) -> None:
    with pytest.raises(HttpError) as refused:
        viewer(student(claim))
    assert refused.value.status == 403


@pytest.mark.parametrize(
    "claims",
    [{}, {"custom:student_id": "5"}, {"studentId": "5"}, {"cognito:groups": "[tutors]"}],
)
def test_a_token_that_says_neither_is_refused_by_what_is_missing(claims: dict[str, str]) -> None:
    with pytest.raises(HttpError) as refused:
        viewer(claims)
    assert (refused.value.status, refused.value.path) == (403, "token")
    assert "student_id" in refused.value.message
    assert "cognito:groups=staff" in refused.value.message


def test_the_claims_are_those_of_the_settings() -> None:
    settings = Settings(
        student_claim="custom:student_id",
        staff=(TokenMark("scope", "chat/staff"), TokenMark("client_id", "reporting")),
    )
    assert viewer({"custom:student_id": "5"}, settings).student == 5
    assert viewer({"scope": "chat/read chat/staff"}, settings).student is None
    assert viewer({"client_id": "reporting"}, settings).student is None
    for claims in (STAFF, student(5), {"client_id": "another"}):
        with pytest.raises(HttpError):
            viewer(claims, settings)


def test_who_is_both_is_staff() -> None:
    assert viewer({**STAFF, **student(5)}) == viewer(STAFF)


def test_what_is_cached_for_one_is_not_shown_to_another() -> None:
    viewers = [viewer(STAFF), viewer(student(5)), viewer(student(6))]
    assert len({each.scope for each in viewers}) == 3


CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        "student_id": st.sampled_from(["5", "6", "0", "x", ""]),
        "custom:student_id": st.sampled_from(["5", "6"]),
        "cognito:groups": st.sampled_from(["[staff]", "[tutors staff]", "[tutors]", "[]"]),
        "scope": st.sampled_from(["chat:read", "chat:read chat:staff"]),
        "client_id": st.sampled_from(["reporting", "app"]),
        "token_use": st.sampled_from(["access", "id"]),
    },
)
MARKS = st.lists(
    st.sampled_from(
        [
            TokenMark("cognito:groups", "staff"),
            TokenMark("scope", "chat:staff"),
            TokenMark("client_id", "reporting"),
        ]
    )
).map(tuple)


def granted(claims: Mapping[str, str], settings: Settings) -> set[object]:
    """Return whose messages a token shows: students', those of the anonymous, or all."""
    try:
        found = viewer(claims, settings)
    except HttpError:
        return set()
    shown: set[object] = {each for each in (5, 6, None) if found.sees(each)}
    try:
        found.require_staff("path")
    except HttpError:
        return shown
    return {*shown, "staff"}


@given(CLAIMS, MARKS, st.sampled_from(["student_id", "custom:student_id"]))
def test_no_claim_that_is_removed_grants_more(
    claims: dict[str, str], staff: tuple[TokenMark, ...], student_claim: str
) -> None:
    settings = Settings(staff=staff, student_claim=student_claim)
    for name in claims:
        less = {other: value for other, value in claims.items() if other != name}
        assert granted(less, settings) <= granted(claims, settings)
