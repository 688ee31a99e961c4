"""Access log lines of an HTTP API, rendered from the stage's `$context` format."""

from __future__ import annotations

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\$context\.([A-Za-z]\w*(?:\.[\w:-]+)*)")


def render(template: str, context: Mapping[str, object]) -> str:
    """Fill in a format; a variable without a value becomes `-`, as on AWS."""
    return _VARIABLE.sub(lambda match: _text(context.get(match[1])), template)


def _text(value: object) -> str:
    return "-" if value is None or value == "" else str(value)
