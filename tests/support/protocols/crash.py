"""A process that ends in the middle of its work."""

from __future__ import annotations


class Crash(BaseException):
    """The process ends at this call.

    It is not an `Exception`, so the code under test does not catch it. What is in the process's
    memory is to be thrown away by whoever catches it; only what is stored remains. Unlike a kill
    it runs `finally` blocks.
    """
