"""The claims of a token about its caller, read in the same way by every system.

A claim that a system asks for is either there in its form, or the request is refused. The refusal
is 401 where the token is of the wrong kind, and 403 where the token does not permit what the caller
wants. What a claim grants, its absence never grants: a mapping that is lost in the identity
provider opens nothing.
"""

from __future__ import annotations

import re
from http import HTTPStatus

from keyline.http.problem import HttpError
from keyline.http.request import Caller
from keyline.settings import TokenMarks

_ID = re.compile(r"[1-9][0-9]*")
"""One text for each id, as in a path. `int` also reads leading zeros and other scripts' digits."""
_ID_DIGITS = 38
"""Digits of the longest number that DynamoDB holds."""


def id_claim(caller: Caller, name: str) -> int | None:
    """Return a claim that is an id: a whole number from 1, in the digits 0 to 9, not 0 first.

    Returns
    -------
    int | None
        None if the token has no such claim.

    Raises
    ------
    HttpError
        403 if the claim is something else.
    """
    claim = caller.claims.get(name)
    if claim is None:
        return None
    text = str(claim)
    if not (_ID.fullmatch(text) and len(text) <= _ID_DIGITS):
        raise HttpError(
            HTTPStatus.FORBIDDEN,
            f"token.{name}",
            f"is not an id: a whole number from 1, of up to {_ID_DIGITS} digits, the first not 0.",
            "Ask the issuer of the token to correct the claim.",
        )
    return int(text)


def list_claim(caller: Caller, name: str) -> frozenset[str]:
    """Return the members of a claim that is a list, as API Gateway's authorizer writes it: `[a b]`.

    A token without the claim has no members.
    """
    claim = str(caller.claims.get(name, ""))
    return frozenset(claim.removeprefix("[").removesuffix("]").split())


def has_mark(caller: Caller, marks: TokenMarks) -> bool:
    """Tell whether a token has one of these marks: a group, a scope, an application."""
    return any(mark.member in list_claim(caller, mark.claim) for mark in marks)


def require_mark(caller: Caller, marks: TokenMarks) -> None:
    """Refuse a caller whose token has none of these marks.

    Raises
    ------
    HttpError
        403 that names the marks. The path of the error is the claim, if all marks are of one claim.
    """
    if has_mark(caller, marks):
        return
    claims = {mark.claim for mark in marks}
    raise HttpError(
        HTTPStatus.FORBIDDEN,
        f"token.{claims.pop()}" if len(claims) == 1 else "token",
        f"does not hold {' or '.join(repr(mark.member) for mark in marks) or 'any mark'}.",
        "Ask the administrator of the users for it.",
    )


def require_access_token(caller: Caller, marks: TokenMarks) -> None:
    """Refuse a token that does not say that it is an access token.

    An issuer also signs identity tokens. Identity tokens are for the application that signed the
    user in, and API Gateway accepts them on a route without a scope (Cognito developer guide,
    "Using tokens with user pools").

    Parameters
    ----------
    marks
        What an access token of the issuer says; one mark is enough. Cognito's say
        `token_use=access`.

    Raises
    ------
    HttpError
        401.
    """
    if not has_mark(caller, marks):
        raise HttpError(
            HTTPStatus.UNAUTHORIZED,
            "headers.authorization",
            f"does not hold an access token ({' or '.join(map(str, marks))}).",
            "Send the access token. The identity token is only for the application.",
        )
