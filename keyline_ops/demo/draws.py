"""Random numbers for made-up data: the same at every run, on every machine."""

from __future__ import annotations

import hashlib
import random


def draws(*names: object) -> random.Random:
    """Return random numbers that are the same for the same names, on every machine."""
    digest = hashlib.sha256("/".join(map(str, names)).encode()).digest()
    return random.Random(digest)  # noqa: S311 - sample data, no secrets
