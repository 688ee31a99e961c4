"""Test how long analytics may be kept."""

from __future__ import annotations

import msgspec
import pytest

from chat.settings import Settings


@pytest.mark.requirement("T-58")
def test_the_time_that_answers_are_kept_is_five_to_fifteen_minutes() -> None:
    assert msgspec.convert({}, Settings).cache_seconds == 600
    for seconds in (299, 901):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"cache_seconds": seconds}, Settings)
