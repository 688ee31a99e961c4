"""A curve of costs over months."""

from __future__ import annotations

from collections.abc import Sequence

from keyline_ops.diagrams.svg import Picture

_WIDTH, _HEIGHT = 520.0, 180.0
_LEFT, _TOP = 70.0, 24.0


def of_months(title: str, points: Sequence[tuple[int, float]]) -> str:
    """Return the picture of a curve.

    Parameters
    ----------
    title
        What it shows.
    points
        Months, and what the month costs in USD.
    """
    picture = Picture(title)
    most = max(usd for _, usd in points) * 1.15 or 1.0
    last = points[-1][0]
    bottom = _TOP + _HEIGHT
    for step in range(5):
        y = bottom - _HEIGHT * step / 4
        picture.line([(_LEFT, y), (_LEFT + _WIDTH, y)], kind="dotted" if step else "")
        picture.text(_LEFT - 8, y + 4.5, f"${most * step / 4:,.2f}", "muted", "end")
    for month, _ in points:
        if month == 1 or month % 6 == 0:
            x = _LEFT + _WIDTH * month / last
            picture.text(x, bottom + 20, str(month), "muted", "middle")
    picture.text(_LEFT + _WIDTH / 2, bottom + 40, "month", "muted", "middle")
    curve = [(_LEFT + _WIDTH * m / last, bottom - _HEIGHT * usd / most) for m, usd in points]
    picture.line([(round(x, 1), round(y, 1)) for x, y in curve], kind="curve")
    return picture.document()
