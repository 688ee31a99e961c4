"""Who asks: a user, known by the token's subject alone, and the groups the user is in."""

from __future__ import annotations

import os
from dataclasses import dataclass

from keyline.http import Caller, require_access_token, require_member
from reports.tokens import USE_VARIABLE

GROUPS_CLAIM = "cognito:groups"

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

    def require_group(self, group: str) -> None:
        """Refuse a user who is not in a group of the user pool.

        Raises
        ------
        HttpError
            403.
        """
        require_member(self.caller, GROUPS_CLAIM, group)
