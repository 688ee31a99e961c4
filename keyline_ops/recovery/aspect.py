"""An aspect of a table: what the template says of it, what AWS says, and how the two are made one.

All aspects together are all that is verified, and all that a restore puts back. What a template
says and no aspect speaks for is told as not verified, so that nothing is left out in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keyline_ops.recovery.expected import Expected, is_reference
from keyline_ops.recovery.sight import Sight, UnansweredError

Values = Mapping[str, Any]
"""A path within the table, such as `indexes.ByDay.key`, → a value. None is what is off."""


@dataclass(frozen=True)
class Drift:
    """A value that is not as declared.

    Attributes
    ----------
    path
        Within the table: `ttl`, `indexes.ByDay.key`, `tags.team`.
    declared, deployed
        None is what is off, or not there.
    """

    path: str
    declared: Any
    deployed: Any
    suggestion: str


@dataclass(frozen=True)
class Unverified:
    """A part that could not be compared, and the reason."""

    path: str
    why: str


@dataclass(frozen=True)
class Repair:
    """A request that puts something back; made twice, it changes nothing more."""

    what: str
    service: str
    operation: str
    arguments: Mapping[str, Any]


def no_repair(expected: Expected, sight: Sight, drifts: Mapping[str, Drift]) -> Iterator[Repair]:
    """Repair nothing: a table is made so, and stays so."""
    yield from ()


@dataclass(frozen=True)
class Aspect:
    """An aspect of a table.

    Attributes
    ----------
    name
        What it is called where it cannot be verified.
    properties
        The paths of the template's properties that it speaks for, with all below them.
    declared, deployed
        The values of the aspect by their paths.
    suggestion
        What to do about a drift.
    repairs
        Yields what puts the given drifts right, in order.
    """

    name: str
    properties: tuple[str, ...]
    declared: Callable[[Expected], Values]
    deployed: Callable[[Expected, Sight], Values]
    suggestion: str
    repairs: Callable[[Expected, Sight, Mapping[str, Drift]], Iterator[Repair]] = no_repair

    def drifts(self, expected: Expected, sight: Sight) -> list[Drift]:
        """Compare.

        Raises
        ------
        UnansweredError
            If the endpoint lacks a call that this needs.
        """
        declared = self.declared(expected)
        deployed = self.deployed(expected, sight)
        paths = dict.fromkeys((*declared, *deployed))
        return [
            Drift(path, declared.get(path), deployed.get(path), self.suggestion)
            for path in paths
            if declared.get(path) != deployed.get(path) and not is_reference(declared.get(path))
        ]


@dataclass(frozen=True)
class Compared:
    """A table compared with its template.

    Attributes
    ----------
    verified
        The paths that are as declared.
    """

    name: str
    verified: tuple[str, ...]
    drifts: tuple[Drift, ...]
    unverified: tuple[Unverified, ...]


def compare(expected: Expected, sight: Sight, aspects: tuple[Aspect, ...]) -> Compared:
    """Compare all aspects of a table.

    Raises
    ------
    KeylineError
        If there is no such table, or AWS refuses.
    """
    verified: list[str] = []
    drifts: list[Drift] = []
    unverified = [*_spoken_for_by_none(expected, aspects)]
    for aspect in aspects:
        try:
            found = aspect.drifts(expected, sight)
        except UnansweredError as error:
            unverified.append(Unverified(aspect.name, error.message))
            continue
        drifts += found
        wrong = {each.path for each in found}
        for path, value in aspect.declared(expected).items():
            if is_reference(value):
                unverified.append(Unverified(path, "only a deployment knows the declared value."))
            elif path not in wrong:
                verified.append(path)
    return Compared(expected.name, tuple(verified), tuple(drifts), tuple(unverified))


def _spoken_for_by_none(expected: Expected, aspects: tuple[Aspect, ...]) -> Iterator[Unverified]:
    known = tuple(name for aspect in aspects for name in aspect.properties)
    for path in dict.fromkeys(expected.leaves()):
        if not any(path == name or path.startswith(f"{name}.") for name in known):
            yield Unverified(path, "no check here knows this property.")
