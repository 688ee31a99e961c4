"""The one error a user of the local platform meets: where, what, and what to do."""

from __future__ import annotations

from keyline.errors import KeylineError


class LocalPlatformError(KeylineError):
    """The local platform cannot go on.

    The path is a file, a place in a template such as `ChatData/Resources/Messages`, a port.
    Message and suggestion may be given as clauses; they are shown as sentences.
    """

    def __init__(self, path: str, message: str, suggestion: str = "") -> None:
        super().__init__(path, _ended(message), _ended(suggestion[:1].upper() + suggestion[1:]))


def _ended(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
