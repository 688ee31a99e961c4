"""The attributes that a segment of a trace may have."""

from __future__ import annotations

from typing import TypedDict


class Attributes(TypedDict, total=False):
    """The attributes of a segment. No attribute is free text, so no attribute is personal data.

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
