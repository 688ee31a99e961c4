"""The three states of an alarm."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The state of an alarm, as CloudWatch writes it."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
