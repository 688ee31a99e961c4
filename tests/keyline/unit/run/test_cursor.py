"""Cursors that were altered, or are somebody else's."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline.run.cursor import Cursor, CursorSigner
from keyline.run.errors import InvalidCursorError

SIGNER = CursorSigner("notes", b"secret")
CURSOR = Cursor([{"id": {"S": "a"}}, None], [{"N": "1.5"}])
VALUES = {"moduleId": 1, "timestamp": (1.0, 2.0)}
TOKEN = SIGNER.issue(CURSOR, "by-module", "ann", VALUES)


def test_a_cursor_comes_back() -> None:
    assert SIGNER.take(TOKEN, "by-module", "ann", VALUES) == CURSOR
    assert SIGNER.take(TOKEN, "by-module", "ann", dict(reversed(VALUES.items()))) == CURSOR
    assert set(TOKEN) <= set(string.ascii_letters + string.digits + "-_")


@pytest.mark.parametrize(
    ("signer", "pattern", "caller", "values"),
    [
        (CursorSigner("buddy", b"secret"), "by-module", "ann", VALUES),
        (CursorSigner("notes", b"other"), "by-module", "ann", VALUES),
        (SIGNER, "by-student", "ann", VALUES),
        (SIGNER, "by-module", "", VALUES),
        (SIGNER, "by-module", "ann", {**VALUES, "moduleId": 2}),
        (SIGNER, "by-module", "ann", {**VALUES, "moduleId": "1"}),
        (SIGNER, "by-modul", "eann", VALUES),
    ],
)
def test_it_is_bound(signer: CursorSigner, pattern: str, caller: str, values: object) -> None:
    with pytest.raises(InvalidCursorError):
        signer.take(TOKEN, pattern, caller, values)  # type: ignore[arg-type] # a mapping


@given(
    place=st.integers(0, len(TOKEN) - 1),
    letter=st.sampled_from(string.ascii_letters + string.digits + "-_=+/ \n"),
)
def test_no_letter_of_it_can_be_changed(place: int, letter: str) -> None:
    altered = TOKEN[:place] + letter + TOKEN[place + 1 :]
    if altered != TOKEN:
        with pytest.raises(InvalidCursorError):
            SIGNER.take(altered, "by-module", "ann", VALUES)


@given(st.one_of(st.text(), st.binary().map(lambda b: b.hex())))
def test_no_text_is_taken_for_one(text: str) -> None:
    with pytest.raises(InvalidCursorError):
        SIGNER.take(text, "by-module", "ann", VALUES)
