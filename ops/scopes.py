"""The scopes that the systems' routes ask for."""

from __future__ import annotations

from stacks.systems import SYSTEMS


def all_scopes() -> list[str]:
    """Every scope of every system, in order."""
    return sorted(
        {route.scope for s in SYSTEMS for f in s.functions for route in f.routes if route.scope}
    )
