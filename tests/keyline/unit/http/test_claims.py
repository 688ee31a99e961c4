"""Test what a token's claims say, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline.http import (
    Caller,
    HttpError,
    has_mark,
    id_claim,
    list_claim,
    require_access_token,
    require_mark,
)
from keyline.settings import TokenMark, TokenMarks

STAFF = (TokenMark("groups", "staff"),)


def caller(**claims: str) -> Caller:
    return Caller("ada", frozenset(), claims)


@pytest.mark.parametrize(
    ("claim", "number"), [("1", 1), ("10", 10), ("456", 456), ("9" * 38, int("9" * 38))]
)
def test_an_id_is_a_whole_number_from_one(claim: str, number: int) -> None:
    assert id_claim(caller(student=claim), "student") == number


def test_a_token_without_the_claim_names_no_id() -> None:
    assert id_claim(caller(other="1"), "student") is None


@pytest.mark.parametrize(
    "claim",
    [
        *(
            "",
            "0",
            "00",
            "007",
            "1e3",
            "1.0",
            "-1",
            "+1",
            "1.5",
            " 1",
            "1\n",
            "1_0",
            "five",
            "5 or 6",
            "[5]",
        ),
        *("9" * 39, "9" * 5_000),
        *("\u0661", "\u06f1", "\uff11", "1\u0661", "\u00b2"),
    ],
)
def test_what_is_not_an_id_is_refused(claim: str) -> None:
    with pytest.raises(HttpError) as refused:
        id_claim(caller(student=claim), "student")
    assert (refused.value.status, refused.value.path) == (403, "token.student")
    assert claim not in refused.value.suggestion or not claim


@pytest.mark.parametrize(
    ("claim", "members"),
    [
        ("[staff]", {"staff"}),
        ("[a staff b]", {"a", "staff", "b"}),
        ("staff", {"staff"}),
        ("[]", set()),
        ("", set()),
        ("[staff-readers]", {"staff-readers"}),
    ],
)
def test_a_list_is_read_as_api_gateway_writes_it(claim: str, members: set[str]) -> None:
    asking = caller(groups=claim)
    assert list_claim(asking, "groups") == members
    if "staff" in members:
        require_mark(asking, STAFF)
        return
    with pytest.raises(HttpError) as refused:
        require_mark(asking, STAFF)
    assert (refused.value.status, refused.value.path) == (403, "token.groups")


def test_a_token_without_the_claim_lists_nobody() -> None:
    assert list_claim(caller(), "groups") == frozenset()
    with pytest.raises(HttpError):
        require_mark(caller(), STAFF)


@pytest.mark.parametrize(
    ("claims", "marked"),
    [
        ({"groups": "[staff]"}, True),
        ({"scope": "notes:read notes:staff"}, True),
        ({"client_id": "1h57kf5cpq17m0eml12"}, True),
        ({"scope": "staff", "client_id": "[]"}, False),
        ({}, False),
    ],
)
def test_one_of_several_marks_is_enough(claims: dict[str, str], marked: bool) -> None:
    marks = (
        *STAFF,
        TokenMark("scope", "notes:staff"),
        TokenMark("client_id", "1h57kf5cpq17m0eml12"),
    )
    assert has_mark(caller(**claims), marks) is marked
    if not marked:
        with pytest.raises(HttpError) as refused:
            require_mark(caller(**claims), marks)
        assert (refused.value.status, refused.value.path) == (403, "token")
        assert "'staff' or 'notes:staff'" in refused.value.message


def test_without_a_mark_in_the_settings_nobody_is_marked() -> None:
    with pytest.raises(HttpError, match="any mark"):
        require_mark(caller(groups="[staff]"), ())


NAMES = st.sampled_from(["groups", "scope", "client_id"])
WORDS = st.sampled_from(["staff", "readers", "s"])
MARKS: st.SearchStrategy[TokenMarks] = st.lists(st.builds(TokenMark, NAMES, WORDS)).map(tuple)


@given(st.dictionaries(NAMES, st.lists(WORDS).map(lambda all: f"[{' '.join(all)}]")), MARKS)
def test_no_claim_that_is_removed_gives_a_mark(claims: dict[str, str], marks: TokenMarks) -> None:
    for name in claims:
        less = {other: value for other, value in claims.items() if other != name}
        assert has_mark(caller(**less), marks) <= has_mark(caller(**claims), marks)


ACCESS = (TokenMark("token_use", "access"), TokenMark("typ", "Bearer"))


@pytest.mark.parametrize(
    ("claims", "accepted"),
    [
        ({"token_use": "access"}, True),
        ({"typ": "Bearer"}, True),
        ({"token_use": "id"}, False),
        ({"token_use": ""}, False),
        ({"typ": "ID"}, False),
        ({}, False),
    ],
)
def test_only_an_access_token_is_accepted(claims: dict[str, str], accepted: bool) -> None:
    if accepted:
        require_access_token(caller(**claims), ACCESS)
        return
    with pytest.raises(HttpError) as refused:
        require_access_token(caller(**claims), ACCESS)
    assert (refused.value.status, refused.value.path) == (401, "headers.authorization")
