"""Store messages.

If the token belongs to a student, the message is stored for that student. `studentId` in the
body may then be left out, and must otherwise match. A student can only write to a conversation
that is new or their own; the first student who writes to a new one owns it. Staff and services
may name a student in the body. If they name no student, the message is anonymous.
"""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

import msgspec

from chat.context import CONTEXT
from chat.handlers.viewer import Viewer
from chat.inputs import ConversationId, Id, Name, Provider, Text
from chat.prices import Prices
from chat.repository import Repository
from chat.system import SYSTEM
from chat.tables import Message
from keyline.http import App, Caller, HttpError, Response, missing, replayed
from keyline.idempotency import IdempotencyKey
from keyline.moments import DAY_SECONDS, iso, us_of_ms
from keyline.run import Store

MAX_BODY = 256 * 1024
"""Bytes: a long answer with its question, far below DynamoDB's 400 KB."""
_LAST = "\U0010ffff"
"""The one character that a text in a key must not hold."""
EXAMPLE = {
    "moduleId": 12,
    "provider": "openai",
    "modelUsed": "gpt-4o",
    "question": "Why is a negative times a negative positive?",
    "response": "Think of debts: to take three debts of two away is to gain six.",
    "tokenCount": 42,
    "responseTime": 830,
}


class NewMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message to store.

    Attributes
    ----------
    studentId
        Leave it out for a student who is not signed in, and with a student's own token.
    responseTime
        Milliseconds that the provider took.
    """

    moduleId: Id
    provider: Provider
    modelUsed: Name
    question: Text
    response: Text
    tokenCount: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
    responseTime: Annotated[int, msgspec.Meta(ge=0, le=DAY_SECONDS * 1000)]
    hasFile: bool = False
    fileName: Name | None = None
    studentId: Id | None = None


app = App(SYSTEM)
_repository = Repository(Store.for_function(SYSTEM), CONTEXT.settings)
_prices = Prices.of(CONTEXT.settings)


@app.post(
    "/conversations/{conversationId}/messages",
    status=HTTPStatus.CREATED,
    max_body=MAX_BODY,
    example=EXAMPLE,
)
def create(
    conversationId: ConversationId, body: NewMessage, caller: Caller, key: IdempotencyKey | None
) -> Response[Message]:
    """Store a message. The header `Location` has its address."""
    viewer = Viewer.of(caller, CONTEXT.settings)
    if body.provider not in _prices.current:
        raise _refused_provider(body.provider)
    if _LAST in body.modelUsed:
        raise _unusable_model()
    student = _student(viewer, body)
    if viewer.student is not None and not _repository.may_write(conversationId, viewer.student):
        raise missing("path.conversationId", "conversation")
    message_id = key.id if key else uuid.uuid4().hex

    def message_at(timestamp: float) -> Message:
        return _message(conversationId, timestamp, message_id, body, student)

    if key is None:
        stored, earlier = _repository.create(message_at), False
    else:
        stored, earlier = _repository.create_once(message_at, key)
    return Response(stored, headers={"Location": _address(stored), **replayed(earlier)})


def _student(viewer: Viewer, body: NewMessage) -> int | None:
    if viewer.student is None:
        return body.studentId
    if body.studentId not in (None, viewer.student):
        raise HttpError(
            HTTPStatus.FORBIDDEN,
            "body.studentId",
            "is not the student of the token.",
            "Leave studentId out: the message is stored for the student of the token.",
        )
    return viewer.student


def _message(
    conversation: str, timestamp: float, message_id: str, body: NewMessage, student: int | None
) -> Message:
    return Message(
        conversationId=conversation,
        timestamp=timestamp,
        messageId=message_id,
        moduleId=body.moduleId,
        provider=body.provider,
        modelUsed=body.modelUsed,
        question=body.question,
        response=body.response,
        tokenCount=body.tokenCount,
        responseTime=body.responseTime,
        hasFile=body.hasFile,
        createdAt=iso(us_of_ms(timestamp)),
        studentId=student,
        fileName=body.fileName,
    )


def _address(message: Message) -> str:
    conversation = quote(message.conversationId, safe="")
    return f"/conversations/{conversation}/messages/{message.timestamp:.3f}"


def _unusable_model() -> HttpError:
    return HttpError(
        HTTPStatus.BAD_REQUEST,
        "body.modelUsed",
        "holds the character U+10FFFF, which a name in a key must not hold.",
        "Send the name without this character.",
    )


def _refused_provider(provider: str) -> HttpError:
    why = (
        "is retired and takes no new messages."
        if provider in _prices.retired
        else "has no price, so its cost cannot be computed."
    )
    return HttpError(
        HTTPStatus.BAD_REQUEST,
        "body.provider",
        f"the provider {provider!r} {why}",
        f"Use one of: {', '.join(_prices.current)}.",
    )


handler = app.handler
