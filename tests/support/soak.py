"""The time of tests of load and failure: brief among all tests, at length in `make soak`."""

from __future__ import annotations

import os

SECONDS = float(os.environ.get("KEYLINE_SOAK_SECONDS", "2"))
"""Of each load."""
AT_LENGTH = SECONDS >= 30
"""Whether counts are whole as well, where `make test` makes do with a part of them."""
SEED = os.environ.get("KEYLINE_SOAK_SEED")
"""The one run of a protocol driver that is made: what a failure has printed."""
