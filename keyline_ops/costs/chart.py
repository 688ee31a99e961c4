"""Charts of costs as SVG: lines on two logarithmic axes, and bars of differences.

The SVG is written by hand: lines, rectangles and text need no library. Colours are those of Okabe
and Ito, which people with a colour vision deficiency tell apart; each line has its name at its end.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#444444")
_WIDTH, _HEIGHT = 900, 520
_LEFT, _RIGHT, _TOP, _BOTTOM = 90, 190, 60, 60
_LINE_HEIGHT = 17
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#222}"
    ".h{font-weight:600;font-size:16px}.g{stroke:#ddd}"
)

Series = Mapping[str, Sequence[tuple[float, float]]]
"""By name, points of x and y."""


def lines(title: str, x_title: str, y_title: str, series: Series) -> str:
    """Draw lines on logarithmic axes.

    Parameters
    ----------
    series
        All x and y above 0.
    """
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    x_low, x_high = _decades(xs)
    y_low, y_high = _decades(ys)

    def x_at(x: float) -> float:
        return _LEFT + (math.log10(x) - x_low) / (x_high - x_low) * (_WIDTH - _LEFT - _RIGHT)

    def y_at(y: float) -> float:
        share = (math.log10(y) - y_low) / (y_high - y_low)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    parts = [_text(_LEFT, 28, title, "start", "h")]
    for decade in range(y_low, y_high + 1):
        y = y_at(10.0**decade)
        parts.append(_rule(_LEFT, y, _WIDTH - _RIGHT, y))
        parts.append(_text(_LEFT - 8, y + 4, f"${amount(10.0**decade)}", "end"))
    for decade in range(x_low, x_high + 1):
        x = x_at(10.0**decade)
        parts.append(_rule(x, _TOP, x, _HEIGHT - _BOTTOM))
        parts.append(_text(x, _HEIGHT - _BOTTOM + 20, amount(10.0**decade), "middle"))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 14, x_title, "middle"))
    parts.append(_text(_LEFT, _TOP - 12, y_title, "start"))
    ends = _apart({name: y_at(points[-1][1]) for name, points in series.items()})
    for number, (name, points) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(f"{x_at(x):.1f},{y_at(y):.1f}" for x, y in points)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
        )
        for x, y in points:
            parts.append(f'<circle cx="{x_at(x):.1f}" cy="{y_at(y):.1f}" r="3.5" fill="{colour}"/>')
        label = f"{name} ${amount(points[-1][1])}"
        end = x_at(points[-1][0])
        parts.append(_text(end + 10, ends[name] + 4, label, "start", "", colour))
    return _document(_HEIGHT, title, parts)


def bars(title: str, rows: Sequence[tuple[str, float, float]]) -> str:
    """Draw two bars for each row: what it was, and what it becomes, in USD."""
    step, first = 52, 90
    height = first + step * max(1, len(rows)) + 10
    name_width, room = 330, 430
    largest = max([1e-9, *(max(before, after) for _, before, after in rows)])
    parts = [_text(20, 28, title, "start", "h")]
    for number, word in enumerate(("before", "after")):
        x = 20 + number * 100
        parts.append(_bar(x, 48, 14, 14, _COLOURS[number]))
        parts.append(_text(x + 22, 60, word, "start"))
    for number, (name, before, after) in enumerate(rows):
        top = first + number * step
        parts.append(_text(name_width - 10, top + 24, name, "end"))
        for place, usd in enumerate((before, after)):
            width = max(1.0, usd / largest * room)
            parts.append(_bar(name_width, top + place * 19, width, 15, _COLOURS[place]))
            parts.append(
                _text(name_width + width + 6, top + place * 19 + 12, f"${usd:,.2f}", "start")
            )
    return _document(height, title, parts)


def amount(number: float) -> str:
    """Return a number in three digits at most: `12 M`."""
    for size, word in ((1e9, " B"), (1e6, " M"), (1e3, " K")):
        if number >= size * 0.9995:
            return f"{number / size:.3g}{word}"
    return f"{number:.3g}"


def _decades(values: Iterable[float]) -> tuple[int, int]:
    every = [math.log10(value) for value in values]
    low, high = math.floor(min(every) + 1e-9), math.ceil(max(every) - 1e-9)
    return low, max(high, low + 1)


def _apart(places: Mapping[str, float]) -> dict[str, float]:
    """Move labels so far that none covers another: from the lowest up."""
    found: dict[str, float] = {}
    last = math.inf
    for name, y in sorted(places.items(), key=lambda each: -each[1]):
        last = min(y, last - _LINE_HEIGHT)
        found[name] = last
    return found


def _text(x: float, y: float, text: str, anchor: str, kind: str = "", colour: str = "") -> str:
    extra = (f' class="{kind}"' if kind else "") + (f' style="fill:{colour}"' if colour else "")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{escape(text)}</text>'


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="g" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _bar(x: float, y: float, width: float, height: float, colour: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:g}" fill="{colour}"/>'
    )


def _document(height: float, title: str, parts: Iterable[str]) -> str:
    box = f'viewBox="0 0 {_WIDTH} {height:g}" width="{_WIDTH}" height="{height:g}"'
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img">\n'
        f"<title>{escape(title)}</title>\n"
        f"<style>{_STYLE}</style>\n"
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )
