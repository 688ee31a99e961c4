"""Faults on purpose, for a time: to see an alarm go off, and how the cause is removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from keyline_local.host.clock import Clock


class Kind(StrEnum):
    """A fault of a table or index, of a function, or of a rule of the clock."""

    THROTTLE = "throttle"
    CRASH = "crash"
    PAUSE = "pause"


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong on purpose.

    Attributes
    ----------
    name
        `TABLE` or `TABLE/INDEX`, a function, or a rule.
    until
        When it ends, in epoch seconds of the platform's time.
    """

    kind: Kind
    name: str
    until: float


class Faults:
    """The faults that are on. Faults end by themselves, or when somebody ends them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._on: dict[tuple[Kind, str], Fault] = {}

    def begin(self, kind: Kind, name: str, seconds: float) -> Fault:
        """Let something go wrong from now on, for so many seconds."""
        fault = Fault(kind, name, self._clock.now() + seconds)
        self._on[kind, name] = fault
        return fault

    def end(self, name: str | None = None) -> list[Fault]:
        """End the faults of a name, or all; return those that were on."""
        ended = [fault for fault in self.on() if name in (None, fault.name)]
        for fault in ended:
            del self._on[fault.kind, fault.name]
        return ended

    def on(self) -> Sequence[Fault]:
        """Return the faults that are on now."""
        if not self._on:
            return ()
        now = self._clock.now()
        self._on = {key: fault for key, fault in self._on.items() if fault.until > now}
        return list(self._on.values())

    def is_throttled(self, table: str, index: str | None) -> bool:
        """Return True if a table, or one of its indexes, is throttled."""
        return self._has(Kind.THROTTLE, f"{table}/{index}" if index else table)

    def crashes(self, function: str) -> bool:
        """Return True if each invocation of a function is to end with its process."""
        return self._has(Kind.CRASH, function)

    def is_paused(self, rule: str) -> bool:
        """Return True if a rule does not run."""
        return self._has(Kind.PAUSE, rule)

    def _has(self, kind: Kind, name: str) -> bool:
        fault = self._on.get((kind, name)) if self._on else None
        return fault is not None and fault.until > self._clock.now()
