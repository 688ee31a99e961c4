"""The confirmation that a write needs before it is made: somebody has seen the write here.

A page of another site can send a form to this machine, but cannot read a page of the console. The
mark of a confirmation is in the page that shows the write, and holds for that write alone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping

from starlette.requests import Request

from keyline.errors import KeylineError

FIELD = "confirmed"
"""The field of a form that holds the mark."""


class NotConfirmedError(KeylineError):
    """The request does not come from a page of the console that showed the write."""


class Confirmation:
    """Makes and checks the marks of confirmed writes."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def mark(self, path: str, values: Mapping[str, str]) -> str:
        """Return the mark of a write: of the address of its pattern, and its values."""
        text = json.dumps([path, sorted(values.items())])
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()

    def check(self, request: Request, values: Mapping[str, str], mark: str) -> None:
        """Refuse a write that was not confirmed.

        Raises
        ------
        NotConfirmedError
            If the request is from another site, or the mark is not that of the write.
        """
        here = f"{request.url.scheme}://{request.url.netloc}"
        site = request.headers.get("sec-fetch-site", "same-origin")
        own = request.headers.get("origin", here) == here and site == "same-origin"
        if own and hmac.compare_digest(mark, self.mark(request.url.path, values)):
            return
        raise NotConfirmedError(
            request.url.path, "was not confirmed here.", "Look at the write, then confirm it."
        )
