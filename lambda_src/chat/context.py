"""Where a function of the chat system runs: its environment and its settings, typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from chat.settings import Settings
from chat.system import SYSTEM
from keyline.run import from_environment


@dataclass(frozen=True)
class ChatContext:
    """Where a function runs.

    Attributes
    ----------
    environment
        `dev`, `staging`, `prod` or `local`.
    """

    environment: str
    settings: Settings


def _read() -> ChatContext:
    context = from_environment(SYSTEM)
    return ChatContext(context.environment, cast("Settings", context.settings))


CONTEXT = _read()
