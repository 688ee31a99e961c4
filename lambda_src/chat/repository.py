"""Read and write messages and daily totals: a thin layer over the access patterns.

The caller names the pattern. The repository adds what all patterns of one kind share: pages
of messages, all facts of a period, all daily totals of a period.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import msgspec

from chat.days import ALWAYS, Range
from chat.patterns import (
    CONVERSATION_CLAIM,
    CONVERSATION_OPENING,
    CONVERSATION_OWNER,
    MESSAGE_CREATE,
    MESSAGE_GET,
    MESSAGES_GET,
    REQUESTS,
    STUDENT_RECENT,
    STUDENTS_INACTIVE,
)
from chat.settings import Settings
from chat.tables import ROSTER, ConversationOwner, Fact, LastActivity, Message
from keyline.days import Days, Period
from keyline.errors import KeylineError
from keyline.idempotency import IdempotencyKey, put_once, reserve
from keyline.model import Query
from keyline.run import Page, Store

ItemT = TypeVar("ItemT", bound=msgspec.Struct)


class TooMuchError(KeylineError):
    """A period that holds more items than one request may read."""


class PageRequest(msgspec.Struct, frozen=True):
    """The page of a list to read.

    Attributes
    ----------
    caller
        The user that the cursor is bound to. Another user cannot use the cursor.
    limit
        The most items of the page; None for the pattern's own page size.
    cursor
        Where the page before ended; None for the first page.
    """

    caller: str
    limit: int | None = None
    cursor: str | None = None


class Repository(msgspec.Struct, frozen=True):
    """The chat system's tables.

    Parameters
    ----------
    settings
        How many items one request may read: `max_messages` and `max_rollups`.
    """

    store: Store
    settings: Settings

    def create(self, message_at: Callable[[float], Message]) -> Message:
        """Store a message at a timestamp that no other message of its conversation has.

        Parameters
        ----------
        message_at
            Builds the message for a timestamp (epoch ms). The store calls it again with a later
            timestamp while the conversation already has a message of that timestamp.

        Raises
        ------
        AlreadyExistsError
            If every timestamp that the store tried was taken.
        ItemTooLargeError
            If the message is larger than DynamoDB's 400 KB.
        """
        return self.store.put_unique(MESSAGE_CREATE, message_at)

    def create_once(
        self, message_at: Callable[[float], Message], key: IdempotencyKey
    ) -> tuple[Message, bool]:
        """Store a message once for all tries of a request.

        Parameters
        ----------
        message_at
            Builds the message for a timestamp (epoch ms), with the key's id as its `messageId`.

        Returns
        -------
        tuple[Message, bool]
            The message, and whether an earlier request had the key.

        Raises
        ------
        KeyReusedError
            If the key came with another request before.
        AlreadyExistsError, ItemTooLargeError
            As `create`.
        OutcomeUnknownError
            If no answer came. The request may be sent again with its key.
        """
        reserved = reserve(self.store, REQUESTS.reserve, key)

        def is_own(message: Message) -> bool:
            return message.messageId == key.id

        stored = put_once(self.store, MESSAGE_CREATE, message_at, reserved, is_own)
        return stored, reserved.earlier

    def may_write(self, conversation: str, student: int) -> bool:
        """Return whether a conversation is the student's own. A new conversation becomes it.

        The student of its first message owns a conversation. So does the student who has opened
        it: staff may have written a message with an earlier timestamp at the same moment. A new
        conversation gets its owner by a conditional write, so two students who open it at once do
        not both own it.
        """
        first = self.first_message(conversation)
        if first is None:
            return self._claim(conversation, student)
        return first.studentId == student or self._owner(conversation) == student

    def first_message(self, conversation: str) -> Message | None:
        """Return the first message of a conversation; None if the conversation has none yet."""
        page = self.store.query(CONVERSATION_OPENING, limit=1, conversationId=conversation)
        return page.items[0] if page.items else None

    def message(self, conversation: str, timestamp: float) -> Message | None:
        """Return one message; None if there is no such message."""
        return self.store.get(MESSAGE_GET, conversationId=conversation, timestamp=timestamp)

    def messages(self, keys: Sequence[tuple[str, float]]) -> list[Message]:
        """Return the messages that exist of these conversations and timestamps, in this order."""
        named = [{"conversationId": name, "timestamp": at} for name, at in keys]
        return self.store.batch_get(MESSAGES_GET, keys=named)

    def recent(self, student: int, request: PageRequest) -> Page[Message]:
        """Return a page of a student's messages, newest first."""
        return self.store.query(
            STUDENT_RECENT,
            limit=request.limit,
            cursor=request.cursor,
            caller=request.caller,
            studentId=student,
        )

    def page(
        self, pattern: Query[Message], span: Period | None, request: PageRequest, **partition: Any
    ) -> Page[Message]:
        """Return a page of messages in the pattern's order.

        Parameters
        ----------
        span
            The moments between which the messages lie; None for all messages.
        partition
            The value of the pattern's partition key, such as `moduleId=7`.
        """
        span = span or ALWAYS
        return self.store.query(
            pattern,
            limit=request.limit,
            cursor=request.cursor,
            caller=request.caller,
            timestamp=(span.start, span.end),
            **partition,
        )

    def facts(
        self, pattern: Query[Fact], period: Range, suggestion: str, **partition: Any
    ) -> list[Fact]:
        """Return what is counted of all messages of a period.

        Parameters
        ----------
        suggestion
            What to ask for instead, where the period holds too many messages.
        partition
            The value of the pattern's partition key, such as `moduleId=7`.

        Raises
        ------
        TooMuchError
            If the period holds more than `max_messages`.
        """
        span = period.period if isinstance(period, Days) else period
        found = self.store.items(pattern, timestamp=(span.start, span.end), **partition)
        return _all(found, self.settings.max_messages, "messages", suggestion)

    def totals(self, pattern: Query[ItemT], days: Days, **partition: Any) -> list[ItemT]:
        """Return all daily totals of some days.

        Parameters
        ----------
        partition
            The value of the pattern's partition key, such as `moduleId=7`.

        Raises
        ------
        TooMuchError
            If the days hold more than `max_rollups`.
        """
        found = self.store.items(pattern, day=days.bounds, **partition)
        return _all(found, self.settings.max_rollups, "totals", "Ask for fewer days.")

    def inactive(self, since: float, request: PageRequest) -> Page[LastActivity]:
        """Return a page of the students who have been silent since a moment (epoch ms).

        The student who has been silent for the longest time comes first.
        """
        return self.store.query(
            STUDENTS_INACTIVE,
            limit=request.limit,
            cursor=request.cursor,
            caller=request.caller,
            roster=ROSTER,
            lastAt=since,
        )

    def _claim(self, conversation: str, student: int) -> bool:
        """Make a student the owner of a conversation; return whether the student is it then."""
        claimed = ConversationOwner(conversationId=conversation, studentId=student)
        owner, _ = self.store.put_or_get(CONVERSATION_CLAIM, claimed)
        return owner.studentId == student

    def _owner(self, conversation: str) -> int | None:
        found = self.store.get(CONVERSATION_OWNER, conversationId=conversation)
        return found.studentId if found else None


def _all(items: Iterator[ItemT], limit: int, what: str, suggestion: str) -> list[ItemT]:
    """Return all items, up to a limit.

    Raises
    ------
    TooMuchError
        If there are more items. A total of some of them would look like a total of all.
    """
    found = list(islice(items, limit + 1))
    if len(found) > limit:
        raise TooMuchError(
            what,
            f"the range holds more than the {limit} {what} that one request reads.",
            suggestion,
        )
    return found
