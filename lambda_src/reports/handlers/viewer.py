"""Who asks: a user, known by the token's subject alone, and what the token marks the user as."""

from __future__ import annotations

import os
from dataclasses import dataclass

from keyline.http import Caller, require_access_token, require_mark
from keyline.model import TokenMarks
from reports.tokens import USE_VARIABLE

_STATED = bool(os.environ.get(USE_VARIABLE))


@dataclass(frozen=True)
class Viewer:
    """Who asks.

    Attributes
    ----------
    caller
        What the verified token says.
    """

    caller: Caller

    @classmethod
    def of(cls, caller: Caller, *, stated: bool = _STATED) -> Viewer:
        """Return the user that the verified token is for.

        Parameters
        ----------
        stated
            Whether the token has to say that it is an access token, as those of a user pool do.

        Raises
        ------
        HttpError
            401 if the token is not an access token.
        """
        require_access_token(caller, stated=stated)
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
