"""Who asks: a user, known by the token's subject alone, and the groups the user is in."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from keyline.http import Caller, HttpError

ACCESS = "access"
"""What a user pool's access tokens are for, by their claim `token_use`. Its identity tokens are
for the application that signed the user in, and no key to an API."""
GROUPS_CLAIM = "cognito:groups"


@dataclass(frozen=True)
class Viewer:
    """Who asks.

    Attributes
    ----------
    user_id
        The token's subject. A request's body never says whose anything is.
    groups
        The user pool's groups.
    """

    user_id: str
    groups: frozenset[str]

    @classmethod
    def of(cls, caller: Caller, token_use: str = "") -> Viewer:
        """Who the verified token says it is.

        Parameters
        ----------
        token_use
            What the claim `token_use` has to be. Where empty the claim may be absent, and is
            `access` where it is there.

        Raises
        ------
        HttpError
            401 if the token is no access token.
        """
        use = caller.claims.get("token_use", "" if token_use else ACCESS)
        if use != (token_use or ACCESS):
            raise HttpError(
                HTTPStatus.UNAUTHORIZED,
                "headers.authorization",
                "holds no access token.",
                "Send the access token; the identity token is for the application alone.",
            )
        return cls(caller.subject, _groups(caller.claims.get(GROUPS_CLAIM, "")))

    def require_group(self, group: str) -> None:
        """Refuse who is not in a group.

        Raises
        ------
        HttpError
            403.
        """
        if group not in self.groups:
            raise HttpError(
                HTTPStatus.FORBIDDEN,
                f"token.{GROUPS_CLAIM}",
                f"does not hold the group {group!r}.",
                "Ask whoever administers the user pool.",
            )


def _groups(claim: str) -> frozenset[str]:
    """The members of a claim that is a list, as API Gateway's authorizer writes it: `[a b]`."""
    return frozenset(claim.removeprefix("[").removesuffix("]").split())
