"""Add messages up by module, provider and student, for each UTC day. No I/O."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from chat.days import hour_of
from chat.latency import measure
from chat.tables import Fact, Message, ModuleDay, ProviderDay, StudentDay
from keyline.days import day_of

Countable = Message | Fact
ModuleKey = tuple[int, str, str, str]
ProviderKey = tuple[str, str, str]
StudentKey = tuple[int, str, int]
TotalKey = ModuleKey | ProviderKey | StudentKey


class Totals(msgspec.Struct):
    """The sums of some messages, by module, provider and student.

    Attributes
    ----------
    modules
        By module, day, provider and model.
    providers
        By provider, day and model.
    students
        By module, day and student.
    """

    modules: dict[ModuleKey, ModuleDay] = msgspec.field(default_factory=dict)
    providers: dict[ProviderKey, ProviderDay] = msgspec.field(default_factory=dict)
    students: dict[StudentKey, StudentDay] = msgspec.field(default_factory=dict)


def fold(messages: Iterable[Countable]) -> Totals:
    """Return the totals of messages. The sum of the totals of two parts is the total of both."""
    totals = Totals()
    for message in messages:
        _add(totals, message)
    return totals


def last_hours(messages: Iterable[Countable]) -> dict[int, float]:
    """Return the hour (epoch ms) of each student's latest message."""
    hours: dict[int, float] = {}
    for message in messages:
        if message.studentId is not None:
            hour = hour_of(message.timestamp)
            hours[message.studentId] = max(hour, hours.get(message.studentId, hour))
    return hours


def keys_of(message: Countable) -> set[TotalKey]:
    """Return the keys of the totals that a message is added to."""
    day = day_of(message.timestamp)
    keys: set[TotalKey] = {
        (message.moduleId, day, message.provider, message.modelUsed),
        (message.provider, day, message.modelUsed),
    }
    if message.studentId is not None:
        keys.add((message.moduleId, day, message.studentId))
    return keys


def _add(totals: Totals, message: Countable) -> None:
    day = day_of(message.timestamp)
    module, provider, model = message.moduleId, message.provider, message.modelUsed
    of_module = totals.modules.setdefault(
        (module, day, provider, model),
        ModuleDay(moduleId=module, day=day, provider=provider, modelUsed=model),
    )
    of_provider = totals.providers.setdefault(
        (provider, day, model), ProviderDay(provider=provider, day=day, modelUsed=model)
    )
    for total in (of_module, of_provider):
        total.messages += 1
        total.tokens += message.tokenCount
        measure(total, message.responseTime)
    if message.studentId is not None:
        _add_student(totals, message, message.studentId, day)


def _add_student(totals: Totals, message: Countable, student: int, day: str) -> None:
    total = totals.students.setdefault(
        (message.moduleId, day, student),
        StudentDay(moduleId=message.moduleId, studentId=student, day=day),
    )
    total.messages += 1
    total.tokens += message.tokenCount
    total.responseTime += message.responseTime
