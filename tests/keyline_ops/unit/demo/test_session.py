"""What the demonstration takes as a right count."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from keyline_local import Platform
from keyline_ops.demo import session
from keyline_ops.demo.session import Session


@pytest.mark.parametrize(
    ("alone", "told", "is_right"),
    [
        (True, 3, True),
        (True, 4, False),
        (True, 2, False),
        (False, 3, True),
        (False, 4, True),
        (False, 2, False),
    ],
)
def test_a_count_may_be_higher_only_where_others_send_too(
    monkeypatch: pytest.MonkeyPatch, alone: bool, told: int, is_right: bool
) -> None:
    monkeypatch.setattr(session, "base_url", lambda *_: "http://127.0.0.1:1")
    user = Session(cast(Platform, None), "notes-local", "audience", alone=alone)
    assert user.counts(told, 3) is is_right
    asyncio.run(user.close())
