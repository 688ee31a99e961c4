"""The worlds that two templates are judged in.

A condition may ask what nobody knows here: the region, or a parameter without a default. Each
answer is a world. A change is judged in each of them, and the worst of the worlds decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from keyline_ops.plan.constants import constant, constant_of, is_known, shown
from keyline_ops.plan.errors import UnjudgedError

MAX_WORLDS = 4_096
"""Above this many, two templates cannot be judged in a reasonable time."""

T = TypeVar("T")
Pair = tuple[str, str]


class UndecidedError(Exception):
    """A comparison of which this world says nothing; `pair` is what was compared."""

    def __init__(self, pair: Pair) -> None:
        super().__init__(pair)
        self.pair = pair


@dataclass(frozen=True)
class World:
    """The values that this world assumes for unknown ones.

    Attributes
    ----------
    decided
        Pairs of texts, in order, and whether they are equal.
    """

    decided: Mapping[Pair, bool] = field(default_factory=dict)

    def constant(self, name: str) -> str:
        """Return a constant's text, or its value where this world knows it."""
        text = constant(name)
        for (one, other), equal in self.decided.items():
            if equal and text in (one, other):
                known = other if text == one else one
                if is_known(known):
                    return known
        return text

    def same(self, one: str, other: str) -> bool:
        """Return whether two texts are equal.

        Raises
        ------
        UndecidedError
            If that depends on a constant, and this world does not say.
        """
        if one == other or (is_known(one) and is_known(other)):
            return one == other
        pair = (min(one, other), max(one, other))
        if pair not in self.decided:
            raise UndecidedError(pair)
        return self.decided[pair]

    def deciding(self, pair: Pair, equal: bool) -> World:
        """Return this world with one more answer."""
        return World({**self.decided, pair: equal})

    @property
    def assumptions(self) -> list[str]:
        """Return what is taken for granted, for people."""
        found = []
        for pair, equal in self.decided.items():
            unknown, other = sorted(pair, key=is_known)
            name = constant_of(unknown) or shown(unknown)
            found.append(f"{name} is {'' if equal else 'not '}{shown(other)!r}")
        return found


def in_every_world(judge: Callable[[World], T]) -> list[tuple[World, T]]:
    """Judge in each world that the judging itself asks for.

    Raises
    ------
    UnjudgedError
        If there are more than `MAX_WORLDS`.
    """
    pending, done, seen = [World()], [], 0
    while pending:
        world = pending.pop()
        seen += 1
        if seen > MAX_WORLDS:
            raise UnjudgedError(
                "conditions",
                f"depend on unknown values in more than {MAX_WORLDS:,} ways.",
                "Give the parameters a Default.",
            )
        try:
            done.append((world, judge(world)))
        except UndecidedError as undecided:
            pending += [world.deciding(undecided.pair, equal) for equal in (False, True)]
    return done
