"""The viewer: a student, who sees only their own messages, or staff.

A token with a mark of staff is staff's or a service's, one with a student's id is that
student's, and any other is refused. The token's scopes say what may be done at all, this says
whose data.
"""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from chat.settings import Settings
from keyline.http import Caller, HttpError, has_mark, id_claim, missing


class Viewer(msgspec.Struct, frozen=True):
    """The caller.

    Attributes
    ----------
    subject
        The token's subject.
    student
        The student's id; None for staff.
    """

    subject: str
    student: int | None

    @classmethod
    def of(cls, caller: Caller, settings: Settings) -> Viewer:
        """Return the student or the staff member that the verified token is for.

        Staff's mark decides first, so that a claim which is lost never grants more.

        Raises
        ------
        HttpError
            403 if the token has neither staff's mark nor a student's id.
        """
        if has_mark(caller, settings.staff):
            return cls(caller.subject, None)
        student = id_claim(caller, settings.student_claim)
        if student is None:
            raise _unmarked(settings)
        return cls(caller.subject, student)

    def sees(self, student: int | None) -> bool:
        """Return whether messages of this student are shown; None is one who was not signed in."""
        return self.student is None or self.student == student

    def require_staff(self, path: str) -> None:
        """Refuse students.

        Raises
        ------
        HttpError
            403, naming `path`.
        """
        if self.student is not None:
            raise HttpError(HTTPStatus.FORBIDDEN, path, "is for staff.", "Ask for your own pages.")

    def require_student(self, student: int) -> None:
        """Refuse another student's pages, as if there were no such student.

        Raises
        ------
        HttpError
            404.
        """
        if not self.sees(student):
            raise missing("path.studentId", "student")

    @property
    def scope(self) -> str:
        """Return what the viewer may see, as part of a cache's key."""
        return "staff" if self.student is None else f"student {self.student}"


def _unmarked(settings: Settings) -> HttpError:
    claim, marks = settings.student_claim, " or ".join(map(str, settings.staff))
    return HttpError(
        HTTPStatus.FORBIDDEN,
        "token",
        f"has neither a student's id (claim {claim}) nor a mark of staff ({marks}).",
        "Ask the administrator of the users for one of them.",
    )
