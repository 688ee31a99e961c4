"""What a segment of a trace may say of itself."""

from __future__ import annotations

from typing import TypedDict


class Attributes(TypedDict, total=False):
    """What a segment may say of itself. No text is among it, so no data of a person can be.

    Attributes
    ----------
    items, attempts
        How many things were worked on, and how often it was tried.
    level
        A rank that the system defines, such as that of an alert.
    cached, fallback, timed_out
        Whether the result was a kept one, was a substitute, or came too late.
    """

    items: int
    attempts: int
    level: int
    cached: bool
    fallback: bool
    timed_out: bool
