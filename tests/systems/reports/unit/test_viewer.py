"""Test who asks, by the token alone."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline.http import Caller, HttpError
from keyline.settings import TokenMark
from reports.handlers.viewer import Viewer
from reports.settings import Settings
from tests.systems.reports.on_engine import ACCESS

SETTINGS = Settings()


def viewer(claims: Mapping[str, str], settings: Settings = SETTINGS) -> Viewer:
    """Return a viewer with these claims."""
    return Viewer.of(Caller("ada", frozenset(), claims), settings)


def test_a_user_is_the_token_s_subject() -> None:
    assert viewer(ACCESS).user_id == "ada"


@pytest.mark.requirement("K-38")
@pytest.mark.parametrize(
    ("claims", "accepted"),
    [
        ({"token_use": "access"}, True),
        ({"token_use": "id"}, False),
        ({"token_use": ""}, False),
        ({}, False),
    ],
)
def test_only_an_access_token_is_a_key_to_the_api(claims: dict[str, str], accepted: bool) -> None:
    if accepted:
        assert viewer(claims).user_id == "ada"
        return
    with pytest.raises(HttpError) as refused:
        viewer(claims)
    assert refused.value.status == 401


def test_the_mark_of_an_access_token_is_a_setting() -> None:
    settings = Settings(access_tokens=(TokenMark("cid", "app"),))
    assert viewer({"cid": "app"}, settings).user_id == "ada"
    with pytest.raises(HttpError):
        viewer(ACCESS, settings)


@pytest.mark.parametrize(
    ("claim", "groups"),
    [
        ("[catalogue]", {"catalogue"}),
        ("[a catalogue b]", {"a", "catalogue", "b"}),
        ("catalogue", {"catalogue"}),
        ("[]", set()),
        ("", set()),
        ("[catalogue-readers]", {"catalogue-readers"}),
    ],
)
def test_groups_are_read_as_api_gateway_writes_them(claim: str, groups: set[str]) -> None:
    found = viewer({**ACCESS, "cognito:groups": claim})
    if "catalogue" in groups:
        found.require_mark(SETTINGS.catalogue)
    else:
        with pytest.raises(HttpError) as refused:
            found.require_mark(SETTINGS.catalogue)
        assert refused.value.status == 403


def granted(claims: dict[str, str]) -> int:
    """Return what a token opens: nothing, a user's own, or the catalogue as well."""
    try:
        found = viewer(claims)
    except HttpError:
        return 0
    try:
        found.require_mark(SETTINGS.catalogue)
    except HttpError:
        return 1
    return 2


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "token_use": st.sampled_from(["access", "id", ""]),
            "cognito:groups": st.sampled_from(["[catalogue]", "[readers]", "[]"]),
            "scope": st.sampled_from(["openid", "catalogue"]),
        },
    )
)
def test_no_claim_that_is_removed_grants_more(claims: dict[str, str]) -> None:
    for name in claims:
        less = {other: value for other, value in claims.items() if other != name}
        assert granted(less) <= granted(claims)
