"""The error of what cannot be judged."""

from __future__ import annotations

from keyline.errors import KeylineError


class UnjudgedError(KeylineError):
    """An input that no verdict can be given on."""
