"""Expressions and rules that nest too deeply."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from keyline.errors import KeylineError


@contextmanager
def nesting_refused(path: str) -> Iterator[None]:
    """Refuse what nests more deeply than Python can follow.

    Parameters
    ----------
    path
        Where it is.

    Raises
    ------
    KeylineError
        In the place of a RecursionError.
    """
    try:
        yield
    except RecursionError:
        raise KeylineError(
            path, "nests too deeply to be evaluated.", "Write a shorter expression or rule."
        ) from None
