"""Who sees what."""

from __future__ import annotations

import pytest

from chat.handlers.viewer import Viewer
from keyline.http import Caller, HttpError


def viewer(**claims: str) -> Viewer:
    """Whoever has these claims."""
    return Viewer.of(Caller("someone", frozenset({"chat:read"}), claims))


def test_staff_sees_every_student_and_the_anonymous() -> None:
    staff = viewer()
    assert staff.sees(5)
    assert staff.sees(None)
    staff.require_staff("path")
    staff.require_student(5)


def test_a_student_sees_only_what_is_his_own() -> None:
    student = viewer(student_id="5")
    assert student.sees(5)
    assert not student.sees(6)
    assert not student.sees(None)
    student.require_student(5)
    with pytest.raises(HttpError) as hidden:
        student.require_student(6)
    assert hidden.value.status == 404
    with pytest.raises(HttpError) as refused:
        student.require_staff("path.moduleId")
    assert refused.value.status == 403


@pytest.mark.parametrize(
    "claim", ["", "0", "-1", "1.5", "five", "5 or 6", "[5]", "\u0661", "\uff15"]
)
def test_a_claim_that_is_no_student_s_id_is_nobody_s(claim: str) -> None:
    with pytest.raises(HttpError) as refused:
        viewer(student_id=claim)
    assert refused.value.status == 403


def test_what_is_cached_for_one_is_not_shown_to_another() -> None:
    assert len({viewer().scope, viewer(student_id="5").scope, viewer(student_id="6").scope}) == 3
