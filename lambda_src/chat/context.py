"""The place where a function of the chat system runs, and its settings there."""

from __future__ import annotations

from chat.settings import Settings
from chat.system import SYSTEM
from keyline.run import from_environment

CONTEXT = from_environment(SYSTEM, Settings)
