"""Keeps a daily snapshot of the interactions table's size, and tells how fast it grows."""

from __future__ import annotations

from interactions.patterns import GROWTH
from interactions.system import SYSTEM
from keyline.growth.measure import handler_of

handler = handler_of(SYSTEM, GROWTH)
