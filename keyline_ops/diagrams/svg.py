"""The parts of a picture: boxes, lines and texts, and the document around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH_OF_A_CHARACTER = 7.1
"""At most, of a text of the font's size: what a box must leave room for."""

STYLE = """
.kd { font: 13px ui-sans-serif, system-ui, "Segoe UI", Helvetica, Arial, sans-serif }
.kd text { fill: #1f2328 }
.kd .muted { fill: #57606a }
.kd .strong { font-weight: 600 }
.kd .box { fill: #ffffff; stroke: #6e7781 }
.kd .head { fill: #dbe7f8; stroke: #6e7781 }
.kd .group { fill: #f6f8fa; stroke: #afb8c1; stroke-dasharray: 4 3 }
.kd .line { fill: none; stroke: #6e7781; stroke-width: 1.3 }
.kd .curve { stroke: #0b57d0; stroke-width: 2.5 }
.kd .dotted { stroke-dasharray: 3 4 }
.kd .tip { fill: #6e7781 }
"""
DARK_STYLE = """
.kd text { fill: #e6edf3 }
.kd .muted { fill: #a8b3bf }
.kd .box { fill: #161b22; stroke: #8b949e }
.kd .head { fill: #1f3350; stroke: #8b949e }
.kd .group { fill: #0d1117; stroke: #6e7681 }
.kd .line { stroke: #9aa4af }
.kd .tip { fill: #9aa4af }
.kd .curve { stroke: #8ab4f8 }
"""
"""What is different in the dark."""


def width_of(text: str) -> float:
    """Return at most how wide a text is, in pixels."""
    return len(text) * WIDTH_OF_A_CHARACTER


@dataclass
class Picture:
    """A picture under construction.

    Parameters
    ----------
    title
        What it shows: read aloud in place of the picture.
    """

    title: str
    width: float = 0.0
    height: float = 0.0
    parts: list[str] = field(default_factory=list)

    def box(self, x: float, y: float, width: float, height: float, kind: str = "box") -> None:
        """Draw a rectangle of a kind: `box`, `head` or `group`."""
        self._reach(x + width, y + height)
        self.parts.append(
            f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
            'rx="5"/>'
        )

    def text(self, x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> None:
        """Write a text whose base line begins at a point."""
        self._reach(x + (width_of(text) if anchor == "start" else 0.0), y + 4)
        classes = f' class="{kind}"' if kind else ""
        place = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self.parts.append(f'<text{classes} x="{x:g}" y="{y:g}"{place}>{escape(text)}</text>')

    def label(self, x: float, y: float, width: float, lines: Sequence[str], height: float) -> None:
        """Write lines into the middle of a box: the first is strong, the others are muted."""
        top = y + height / 2 - (len(lines) - 1) * 8.5 + 4.5
        for number, line in enumerate(lines):
            kind = "muted" if number else "strong"
            self.text(x + width / 2, top + number * 17, line, kind, "middle")

    def line(
        self, points: Sequence[tuple[float, float]], *, tip: bool = False, kind: str = ""
    ) -> None:
        """Draw a line through points; with a tip it is an arrow."""
        path = " ".join(f"{'L' if n else 'M'}{x:g} {y:g}" for n, (x, y) in enumerate(points))
        end = ' marker-end="url(#kd-tip)"' if tip else ""
        self.parts.append(f'<path class="{f"line {kind}".strip()}" d="{path}"{end}/>')
        for x, y in points:
            self._reach(x, y)

    def link(self, href: str, begin: int) -> None:
        """Make a link of all parts that were drawn since a number of parts."""
        inner = "".join(self.parts[begin:])
        self.parts[begin:] = [f'<a href="{escape(href)}">{inner}</a>']

    def _reach(self, x: float, y: float) -> None:
        self.width, self.height = max(self.width, x), max(self.height, y)

    def document(self) -> str:
        """Return the picture as an SVG file, which follows the reader's choice of light or dark."""
        width, height = round(self.width + 12), round(self.height + 12)
        role = "group" if any(part.startswith("<a ") for part in self.parts) else "img"
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" class="kd" width="{width}" '
                f'height="{height}" viewBox="0 0 {width} {height}" role="{role}">',
                f"<title>{escape(self.title)}</title>",
                f"<style>{STYLE}@media (prefers-color-scheme: dark) {{{DARK_STYLE}}}\n</style>",
                '<defs><marker id="kd-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
                'markerHeight="7" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker>'
                "</defs>",
                *self.parts,
                "</svg>",
                "",
            ]
        )


def bare(document: str) -> str:
    """Return a picture without a style of its own, to be put into a page that has the style."""
    begin, _, rest = document.partition("<style>")
    return begin + rest.partition("</style>")[2].strip()
