"""The time that a table is restored to: to the second, and the same for everybody."""

from __future__ import annotations

from datetime import UTC, datetime

from keyline.errors import KeylineError


def moment_of(text: str, option: str = "--to", *, now: datetime | None = None) -> datetime:
    """Read a time in the past, to the second.

    Parameters
    ----------
    option
        How errors name it.

    Raises
    ------
    KeylineError
        If it is not a time, has no time zone, or is in the future.
    """
    path = f"{option} {text}"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise KeylineError(
            path, "is not a time.", "Write it in ISO 8601: 2026-01-31T10:00:00Z."
        ) from error
    if moment.tzinfo is None:
        raise KeylineError(
            path,
            "has no time zone, so it is another time for everybody.",
            f"Add it: {moment.isoformat()}Z is UTC; {moment.isoformat()}+02:00 is two hours before"
            " it.",
        )
    now = now or datetime.now(UTC)
    if moment > now:
        raise KeylineError(
            path,
            f"is in the future: it is {now.isoformat(timespec='seconds')} now.",
            "Name an earlier time.",
        )
    return moment.astimezone(UTC).replace(microsecond=0)
