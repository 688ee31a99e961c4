"""A process that ends in the middle of its work."""

from __future__ import annotations


class Crash(BaseException):
    """The process ends at this call.

    It is not an `Exception`, so the code under test does not catch it. The one who catches
    it throws the process's memory away; only what is stored remains. Unlike a kill, a crash
    runs `finally` blocks.
    """
