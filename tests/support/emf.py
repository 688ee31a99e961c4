"""A line that a function writes, as CloudWatch reads it."""

from __future__ import annotations

import json
from typing import Any


def published(line: str) -> list[tuple[str, str, list[str]]]:
    """Return what CloudWatch makes of an EMF line: namespace, metric, dimension names."""
    document: dict[str, Any] = json.loads(line)
    return [
        (directive["Namespace"], metric["Name"], dimensions)
        for directive in document["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
        for dimensions in directive["Dimensions"]
    ]
