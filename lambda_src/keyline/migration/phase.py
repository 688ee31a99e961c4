"""The phase of a migration: what is written where, what answers, and how a parameter says so."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import IntEnum

import msgspec

from keyline.errors import KeylineError

PATTERN = r"^[123](@\S+)?$"
"""What the parameter may hold: a phase, and the moment from which items count as new."""


class Mode(IntEnum):
    """The stores that are written, and the one that answers."""

    PARALLEL = 1
    """Source and target are written, the source answers."""
    READ_NEW = 2
    """Source and target are written, the target answers for what is new since the switch."""
    TARGET = 3
    """The target alone is written and answers."""


class PhaseUnknownError(KeylineError):
    """The parameter cannot be read, or its value is not a phase."""


class Phase(msgspec.Struct, frozen=True):
    """A phase of a migration.

    Attributes
    ----------
    since
        Epoch seconds. What was made from then on is new.
    """

    mode: Mode
    since: float = 0.0

    @classmethod
    def parse(cls, text: str, path: str, changed: float = 0.0) -> Phase:
        """Read a parameter's value: `1`, `3`, or `2@2026-11-20T10:00:00Z`.

        Parameters
        ----------
        path
            The parameter's name, for errors.
        changed
            Epoch seconds from which items are new if the value does not say so.

        Raises
        ------
        PhaseUnknownError
            If the value is not a phase.
        """
        value = text.strip()
        if not re.fullmatch(PATTERN, value):
            raise PhaseUnknownError(
                path,
                f"is {text!r}, which is not a phase.",
                "Write 1, 2 or 3: `keyline phase SYSTEM 2` does.",
            )
        mode, _, since = value.partition("@")
        return cls(Mode(int(mode)), _moment(since, path) if since else changed)

    @property
    def text(self) -> str:
        """The parameter's value of the phase; the moment is exact to the second."""
        moment = datetime.fromtimestamp(self.since, UTC)
        return f"{self.mode.value}@{moment:%Y-%m-%dT%H:%M:%SZ}"

    def reads_new(self, made: float) -> bool:
        """Return whether the target answers for an item made at a moment, in epoch seconds."""
        return self.mode is Mode.READ_NEW and made >= self.since


def _moment(text: str, path: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None:
        raise PhaseUnknownError(
            path, f"{text!r} is not a moment with an offset.", "Write 2@2026-11-20T10:00:00Z."
        )
    return moment.timestamp()
