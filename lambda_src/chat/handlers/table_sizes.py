"""Keeps a daily snapshot of the chat system's table sizes, and tells how fast they grow."""

from __future__ import annotations

from chat.patterns import GROWTH
from chat.system import SYSTEM
from keyline.growth.measure import handler_of

handler = handler_of(SYSTEM, GROWTH)
