"""Causes that go wrong in a drill."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """A cause that goes wrong in a scene."""

    THROTTLE = "throttle"
    POISON = "poison"
    CRASH = "crash"
    SILENCE = "silence"
    FULL_QUEUE = "full-queue"
