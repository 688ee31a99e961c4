"""Messages and totals by name of what is asked: a thin layer over the access patterns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import msgspec

from chat.days import ALWAYS, Range
from chat.patterns import (
    CONVERSATION_MESSAGES,
    CONVERSATION_OPENING,
    MESSAGE_CREATE,
    MESSAGE_GET,
    MESSAGES_GET,
    MODULE_DAYS,
    MODULE_FACTS,
    MODULE_MESSAGES,
    MODULE_STUDENT_DAYS,
    PROVIDER_DAYS,
    PROVIDER_FACTS,
    PROVIDER_MESSAGES,
    STUDENT_DAYS,
    STUDENT_FACTS,
    STUDENT_MESSAGES,
    STUDENT_RECENT,
    STUDENTS_INACTIVE,
)
from chat.settings import Settings
from chat.tables import ROSTER, Fact, LastActivity, Message, ModuleDay, ProviderDay, StudentDay
from keyline.days import Days, Period
from keyline.model import Query
from keyline.problem import KeylineError
from keyline.run import Page, Store

ItemT = TypeVar("ItemT", bound=msgspec.Struct)

_WHOLE_DAYS = (
    "Ask for whole days (from=2026-01-01&to=2026-01-31), which daily totals answer, "
    "or for a shorter range."
)
_REPORTS = "Ask for a shorter range, or for the student's reports, which daily totals answer."


class TooMuch(KeylineError):
    """A range that holds more than one request reads."""


@dataclass(frozen=True)
class Cut:
    """Which part of a list of messages: how many, after which cursor, for whom.

    Attributes
    ----------
    limit
        Items; None for the pattern's own page.
    caller
        Whom the cursor is bound to.
    """

    caller: str
    limit: int | None = None
    cursor: str | None = None


@dataclass(frozen=True)
class Repository:
    """The chat system's tables.

    Parameters
    ----------
    settings
        What bounds how much one request reads.
    """

    store: Store
    settings: Settings

    def create(self, make: Callable[[float], Message]) -> Message:
        """Store a message at a moment that no other of its conversation has.

        Parameters
        ----------
        make
            A timestamp in epoch ms → the message.

        Raises
        ------
        AlreadyExists
            If no moment near was free.
        ItemTooLarge
            If DynamoDB cannot hold it.
        """
        return self.store.put_unique(MESSAGE_CREATE, make)

    def opening(self, conversation: str) -> Message | None:
        """The first message of a conversation; None if there is none yet."""
        page = self.store.query(CONVERSATION_OPENING, limit=1, conversationId=conversation)
        return page.items[0] if page.items else None

    def message(self, conversation: str, timestamp: float) -> Message | None:
        """One message."""
        return self.store.get(MESSAGE_GET, conversationId=conversation, timestamp=timestamp)

    def messages(self, keys: Sequence[tuple[str, float]]) -> list[Message]:
        """Messages by conversation and timestamp, in this order; what is missing is left out."""
        named = [{"conversationId": name, "timestamp": at} for name, at in keys]
        return self.store.batch_get(MESSAGES_GET, keys=named)

    def conversation(self, conversation: str, span: Period | None, cut: Cut) -> Page[Message]:
        """A conversation, newest message first."""
        return self._page(CONVERSATION_MESSAGES, span, cut, conversationId=conversation)

    def module(self, module: int, span: Period | None, cut: Cut) -> Page[Message]:
        """A module's messages, newest first."""
        return self._page(MODULE_MESSAGES, span, cut, moduleId=module)

    def student(self, student: int, span: Period | None, cut: Cut) -> Page[Message]:
        """A student's messages, newest first."""
        return self._page(STUDENT_MESSAGES, span, cut, studentId=student)

    def recent(self, student: int, limit: int) -> list[Message]:
        """A student's latest messages, newest first."""
        return self.store.query(STUDENT_RECENT, limit=limit, studentId=student).items

    def provider(self, provider: str, span: Period, cut: Cut) -> Page[Message]:
        """A provider's messages of a range, newest first.

        They are read by range only: a provider has a great part of all messages.
        """
        return self._page(PROVIDER_MESSAGES, span, cut, provider=provider)

    def module_facts(self, module: int, asked: Range) -> list[Fact]:
        """What is counted of a module's messages: all of the range, or `TooMuch`."""
        return self._facts(MODULE_FACTS, asked, _WHOLE_DAYS, moduleId=module)

    def student_facts(self, student: int, asked: Range) -> list[Fact]:
        """What is counted of a student's messages: all of the range, or `TooMuch`."""
        return self._facts(STUDENT_FACTS, asked, _REPORTS, studentId=student)

    def provider_facts(self, provider: str, asked: Range) -> list[Fact]:
        """What is counted of a provider's messages: all of the range, or `TooMuch`."""
        return self._facts(PROVIDER_FACTS, asked, _WHOLE_DAYS, provider=provider)

    def module_days(self, module: int, days: Days) -> list[ModuleDay]:
        """A module's totals by day, provider and model."""
        return self._totals(MODULE_DAYS, moduleId=module, day=days.bounds)

    def module_students(self, module: int, days: Days) -> list[StudentDay]:
        """Who was active in a module on which day."""
        return self._totals(MODULE_STUDENT_DAYS, moduleId=module, day=days.bounds)

    def provider_days(self, provider: str, days: Days) -> list[ProviderDay]:
        """A provider's totals by day and model."""
        return self._totals(PROVIDER_DAYS, provider=provider, day=days.bounds)

    def student_days(self, student: int, days: Days) -> list[StudentDay]:
        """A student's totals by day and module."""
        return self._totals(STUDENT_DAYS, studentId=student, day=days.bounds)

    def inactive(self, since: float, cut: Cut) -> Page[LastActivity]:
        """Students whose last message is older than a moment (epoch ms), longest silent first."""
        return self.store.query(
            STUDENTS_INACTIVE,
            limit=cut.limit,
            cursor=cut.cursor,
            caller=cut.caller,
            roster=ROSTER,
            lastAt=since,
        )

    def _page(
        self, pattern: Query[Message], span: Period | None, cut: Cut, **partition: Any
    ) -> Page[Message]:
        span = span or ALWAYS
        return self.store.query(
            pattern,
            limit=cut.limit,
            cursor=cut.cursor,
            caller=cut.caller,
            timestamp=(span.start, span.end),
            **partition,
        )

    def _facts(
        self, pattern: Query[Fact], asked: Range, instead: str, **partition: Any
    ) -> list[Fact]:
        span = asked.period if isinstance(asked, Days) else asked
        found = self.store.items(pattern, timestamp=(span.start, span.end), **partition)
        return _all(found, self.settings.max_messages, "messages", instead)

    def _totals(self, pattern: Query[ItemT], **values: Any) -> list[ItemT]:
        limit = self.settings.max_rollups
        return _all(self.store.items(pattern, **values), limit, "totals", "Ask for fewer days.")


def _all(items: Iterator[ItemT], limit: int, what: str, suggestion: str) -> list[ItemT]:
    """Everything of a range.

    Raises
    ------
    TooMuch
        If it is more than the limit: a total of a part would look like a total of all.
    """
    found = list(islice(items, limit + 1))
    if len(found) > limit:
        raise TooMuch(
            what,
            f"the range holds more than the {limit} {what} that one request reads.",
            suggestion,
        )
    return found
