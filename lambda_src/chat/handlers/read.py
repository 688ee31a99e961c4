"""Show messages by conversation, module, student and provider.

A student sees only their own messages. Another student's message answers 404, as if it did not
exist. Only staff see the pages of modules and providers.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from chat.context import CONTEXT
from chat.handlers.providers import require_known, require_possible
from chat.handlers.ranges import Bound, RangeQuery, span_of
from chat.handlers.viewer import Viewer
from chat.inputs import ConversationId, Cursor, Id, Provider, StoredConversationId, Timestamp
from chat.patterns import (
    CONVERSATION_MESSAGES,
    MODULE_MESSAGES,
    PROVIDER_MESSAGES,
    STUDENT_MESSAGES,
)
from chat.prices import Prices
from chat.repository import PageRequest, Repository
from chat.system import SYSTEM
from chat.tables import Message
from keyline.days import Period
from keyline.http import App, Caller, missing
from keyline.payload import fitting
from keyline.run import Page, Store

MAX_KEYS = 100
RECENT = 10
EXAMPLE = {"keys": [{"conversationId": "algebra-1", "timestamp": 1767225600000.001}]}


class PageQuery(RangeQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A range of time, and which page of its messages."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] | None = None
    cursor: Cursor | None = None

    def page(self, viewer: Viewer) -> PageRequest:
        """Return which page the request names; only the same viewer can use its cursor."""
        return PageRequest(caller=viewer.subject, limit=self.limit, cursor=self.cursor)


class ProviderQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A range of time with a start, and which page of its messages."""

    start: Bound = msgspec.field(name="from")

    def span(self) -> Period:
        """Return the range as moments; it has no end if the request names none."""
        return span_of(self.start, self.end)


class RecentQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The number of messages to show, and the cursor of the page before."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = RECENT
    cursor: Cursor | None = None


class MessageKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The key of a message."""

    conversationId: StoredConversationId
    timestamp: Timestamp


class MessageKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of up to 100 messages."""

    keys: Annotated[list[MessageKey], msgspec.Meta(min_length=1, max_length=MAX_KEYS)]


class Messages(msgspec.Struct, frozen=True):
    """Messages, and the cursor of the next page; null after the last page.

    A page of long messages ends before it has as many as `limit`: an answer has 6 MB at most.
    """

    messages: list[Message]
    cursor: Cursor | None = None


class MessageBatch(msgspec.Struct, frozen=True):
    """The messages of some keys.

    Attributes
    ----------
    unprocessedKeys
        The keys of messages that exist and did not fit: an answer has 6 MB at most. Ask for them
        again. The list is empty if the answer is complete.
    """

    messages: list[Message]
    unprocessedKeys: list[MessageKey]


app = App(SYSTEM)
_repository = Repository(Store.for_function(SYSTEM), CONTEXT.settings)
_prices = Prices.of(CONTEXT.settings)


@app.get("/conversations/{conversationId}/messages")
def conversation(conversationId: ConversationId, query: PageQuery, caller: Caller) -> Messages:
    """Show a conversation, newest message first. 404 if the caller may see none of its messages.

    A page leaves out the messages of other students. The student who opened the conversation may
    therefore get a page without messages, and the cursor of the next page.
    """
    viewer = Viewer.of(caller, CONTEXT.settings)
    page = _repository.page(
        CONVERSATION_MESSAGES, query.span(), query.page(viewer), conversationId=conversationId
    )
    own = [message for message in page.items if viewer.sees(message.studentId)]
    if not own and query.cursor is None and not _owns(viewer, conversationId):
        raise missing("path.conversationId", "conversation")
    return Messages(own, page.cursor)


@app.get("/conversations/{conversationId}/messages/{timestamp}")
def message(conversationId: ConversationId, timestamp: Timestamp, caller: Caller) -> Message:
    """Show one message."""
    viewer = Viewer.of(caller, CONTEXT.settings)
    found = _repository.message(conversationId, timestamp)
    if found is None or not viewer.sees(found.studentId):
        raise missing("path.timestamp", "message")
    return found


@app.post("/messages/batch-get", example=EXAMPLE)
def batch(body: MessageKeys, caller: Caller) -> MessageBatch:
    """Show messages by their keys, in the order of the keys. Missing messages are left out.

    `unprocessedKeys` names the messages that did not fit into the answer. `unprocessedKeys` is not
    empty only if the messages are long: those of 100 keys fit if each takes less than 60 KB.
    """
    viewer = Viewer.of(caller, CONTEXT.settings)
    found = _repository.messages([(key.conversationId, key.timestamp) for key in body.keys])
    # What the viewer does not see takes no room: an answer does not tell that it exists.
    shown, left = fitting(message for message in found if viewer.sees(message.studentId))
    return MessageBatch(shown, [MessageKey(m.conversationId, m.timestamp) for m in left])


@app.get("/modules/{moduleId}/messages")
def module(moduleId: Id, query: PageQuery, caller: Caller) -> Messages:
    """Show a module's messages, newest first."""
    viewer = Viewer.of(caller, CONTEXT.settings)
    viewer.require_staff("path.moduleId")
    page = _repository.page(MODULE_MESSAGES, query.span(), query.page(viewer), moduleId=moduleId)
    return _messages(page)


@app.get("/students/{studentId}/messages")
def student(studentId: Id, query: PageQuery, caller: Caller) -> Messages:
    """Show a student's messages, newest first."""
    viewer = Viewer.of(caller, CONTEXT.settings)
    viewer.require_student(studentId)
    page = _repository.page(STUDENT_MESSAGES, query.span(), query.page(viewer), studentId=studentId)
    return _messages(page)


@app.get("/students/{studentId}/recent")
def recent(studentId: Id, query: RecentQuery, caller: Caller) -> Messages:
    """Show a student's latest messages, newest first."""
    viewer = Viewer.of(caller, CONTEXT.settings)
    viewer.require_student(studentId)
    request = PageRequest(caller=viewer.subject, limit=query.limit, cursor=query.cursor)
    return _messages(_repository.recent(studentId, request))


@app.get("/providers/{provider}/messages")
def provider(provider: Provider, query: ProviderQuery, caller: Caller) -> Messages:
    """Show a provider's messages of a range, newest first. 400 without a range."""
    viewer = Viewer.of(caller, CONTEXT.settings)
    viewer.require_staff("path.provider")
    require_possible(provider)
    page = _repository.page(PROVIDER_MESSAGES, query.span(), query.page(viewer), provider=provider)
    require_known(provider, _prices, found=bool(page.items) or query.cursor is not None)
    return _messages(page)


def _owns(viewer: Viewer, conversation: str) -> bool:
    """Return whether the viewer sees the message that opened a conversation."""
    first = _repository.first_message(conversation)
    return first is not None and viewer.sees(first.studentId)


def _messages(page: Page[Message]) -> Messages:
    return Messages(page.items, page.cursor)


handler = app.handler
