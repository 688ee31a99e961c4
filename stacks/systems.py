"""The systems of this project, in one place."""

from __future__ import annotations

from chat.system import SYSTEM as CHAT
from keyline.model import System

SYSTEMS: tuple[System, ...] = (CHAT,)
