"""Moments as the system's keys and answers have them: ISO 8601 in UTC, which sorts by time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

DAY_SECONDS = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso_seconds(seconds: float) -> str:
    """Epoch seconds as `2026-01-31T10:00:00Z`."""
    return _iso(int(seconds) * 1_000_000, "seconds")


def iso_ms(moment: float) -> str:
    """Epoch milliseconds as `2026-01-31T10:00:00.123Z`; what is smaller is cut off."""
    return _iso(microseconds(moment), "milliseconds")


def iso_us(moment: float) -> str:
    """Epoch milliseconds with three decimals as `2026-01-31T10:00:00.123456Z`."""
    return _iso(microseconds(moment), "microseconds")


def microseconds(moment: float) -> int:
    """Epoch milliseconds with three decimals as a whole number."""
    return round(moment * 1000)


def _iso(us: int, to: str) -> str:
    # Whole microseconds are added, since a float of seconds would round them.
    at = _EPOCH + timedelta(microseconds=us)
    return at.isoformat(timespec=to).removesuffix("+00:00") + "Z"
