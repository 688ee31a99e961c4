"""Who looks: a student, who sees what is his own, or staff.

A token with the claim `student_id` is a student's; any other is staff's (or another
service's). The token's scopes say what may be done at all, this says whose data.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from keyline.http import Caller, HttpError, id_claim, missing

STUDENT_CLAIM = "student_id"


@dataclass(frozen=True)
class Viewer:
    """Who asks.

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
    def of(cls, caller: Caller) -> Viewer:
        """Return the student or the staff member that the verified token is for.

        Raises
        ------
        HttpError
            403 if the claim is not a student's id.
        """
        return cls(caller.subject, id_claim(caller, STUDENT_CLAIM))

    def sees(self, student: int | None) -> bool:
        """Whether messages of this student are shown; None is one who was not signed in."""
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
        """What the viewer may see, as part of a cache's key."""
        return "staff" if self.student is None else f"student {self.student}"
