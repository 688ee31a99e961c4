"""Everything that the platform refuses of an assembly, told at once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from keyline_local.host.errors import LocalPlatformError


class RefusedError(LocalPlatformError):
    """An assembly cannot be run here, for several reasons. The error tells the first of them.

    Attributes
    ----------
    refusals
        All of them.
    """

    def __init__(self, refusals: Sequence[LocalPlatformError]) -> None:
        first, more = refusals[0], len(refusals) - 1
        super().__init__(
            first.path,
            f"{first.message.removesuffix('.')}. {more} more of this assembly cannot run here",
            f"{first.suggestion} `keyline up --assembly FOLDER --check` lists all.".strip(),
        )
        self.refusals = tuple(refusals)


class DependentError(LocalPlatformError):
    """Something names what was refused. The error says nothing new where the refusal is told."""


class Refusals:
    """Collects what is refused, so that one start tells everything.

    Attributes
    ----------
    names
        The names and ARNs of the resources that were refused.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._found: dict[tuple[str, str], LocalPlatformError] = {}

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Collect what is refused within the block, and leave the block."""
        try:
            yield
        except LocalPlatformError as error:
            self.add(error)

    def add(self, error: LocalPlatformError) -> None:
        """Collect a refusal; each is told once."""
        several = error.refusals if isinstance(error, RefusedError) else (error,)
        for each in several:
            self._found.setdefault((each.path, each.message), each)

    def raise_all(self) -> None:
        """Raise what was collected.

        Raises
        ------
        LocalPlatformError
            If anything was refused. A RefusedError if several things were.
        """
        found = [each for each in self._found.values() if not isinstance(each, DependentError)]
        found = found or [*self._found.values()]
        if len(found) > 1:
            raise RefusedError(found)
        if found:
            raise found[0]
