"""Findings about a change of a table, and how grave they are."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from keyline_ops.plan.constants import shown


class Verdict(enum.IntEnum):
    """A verdict on how a change may be deployed; the worst of several decides."""

    HARMLESS = 0
    WAVES = 1
    REFUSED = 2

    @property
    def word(self) -> str:
        """The verdict as it is printed."""
        return self.name.lower()

    @property
    def exit_code(self) -> int:
        """The exit code that says it."""
        return (0, 2, 3)[self]


class Moment(enum.IntEnum):
    """The moment of a step: before everything else that changes, with it, or after it."""

    BEFORE = 0
    WITH = 1
    AFTER = 2


@dataclass(frozen=True)
class Part:
    """The part of a table that a step takes from one template into another.

    Attributes
    ----------
    section
        The property of the table: `GlobalSecondaryIndexes`, `StreamSpecification`.
    index
        The name of one index of it; empty for the whole property.
    """

    section: str
    index: str = ""


@dataclass(frozen=True)
class Step:
    """Something that needs a deployment of its own for its table.

    Attributes
    ----------
    part
        What of the table changes; None where it is not the table alone, or also takes time.
    """

    moment: Moment
    text: str
    part: Part | None = None


@dataclass(frozen=True)
class Finding:
    """A change, with what it means.

    Attributes
    ----------
    path
        What changes: `Orders.GlobalSecondaryIndexes.ByStatus`. A release names it.
    steps
        The deployments that it needs.
    releasable
        Whether it can be deployed at all: AWS rejects what cannot be released.
    released
        Why it may be deployed all the same; empty where nobody released it.
    """

    path: str
    verdict: Verdict
    message: str
    suggestion: str = ""
    steps: tuple[Step, ...] = ()
    releasable: bool = True
    released: str = ""

    def below(self, owner: str) -> Finding:
        """Return the finding for people: its path below an owner, constants as `${name}`."""
        return replace(
            self,
            path=shown(".".join(filter(None, (owner, self.path)))),
            message=shown(self.message),
            suggestion=shown(self.suggestion),
            steps=tuple(replace(step, text=shown(step.text)) for step in self.steps),
        )


def harmless(path: str, message: str, *steps: Step) -> Finding:
    """Return what loses nothing: it is updated in place, or alone in the steps that it needs."""
    return Finding(path, Verdict.HARMLESS, message, steps=steps)


def waves(path: str, message: str, suggestion: str, *steps: Step) -> Finding:
    """Return what needs several deployments."""
    return Finding(path, Verdict.WAVES, message, suggestion, steps)


def refused(path: str, message: str, suggestion: str) -> Finding:
    """Return what loses something, so that only a release lets it through."""
    return Finding(path, Verdict.REFUSED, message, suggestion)


def rejected(path: str, message: str, suggestion: str) -> Finding:
    """Return what AWS does not do, so that nothing lets it through."""
    return Finding(path, Verdict.REFUSED, message, suggestion, releasable=False)
