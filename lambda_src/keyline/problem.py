"""Errors that a reader can act on: where, what, and what to do about it."""

from __future__ import annotations


class KeylineError(Exception):
    """An error with a path, a message and a suggestion.

    Parameters
    ----------
    path
        Where it is: `ChatMessages.indexes.ByModule`, `body.tokenCount`.
    message
        What is wrong there.
    suggestion
        What would put it right.
    """

    def __init__(self, path: str, message: str, suggestion: str = "") -> None:
        self.path = path
        self.message = message
        self.suggestion = suggestion
        super().__init__(f"{path}: {message}" + (f" {suggestion}" if suggestion else ""))


class DeclarationError(KeylineError):
    """A table, index, pattern or system that cannot work as it is declared."""
