"""Where a function of the interactions system runs: its environment, settings and secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from interactions.settings import Settings
from interactions.system import SYSTEM
from keyline.problem import KeylineError
from keyline.run import from_environment


@dataclass(frozen=True)
class InteractionsContext:
    """Where a function runs.

    Attributes
    ----------
    environment
        `dev`, `staging`, `prod` or `local`.
    secret
        What clients' names are derived from; None in a function that serves no HTTP.
    """

    environment: str
    settings: Settings
    secret: bytes | None

    @property
    def client_secret(self) -> bytes:
        """The secret of a function that serves HTTP.

        Raises
        ------
        KeylineError
            If the function was given none.
        """
        if self.secret is None:
            raise KeylineError(
                "KEYLINE_CURSOR_SECRET", "is not set.", "Deploy the function with handler_function."
            )
        return self.secret


def _read() -> InteractionsContext:
    context = from_environment(SYSTEM)
    return InteractionsContext(
        context.environment, cast("Settings", context.settings), context.cursor_secret
    )


CONTEXT = _read()
