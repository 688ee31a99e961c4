"""Dashboards as a page: states of alarms, and graphs of the last hour.

The page needs no script and nothing of any other server. The page follows the browser's choice of
light or dark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

_WIDTH, _HEIGHT = 300, 90
_EDGE = 3
"""Free at both sides of a graph, so that the whole of a dot is seen."""
_COLOURS = ("#2a78d4", "#d9822b", "#2b9a66", "#a657c9", "#c94f4f", "#6b7d8f")
_UNMEASURED = "The local platform does not run, so that nothing was measured."
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 80rem; margin: 0 auto; padding: 1rem; }}
h1 {{ font-size: 1.5rem; }} h2 {{ font-size: 1.2rem; margin: 1.5rem 0 .25rem; }}
h3 {{ font-size: .95rem; margin: .5rem 0 .1rem; }}
p, li, h3 {{ overflow-wrap: anywhere; }}
.grid > p {{ margin: 0; font-size: .85rem; }}
ul {{ list-style: none; padding: 0; margin: .25rem 0; font-size: .8rem; }}
.grid {{ display: grid; gap: .5rem 1.5rem;
  grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr)); }}
.state {{ font-weight: bold; }}
.on {{ color: light-dark(#b3261e, #ff8a80); }} .fine {{ color: light-dark(#1b6e3c, #7bd99b); }}
section {{ display: grid; grid-row: span 3; grid-template-rows: subgrid; row-gap: .1rem; }}
section h3 {{ align-self: end; }} section ul {{ margin-bottom: .75rem; }}
svg {{ width: 100%; height: auto; border-bottom: 1px solid GrayText; overflow: visible; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{when}</p>
{states}
{dashboards}
</main>
</body>
</html>
"""


def page(answer: Mapping[str, Any]) -> str:
    """Return the page of the dashboards that `keyline dashboard --json` prints."""
    measured, name = answer["time"], answer["environment"]
    return _PAGE.format(
        title=f"Dashboards: {escape(name)}",
        when=_when(str(measured)) if measured else _UNMEASURED,
        states=_states(answer["states"]) if answer["states"] else "",
        dashboards="\n".join(_dashboard(each) for each in answer["dashboards"]),
    )


def _when(time: str) -> str:
    return (
        f"As the local platform measured until {escape(time)}, by the minute. A line without"
        " values is not drawn."
    )


def _states(alarms: Sequence[Mapping[str, Any]]) -> str:
    rows = "\n".join(_state(each) for each in alarms)
    return f'<h2>Alarms that join others</h2>\n<div class="grid">\n{rows}\n</div>'


def _state(alarm: Mapping[str, Any]) -> str:
    kind = "on" if alarm["state"] == "ALARM" else "fine"
    return (
        f'<p><span class="state {kind}">{escape(alarm["state"])}</span> '
        f"{_breakable(alarm['stack'])}/<wbr>{_breakable(alarm['name'])}</p>"
    )


def _breakable(path: str) -> str:
    """Return a path that a narrow page breaks after a slash."""
    return escape(path).replace("/", "/<wbr>")


def _dashboard(found: Mapping[str, Any]) -> str:
    graphs = "\n".join(_graph(each) for each in found["graphs"])
    return f'<h2>{escape(found["name"])}</h2>\n<div class="grid">\n{graphs}\n</div>'


def _graph(found: Mapping[str, Any]) -> str:
    lines = [each for each in found["lines"] if any(v is not None for v in each["values"])]
    most = max((v for each in lines for v in each["values"] if v is not None), default=0.0)
    drawn = "".join(
        _line(each["values"], most, _COLOURS[number % len(_COLOURS)])
        for number, each in enumerate(lines)
    )
    named = "".join(
        f'<li><span style="color:{_COLOURS[number % len(_COLOURS)]}" aria-hidden="true">■</span> '
        f"{escape(each['label'])}: {_number(_last(each['values']))}</li>"
        for number, each in enumerate(lines)
    )
    title, top = escape(found["title"]), _number(most)
    return (
        f"<section><h3>{title}</h3>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{title}: at most {top}">'
        f'<text x="2" y="10" font-size="9" fill="GrayText">{top}</text>{drawn}</svg>'
        f"<ul>{named or '<li>nothing measured</li>'}</ul></section>"
    )


def _line(values: Sequence[float | None], most: float, colour: str) -> str:
    """Draw a line with a dot for each value that stands alone, and a gap where there is none."""
    step = (_WIDTH - 2 * _EDGE) / max(len(values) - 1, 1)
    parts: list[list[tuple[float, float]]] = [[]]
    for number, value in enumerate(values):
        if value is None:
            parts.append([])
        else:
            share = value / most if most > 0 else 0.0
            parts[-1].append((_EDGE + number * step, _HEIGHT - _EDGE - share * (_HEIGHT - 17)))
    return "".join(_part(part, colour) for part in parts if part)


def _part(points: Iterable[tuple[float, float]], colour: str) -> str:
    found = list(points)
    if len(found) == 1:
        return f'<circle cx="{found[0][0]:.1f}" cy="{found[0][1]:.1f}" r="2" fill="{colour}"/>'
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in found)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def _number(value: float) -> str:
    """Return whole numbers and what is above 100 without decimals, others with three digits."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def _last(values: Sequence[float | None]) -> float:
    return next((value for value in reversed(values) if value is not None), 0.0)
