"""The rights of the system's functions beyond reading and writing tables."""

from __future__ import annotations

from collections.abc import Mapping, Set

BEYOND_TABLES: Mapping[str, Set[str]] = {
    "skill": {"sns:Publish", "bedrock:InvokeModel"},
    "escalations": {"sns:Publish"},
}
"""Actions by function."""
