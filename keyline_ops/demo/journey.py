"""A journey: how a system's data gets in, and how each of its patterns is used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from keyline.model import System
from keyline_ops.demo.session import Session

Advance = Callable[[], None]
"""Called once for each request that is done, for the progress bar."""


class Journey(Protocol):
    """One system's demonstration."""

    system: System

    @property
    def loaded_before(self) -> bool:
        """Return whether `load` found data of an earlier run, so that it did not send all of it."""

    @property
    def data_files(self) -> Sequence[str]:
        """The files of real data that the journey reads; if one is missing, it makes a sample."""

    def prepare(self, data: Path | None) -> tuple[str, int]:
        """Read the data from a folder that holds it, or make sample data without one.

        Returns
        -------
        What the data is, and how many requests it takes to load.

        Raises
        ------
        KeylineError
            If a line of the data cannot be read.
        """

    async def load(self, session: Session, advance: Advance) -> None:
        """Send the data through the API."""

    async def exercise(self, session: Session) -> Sequence[str]:
        """Use every access pattern, and check the answers against what was sent.

        Returns
        -------
        What a reader should see, a line each.

        Raises
        ------
        UnexpectedAnswerError
            If an answer is not what was sent.
        """
