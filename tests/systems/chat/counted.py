"""The daily totals, against a recount of the messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TypeVar

from chat.patterns import MODULE_DAYS, MODULE_STUDENT_DAYS, PROVIDER_DAYS
from chat.repository import PageRequest
from chat.tables import Message, ModuleDay, ProviderDay, StudentDay
from chat.totals import Totals, fold, last_hours
from keyline.days import Days
from tests.systems.chat.on_engine import Chat
from tests.systems.chat.unit.examples import START

T = TypeVar("T", ModuleDay, ProviderDay, StudentDay)

DAYS = Days(date(2026, 1, 1), date(2026, 1, 31))
"""The days that totals are read of."""
MODULES, STUDENTS, PROVIDERS = (1, 2, 3), (1, 2, 3, 4, 5), ("openai", "anthropic")
"""What messages to count may be of."""


def stored_totals(chat: Chat) -> Totals:
    """Return what the roll-ups hold, in the form of a recount."""
    found = Totals()
    for module in MODULES:
        for at in chat.repository.totals(MODULE_DAYS, DAYS, moduleId=module):
            found.modules[at.moduleId, at.day, at.provider, at.modelUsed] = _plain(at)
        for who in chat.repository.totals(MODULE_STUDENT_DAYS, DAYS, moduleId=module):
            found.students[who.moduleId, who.day, who.studentId] = _plain(who)
    for provider in PROVIDERS:
        for of in chat.repository.totals(PROVIDER_DAYS, DAYS, provider=provider):
            found.providers[of.provider, of.day, of.modelUsed] = _plain(of)
    return found


def stored_hours(chat: Chat) -> dict[int, float]:
    """Return the hour of each student's last activity, as it is stored."""
    page = chat.repository.inactive(START * 2, PageRequest(caller="staff", limit=1000))
    return {silent.studentId: silent.lastAt for silent in page.items}


def assert_counted_once(chat: Chat, messages: Sequence[Message]) -> None:
    """Assert that all that is stored equals a recount of the messages."""
    totals, hours = stored_totals(chat), stored_hours(chat)
    assert totals == fold(messages), f"{totals} are not the totals of the messages"
    assert hours == last_hours(messages), f"{hours} are not the last hours of the messages"


def _plain(total: T) -> T:
    total.ttl = None
    return total
