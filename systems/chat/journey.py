"""The chat system's demonstration: tutoring conversations in, every page and report out."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from chat.settings import Settings
from chat.system import SYSTEM, TABLE_SIZES
from chat.tables import Message
from keyline.moments import DAY_SECONDS
from keyline_deploy.names import function_name
from keyline_ops.demo.journey import Advance
from keyline_ops.demo.session import NotThereError, Session, UnexpectedAnswerError
from keyline_ops.demo.work import WORKERS, side_by_side
from systems.chat.samples import conversations as sample
from systems.chat.samples import mathdial

DATA_FILE = "mathdial-dev.jsonl"
_DAY = DAY_SECONDS * 1000.0
_SETTINGS = Settings()
_STAFF = {mark.claim: [mark.member] for mark in _SETTINGS.staff[:1]}
"""The claims of staff, who sends and reads what is not a student's own."""
_NOT_SENT = ("conversationId", "timestamp", "messageId", "createdAt")


class ChatJourney:
    """Sends conversations as a tutoring service would, and reads them as staff and students do."""

    system = SYSTEM
    data_files = (DATA_FILE,)

    def __init__(self) -> None:
        self._conversations: dict[str, list[Message]] = defaultdict(list)
        self.loaded_before = False
        self._started = time.time() * 1000

    def prepare(self, data: Path | None) -> tuple[str, int]:
        """Read MathDial from the folder, or make the sample's conversations.

        Raises
        ------
        KeylineError
            If a line cannot be read.
        """
        read = mathdial.read(data / DATA_FILE, self._started) if data else None
        for message in read or sample.messages(self._started):
            self._conversations[message.conversationId].append(message)
        size = sum(map(len, self._conversations.values()))
        name = DATA_FILE if data else "sample conversations"
        return f"{size:,} messages of {len(self._conversations)} {name}", size

    async def load(self, session: Session, advance: Advance) -> None:
        """Send each conversation in order, several side by side.

        What an earlier run sent is not sent again, be it all or what it came to.
        """
        begun = [await self._stored(session, name) for name in [*self._conversations][:WORKERS]]
        self.loaded_before = any(begun)

        async def write(messages: list[Message]) -> None:
            name = messages[0].conversationId
            stored = await self._stored(session, name) if self.loaded_before else 0
            for number, message in enumerate(messages):
                if number >= stored:
                    await self._post(session, message)
                advance()

        await side_by_side(self._conversations.values(), write)

    async def exercise(self, session: Session) -> Sequence[str]:
        """Show, page, report; compare with what was sent where the data is new."""
        now = time.time() * 1000
        lines = ["The data of an earlier run is there; --fresh starts with an empty state."]
        if not self.loaded_before:
            lines = [await self._check_conversations(session), await self._check_totals(session)]
        await self._show_messages(session, now)
        await self._write_as_student(session)
        await self._analyse(session, now)
        await session.run_schedule(function_name(SYSTEM.name, TABLE_SIZES.name, "local"))
        return lines

    @property
    def _messages(self) -> list[Message]:
        return [message for messages in self._conversations.values() for message in messages]

    async def _stored(self, session: Session, conversation: str) -> int:
        """Return how many messages of a conversation there are."""
        try:
            return len(await self._pages(session, f"/conversations/{conversation}/messages"))
        except NotThereError:
            return 0

    async def _post(
        self,
        session: Session,
        message: Message,
        claims: Mapping[str, Any] = _STAFF,
        **token: Any,
    ) -> Any:
        body = {
            name: getattr(message, name)
            for name in message.__struct_fields__
            if name not in _NOT_SENT and getattr(message, name) is not None
        }
        path = f"/conversations/{message.conversationId}/messages"
        return await _call(session, "POST", path, claims=claims, json=body, **token)

    async def _get(self, session: Session, path: str, **params: Any) -> Any:
        return await _call(session, "GET", path, params=params)

    async def _pages(self, session: Session, path: str, **params: Any) -> list[Any]:
        return await session.all_pages(
            path, "messages", params=params, scopes=SYSTEM.scopes, claims=_STAFF
        )

    async def _check_conversations(self, session: Session) -> str:
        """Check that one conversation of each length comes back whole, in order, word for word."""
        by_length = {len(messages): messages for messages in self._conversations.values()}
        for messages in by_length.values():
            name = messages[0].conversationId
            stored = await self._pages(session, f"/conversations/{name}/messages", limit=5)
            got = [(m["question"], m["response"]) for m in reversed(stored)]
            if got != [(m.question, m.response) for m in messages]:
                raise UnexpectedAnswerError(name, "came back in another form than it was sent.")
        return f"{len(by_length)} conversations read back in pages of 5: word for word, in order."

    async def _check_totals(self, session: Session) -> str:
        """Check that the roll-ups of every module equal a recount of what was sent to it."""
        sent = Counter(message.moduleId for message in self._messages)
        students: dict[int, set[int]] = defaultdict(set)
        for message in self._messages:
            if message.studentId is not None:
                students[message.moduleId].add(message.studentId)
        first = time.strftime("%Y-%m-%d", time.gmtime(self._started / 1000))
        for module, count in sent.items():
            answer = await self._get(session, f"/modules/{module}/analytics", **{"from": first})
            messages, by = answer["messages"], answer["uniqueStudents"]
            as_sent = session.counts(messages, count) and session.counts(by, len(students[module]))
            if not as_sent:
                raise UnexpectedAnswerError(
                    f"/modules/{module}/analytics",
                    f"counts {messages} messages of {by} students; "
                    f"{count} of {len(students[module])} were sent.",
                )
        return f"Daily totals of {len(sent)} modules equal a recount of {len(self._messages):,}."

    async def _show_messages(self, session: Session, now: float) -> None:
        known = next(m for m in self._messages if m.studentId is not None)
        period = {"from": now - _DAY, "to": now}
        conversation = f"/conversations/{known.conversationId}/messages"
        page = (await self._get(session, conversation))["messages"]
        await self._get(session, f"{conversation}/{page[0]['timestamp']}")
        keys = [{"conversationId": m["conversationId"], "timestamp": m["timestamp"]} for m in page]
        await _call(session, "POST", "/messages/batch-get", json={"keys": keys})
        await self._pages(session, f"/modules/{known.moduleId}/messages", **period)
        await self._pages(session, f"/students/{known.studentId}/messages", **period)
        await self._get(session, f"/students/{known.studentId}/recent", limit=10)
        await self._pages(session, f"/providers/{known.provider}/messages", limit=500, **period)

    async def _write_as_student(self, session: Session) -> None:
        """Write twice, once with a key that is sent again; nobody else may write there."""
        known = next(m for m in self._messages if m.studentId is not None)
        claims = {_SETTINGS.student_claim: known.studentId}
        name = f"own-{known.studentId}-{int(self._started)}"
        message = Message(**{**_fields(known), "conversationId": name})
        own: dict[str, Any] = {"subject": f"student-{name}", "claims": claims}
        await self._post(session, message, **own)
        sent = [await self._post(session, message, key=name, **own) for _ in range(2)]
        if sent[0] != sent[1]:
            raise UnexpectedAnswerError(
                name, "gives another answer to a message that is sent again."
            )
        await self._post(
            session,
            Message(**{**_fields(message), "studentId": None}),
            subject=f"other-{name}",
            claims={_SETTINGS.student_claim: (known.studentId or 0) + 1},
            refused=HTTPStatus.NOT_FOUND,
        )

    async def _analyse(self, session: Session, now: float) -> None:
        known = next(m for m in self._messages if m.studentId is not None)
        first = time.strftime("%Y-%m-%d", time.gmtime((now - 30 * _DAY) / 1000))
        days, moments = {"from": first}, {"from": now - _DAY, "to": now}
        for path in (
            f"/modules/{known.moduleId}",
            f"/providers/{known.provider}",
            f"/students/{known.studentId}",
        ):
            for period in (days, moments, moments):
                await self._get(session, f"{path}/analytics", **period)
            for division in ("day", "week", "month"):
                await self._get(session, f"{path}/reports", by=division, **days)
        await self._get(session, f"/providers/{known.provider}/today")
        await self._get(session, "/inactive-students", since=now)


async def _call(
    session: Session, method: str, path: str, claims: Mapping[str, Any] = _STAFF, **request: Any
) -> Any:
    return await session.call(method, path, scopes=SYSTEM.scopes, claims=claims, **request)


def _fields(message: Message) -> dict[str, Any]:
    return {name: getattr(message, name) for name in message.__struct_fields__}


JOURNEY = ChatJourney
