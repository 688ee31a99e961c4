"""Who asks, by the token alone."""

from __future__ import annotations

import pytest

from keyline.http import Caller, HttpError
from reports.handlers.viewer import Viewer
from reports.settings import Settings


def viewer(*, stated: bool = False, **claims: str) -> Viewer:
    """Whoever has these claims."""
    named = {name.replace("__", ":"): value for name, value in claims.items()}
    return Viewer.of(Caller("ada", frozenset(), named), stated=stated)


def test_a_user_is_the_token_s_subject() -> None:
    assert viewer().user_id == "ada"


@pytest.mark.requirement("K-38")
@pytest.mark.parametrize(
    ("stated", "claims", "accepted"),
    [
        (True, {"token_use": "access"}, True),
        (True, {"token_use": "id"}, False),
        (True, {}, False),
        (False, {"token_use": "access"}, True),
        (False, {"token_use": "id"}, False),
        (False, {"token_use": ""}, False),
        (False, {}, True),
    ],
)
def test_only_an_access_token_is_a_key_to_the_api(
    stated: bool, claims: dict[str, str], accepted: bool
) -> None:
    if accepted:
        assert viewer(stated=stated, **claims).user_id == "ada"
        return
    with pytest.raises(HttpError) as refused:
        viewer(stated=stated, **claims)
    assert refused.value.status == 401


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
    found = viewer(cognito__groups=claim)
    if "catalogue" in groups:
        found.require_mark(Settings().catalogue)
    else:
        with pytest.raises(HttpError) as refused:
            found.require_mark(Settings().catalogue)
        assert refused.value.status == 403
