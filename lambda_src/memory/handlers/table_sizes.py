"""Keeps a daily snapshot of the memory system's table sizes, and tells how fast they grow."""

from __future__ import annotations

from keyline.growth.measure import handler_of
from memory.patterns import GROWTH
from memory.system import SYSTEM

handler = handler_of(SYSTEM, GROWTH)
