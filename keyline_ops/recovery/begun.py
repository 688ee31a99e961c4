"""The names of what AWS goes on with after a command has failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from keyline.errors import KeylineError


@contextmanager
def naming(begun: Mapping[str, str], kind: str, advice: str) -> Iterator[None]:
    """Let an error name what began before it. AWS completes and bills what began.

    Parameters
    ----------
    begun
        The ARN of each backup or export that began, by its table. The caller adds to it, and
        removes what has failed.
    kind
        What began: `backups`, `exports`.
    advice
        How the reader sees what became of them.

    Raises
    ------
    KeylineError
        The error of the block, with a longer suggestion if something began.
    """
    try:
        yield
    except KeylineError as error:
        if not begun:
            raise
        names = ", ".join(f"{table} ({arn})" for table, arn in begun.items())
        told = f"These {kind} began, and AWS bills them: {names}. {advice}"
        raise KeylineError(error.path, error.message, f"{error.suggestion} {told}") from error
