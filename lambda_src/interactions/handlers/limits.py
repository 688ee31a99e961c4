"""Answer requests above a client's limit."""

from __future__ import annotations

from http import HTTPStatus

from interactions.rate_limit import LimitReachedError, RateLimiter, Usage
from keyline.http import HttpError


def admitted(limiter: RateLimiter, client: str) -> Usage:
    """Count a request of a client.

    Raises
    ------
    HttpError
        429 if the client has used all requests of its window. `Retry-After` has the seconds
        until the next window.
    """
    try:
        return limiter.admit(client)
    except LimitReachedError as error:
        usage = error.usage
        raise HttpError(
            HTTPStatus.TOO_MANY_REQUESTS,
            error.path,
            error.message,
            error.suggestion,
            headers={**usage.headers, "Retry-After": str(usage.reset)},
        ) from error
