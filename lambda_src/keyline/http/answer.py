"""The answer that API Gateway gets: a Lambda proxy response of payload format 2.0.

Source of the format: API Gateway developer guide, "Working with AWS Lambda proxy integrations for
HTTP APIs".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Answer(msgspec.Struct, frozen=True):
    """An HTTP response.

    Attributes
    ----------
    headers
        By name, one value each.
    body, content_type
        The content, and what it is. None where there is none.
    """

    status: int
    headers: Mapping[str, str] = {}
    body: str | None = None
    content_type: str | None = None

    def event(self) -> dict[str, Any]:
        """Return the answer as a function returns it."""
        content = {"Content-Type": self.content_type} if self.content_type else {}
        return {
            "statusCode": int(self.status),
            "headers": {**content, **self.headers},
            "body": self.body,
            "isBase64Encoded": False,
            "cookies": [],
        }
