"""The one error a user of the local platform meets: where, what, and what to do."""

from __future__ import annotations


class LocalPlatformError(Exception):
    """The local platform cannot go on.

    Attributes
    ----------
    path
        Where: a file, a template path such as `ChatData/Resources/Messages`, a port.
    message
        What is wrong there.
    suggestion
        What the reader can do about it.
    """

    def __init__(self, path: str, message: str, suggestion: str) -> None:
        super().__init__(f"{path}: {message}\n  suggestion: {suggestion}")
        self.path = path
        self.message = message
        self.suggestion = suggestion
