"""Boxes on a grid with arrows between them, from a description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keyline_ops.diagrams.svg import Picture, width_of

_HEIGHT = 54.0
_DOWN = 92.0
_ACROSS = 44.0
_MARGIN = 14.0


@dataclass(frozen=True)
class Node:
    """A box: its column and row, its name, and what stands below the name."""

    column: int
    row: int
    name: str
    about: str = ""


@dataclass(frozen=True)
class Arrow:
    """An arrow between two boxes, by their keys.

    Parameters
    ----------
    dotted
        Whether it is of another kind than the others.
    """

    start: str
    end: str
    dotted: bool = False


@dataclass(frozen=True)
class Group:
    """A frame around boxes, with a name above it."""

    name: str
    nodes: Sequence[str]


@dataclass(frozen=True)
class Flow:
    """The content of a picture."""

    title: str
    nodes: Mapping[str, Node]
    arrows: Sequence[Arrow]
    groups: Sequence[Group] = ()

    def document(self) -> str:
        """Return the picture as an SVG file."""
        picture = Picture(self.title)
        places = self._places()
        for group in self.groups:
            _frame(picture, group, [places[key] for key in group.nodes])
        for arrow in self.arrows:
            _arrow(picture, arrow, places[arrow.start], places[arrow.end])
        for key, node in self.nodes.items():
            place = places[key]
            picture.box(place.x, place.y, place.width, _HEIGHT)
            lines = [node.name, *([node.about] if node.about else [])]
            picture.label(place.x, place.y, place.width, lines, _HEIGHT)
        return picture.document()

    def _places(self) -> dict[str, _Place]:
        columns = range(1 + max(node.column for node in self.nodes.values()))
        widths = [
            max((_wide(node) for node in self.nodes.values() if node.column == column), default=0)
            for column in columns
        ]
        lefts = [_MARGIN + sum(widths[:n]) + n * _ACROSS for n in columns]
        return {
            key: _Place(lefts[node.column], _MARGIN + 12 + node.row * _DOWN, widths[node.column])
            for key, node in self.nodes.items()
        }


@dataclass(frozen=True)
class _Place:
    x: float
    y: float
    width: float

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + _HEIGHT / 2


def _wide(node: Node) -> float:
    return max(width_of(node.name), width_of(node.about)) + 18


def _frame(picture: Picture, group: Group, places: Sequence[_Place]) -> None:
    x, y = min(p.x for p in places) - 10, min(p.y for p in places) - 26
    right, bottom = max(p.x + p.width for p in places), max(p.y for p in places) + _HEIGHT
    picture.box(x, y, right - x + 10, bottom - y + 12, "group")
    picture.text(x + 8, y + 17, group.name, "muted")


def _arrow(picture: Picture, arrow: Arrow, start: _Place, end: _Place) -> None:
    (x1, y1), (x2, y2) = _edge(start, end), _edge(end, start)
    picture.line([(x1, y1), (x2, y2)], tip=True, kind="dotted" if arrow.dotted else "")


def _edge(start: _Place, end: _Place) -> tuple[float, float]:
    """Return where a line to another box leaves a box: the middle of the side that is nearest."""
    x, y = start.middle
    if end.x >= start.x + start.width:
        return start.x + start.width, y
    if end.x + end.width <= start.x:
        return start.x, y
    return x, start.y + (_HEIGHT if end.y > start.y else 0.0)
