"""Durations as people type them: `90s`, `5m`, `2h`, `3d`."""

from __future__ import annotations

import re

import typer

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_MOST = 400 * 86_400
_PARTS = re.compile(r"(\d{1,9})([smhd])")


def seconds(text: str) -> int:
    """Read a duration such as `5m` or `1d12h`, in seconds: 400 days at most.

    Raises
    ------
    typer.BadParameter
        If it is not a duration, or longer.

    Examples
    --------
    >>> seconds("5m"), seconds("1d12h")
    (300, 129600)
    """
    parts = _PARTS.findall(text)
    found = sum(int(number) * _UNITS[unit] for number, unit in parts)
    if not found or "".join(number + unit for number, unit in parts) != text:
        raise typer.BadParameter(f"{text} is not a duration such as 90s, 5m, 2h or 1d12h.")
    if found > _MOST:
        raise typer.BadParameter(f"{text} is longer than 400 days. Write 400d or less.")
    return found


def told(minutes: int) -> str:
    """Return minutes as people read them.

    Examples
    --------
    >>> told(7), told(2_880), told(1_500)
    ('7 min', '2 d', '1 d 1 h')
    """
    days, rest = divmod(minutes, 24 * 60)
    hours, left = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (left, "min")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 min"
