"""The caller: a user, known by the token's subject alone, and the token's marks."""

from __future__ import annotations

import msgspec

from keyline.http import Caller, require_access_token, require_mark
from keyline.settings import TokenMarks
from reports.settings import Settings


class Viewer(msgspec.Struct, frozen=True):
    """The caller.

    Attributes
    ----------
    caller
        What the verified token says.
    """

    caller: Caller

    @classmethod
    def of(cls, caller: Caller, settings: Settings) -> Viewer:
        """Return the user that the verified token is for.

        Raises
        ------
        HttpError
            401 if the token does not say that it is an access token.
        """
        require_access_token(caller, settings.access_tokens)
        return cls(caller)

    @property
    def user_id(self) -> str:
        """The token's subject. A request's body never says which user a thing belongs to."""
        return self.caller.subject

    def require_mark(self, marks: TokenMarks) -> None:
        """Refuse a user whose token has none of these marks.

        Raises
        ------
        HttpError
            403.
        """
        require_mark(self.caller, marks)
