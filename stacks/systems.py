"""The systems of this project, in one place."""

from __future__ import annotations

from chat.system import SYSTEM as CHAT
from interactions.system import SYSTEM as INTERACTIONS
from keyline.model import System
from reports.system import SYSTEM as REPORTS

SYSTEMS: tuple[System, ...] = (CHAT, REPORTS, INTERACTIONS)
