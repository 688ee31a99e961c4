"""The one error a user of the local platform meets: where, what, and what to do."""

from __future__ import annotations

from keyline.problem import KeylineError


class LocalPlatformError(KeylineError):
    """The local platform cannot go on.

    The path is a file, a place in a template such as `ChatData/Resources/Messages`, a port.
    """
