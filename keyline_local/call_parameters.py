"""The parameters of the services that routes of an HTTP API call.

Source: "Integration subtype reference" (API Gateway developer guide). A parameter is a text, or
names a part of the request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

SEND_MESSAGE = "SQS-SendMessage"
PUT_EVENTS = "EventBridge-PutEvents"

PARAMETERS: Mapping[str, frozenset[str]] = {
    SEND_MESSAGE: frozenset(
        {"QueueUrl", "MessageBody", "DelaySeconds", "MessageDeduplicationId", "MessageGroupId"}
    ),
    PUT_EVENTS: frozenset({"Source", "DetailType", "Detail", "EventBusName", "Resources"}),
}
"""The calls that the platform makes, with their parameters."""
REQUIRED: Mapping[str, frozenset[str]] = {
    SEND_MESSAGE: frozenset({"QueueUrl", "MessageBody"}),
    PUT_EVENTS: frozenset({"Source", "DetailType", "Detail"}),
}
"""The parameters that a call needs."""

_PART = r"request\.(?:body|(?:header|path|querystring|body)\.[\w.$-]+)|context\.(?:requestId|stage)"
WHOLE = re.compile(rf"\$({_PART})")
"""A value that is a part of the request."""
WITHIN = re.compile(rf"\$\{{({_PART})\}}")
"""A part of the request within a text."""


def is_known(value: str) -> bool:
    """Tell whether the platform can read a parameter's value from a request."""
    rest = WITHIN.sub("", value)
    return bool(WHOLE.fullmatch(value)) or not re.search(r"\$(\{|request|context|stage)", rest)
