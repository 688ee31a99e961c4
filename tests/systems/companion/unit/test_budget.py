"""Alexa waits for 8 s: what a turn waits for, at most."""

from __future__ import annotations

import msgspec
import pytest

from companion.publishers import SNS_SECONDS
from companion.settings import Settings
from companion.skill import TELL_SECONDS
from companion.system import SKILL

ALEXA_SECONDS = 8
REST_SECONDS = 3
"""For the reads and the writes of a turn, each of which takes milliseconds."""


@pytest.mark.requirement("B-21", "B-64")
def test_neither_the_slowest_model_nor_the_slowest_topic_takes_all_the_time() -> None:
    slowest = 0.0
    for number in range(1, 100):
        try:
            settings = msgspec.convert({"model_seconds": number / 10}, Settings)
        except msgspec.ValidationError:
            continue
        slowest = max(slowest, settings.model_seconds)
    assert SKILL.timeout == ALEXA_SECONDS
    assert slowest + REST_SECONDS <= ALEXA_SECONDS
    # An emergency has a fixed answer: no model is asked.
    assert TELL_SECONDS + SNS_SECONDS + REST_SECONDS <= ALEXA_SECONDS
