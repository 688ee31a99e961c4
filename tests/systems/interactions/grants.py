"""The rights of the system's functions beyond reading and writing tables."""

from __future__ import annotations

from collections.abc import Mapping, Set

BEYOND_TABLES: Mapping[str, Set[str]] = {"interactions": {"ssm:GetParameter"}}
"""Actions by function."""
