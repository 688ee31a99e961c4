"""Route selection of an HTTP API.

Source: "Create routes for HTTP APIs" (API Gateway developer guide). A full match goes before a
greedy `{name+}`, which goes before `$default`. The more specific path wins, and at the same path
the named method goes before ANY. A path whose method has no route is not found (404): HTTP APIs
know no 405. A trailing slash matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from keyline_local.resources import Route

_EXACT, _PARAMETER, _GREEDY = range(3)


@dataclass(frozen=True, slots=True)
class Match:
    """The selected route and the values of its path's variables."""

    route: Route
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Segment:
    kind: int
    text: str


@dataclass(frozen=True, slots=True)
class _Pattern:
    route: Route
    method: str
    segments: tuple[_Segment, ...]

    @property
    def rank(self) -> tuple[object, ...]:
        return tuple(segment.kind for segment in self.segments), self.method == "ANY"

    def match(self, method: str, segments: list[str]) -> dict[str, str] | None:
        if self.method not in (method, "ANY"):
            return None
        parameters: dict[str, str] = {}
        for position, segment in enumerate(self.segments):
            if position >= len(segments):
                return None
            value = segments[position]
            if segment.kind == _GREEDY:
                value = "/".join(segments[position:])
                return {**parameters, segment.text: value} if value else None
            if segment.kind == _EXACT and value != segment.text:
                return None
            if segment.kind == _PARAMETER:
                if not value:
                    return None
                parameters[segment.text] = value
        return parameters if len(segments) == len(self.segments) else None


class RouteTable:
    """The routes of an API, most specific first."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._default: Route | None = None
        patterns = []
        for route in routes:
            if route.key == "$default":
                self._default = route
            else:
                method, _, path = route.key.partition(" ")
                segments = tuple(_segment(text) for text in path[1:].split("/"))
                patterns.append(_Pattern(route, method, segments))
        self._patterns = sorted(patterns, key=lambda pattern: pattern.rank)

    def select(self, method: str, path: str) -> Match | None:
        """Select the route for a decoded path, the stage's prefix already removed."""
        segments = path[1:].split("/")
        for pattern in self._patterns:
            parameters = pattern.match(method, segments)
            if parameters is not None:
                return Match(pattern.route, parameters)
        return None if self._default is None else Match(self._default, {})


def _segment(text: str) -> _Segment:
    if text.startswith("{") and text.endswith("+}"):
        return _Segment(_GREEDY, text[1:-2])
    if text.startswith("{") and text.endswith("}"):
        return _Segment(_PARAMETER, text[1:-1])
    return _Segment(_EXACT, text)
