"""Keeps a daily snapshot of the companion system's table sizes, and tells how fast they grow."""

from __future__ import annotations

from companion.patterns import GROWTH
from companion.system import SYSTEM
from keyline.growth.measure import handler_of

handler = handler_of(SYSTEM, GROWTH)
