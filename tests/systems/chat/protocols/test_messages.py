"""Students and staff who send messages: each answer tells what is stored, once."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus

import msgspec
import pytest
from msgspec.structs import replace

from chat.patterns import CONVERSATION_MESSAGES, MESSAGE_CREATE
from chat.repository import PageRequest, Repository
from chat.tables import Message
from keyline.model import System
from keyline.run import Store, UniqueClock
from tests.support.protocols.clocks import Time
from tests.support.protocols.crash import Crash
from tests.support.protocols.driver import assert_found, drive
from tests.support.protocols.network import Network
from tests.support.protocols.plan import INTERRUPTED, Plan
from tests.systems.chat.on_engine import Api, Chat

pytestmark = [pytest.mark.usefixtures("no_sleep"), pytest.mark.soak]

SKEWS = {"a": 0.0, "b": 0.0, "c": 0.002}
"""Seconds that the clock of each process is ahead: two often give the same moments."""
STUDENTS = (1, 2)
SHARED, OF_STAFF = ("c0", "c1", "c2"), "staff"
TRIES = 4
LARGEST = 100
"""Messages of a conversation that one page shows: more than a run sends."""
IN_DOUBT = "urn:problem-type:outcome-unknown"


@dataclass
class Sent:
    """A request, and what was answered: the stored message, or whether it may be stored."""

    number: int
    conversation: str
    student: int | None
    answer: Message | None = None
    in_doubt: bool = True


class Writers:
    """Three processes of the function store messages of students and of staff.

    Parameters
    ----------
    together
        Whether two students may open one conversation at the same moment.
    """

    def __init__(self, plan: Plan, chat: Chat, *, together: bool = False) -> None:
        self.plan, self.chat, self.together = plan, chat, together
        self.time = Time()
        self.network = Network(chat.endpoint, plan)
        self.network.meanwhile = self._send_from_another
        self.close = self.network.close
        self.apis = {name: self._started(name) for name in SKEWS}
        self.conversations = {each: f"{each}-{uuid.uuid4()}" for each in (*SHARED, OF_STAFF)}
        self.sent: list[Sent] = []
        self.opening: set[str] = set()

    def step(self) -> None:
        """Let a message be sent; now and then time goes by."""
        if self.plan.draw.random() < 0.3:
            self.time.advance(0.001)
        self._send(self.plan.draw.choice(list(SKEWS)))

    def finish(self) -> None:
        """Check that each message that was answered is there once, and as it was answered."""
        self.network.heal()
        store = self.chat.store_behind(self.chat.client, UniqueClock())
        repository, request = Repository(store, self.chat.settings), PageRequest("x", LARGEST)
        held: list[Message] = []
        for each in self.conversations.values():
            page = repository.page(CONVERSATION_MESSAGES, None, request, conversationId=each)
            held += page.items
        times = Counter(int(each.question) for each in held)
        for sent in self.sent:
            count, most = times[sent.number], 1 if sent.answer or sent.in_doubt else 0
            assert count <= most, f"message {sent.number} is there {count} times"
            assert sent.answer is None or sent.answer in held, f"{sent.number} is not there"
        assert times.total() == len(held)
        for name in self.conversations:
            owners = {s.student for s in self.sent if s.conversation == name and s.answer}
            assert len(owners) <= 1, f"{name} has messages of {owners}"

    def headers(self, sent: Sent) -> dict[str, str]:
        """Return the headers of a request."""
        return {"content-type": "application/json"}

    def _started(self, name: str) -> Api:
        clock = UniqueClock(self.time.clock(SKEWS[name]).nanoseconds)
        store = self.chat.store_behind(self.network.client(name), clock)

        def for_function(_: type[Store], system: System) -> Store:
            return store

        self.chat.monkeypatch.setattr(Store, "for_function", classmethod(for_function))
        return self.chat.app("write")

    def _send_from_another(self, actor: str) -> None:
        self._send(self.plan.draw.choice([name for name in SKEWS if name != actor]))

    def _send(self, actor: str) -> None:
        student = self.plan.draw.choice((None, *STUDENTS))
        name = OF_STAFF if student is None else self.plan.draw.choice(SHARED)
        if name in self.opening and not self.together:
            return
        owners = {s.student for s in self.sent if s.conversation == name and s.answer}
        opens = not owners
        sent = Sent(len(self.sent), name, student)
        self.plan.note(actor, f"{student or 'staff'} sends {sent.number} to {name}")
        self.sent.append(sent)
        if opens:
            self.opening.add(name)
        try:
            self._post(actor, sent)
        finally:
            if opens:
                self.opening.discard(name)
        if sent.answer is not None:
            assert owners <= {student}, f"{student} has written to a conversation of {owners}"

    def _post(self, actor: str, sent: Sent) -> None:
        body = {
            "moduleId": 7,
            "provider": "openai",
            "modelUsed": "small",
            "question": str(sent.number),
            "response": "Because.",
            "tokenCount": 1,
            "responseTime": 1,
        }
        path = {"conversationId": self.conversations[sent.conversation]}
        try:
            answer = self.apis[actor](
                "POST /conversations/{conversationId}/messages",
                path,
                body=body,
                student=sent.student,
                headers=self.headers(sent),
            )
        except Crash:
            self.apis[actor] = self._started(actor)
            return
        self.plan.note(actor, f"  {answer.status}")
        sent.in_doubt = answer.status != HTTPStatus.CREATED and answer.body["type"] == IN_DOUBT
        if answer.status == HTTPStatus.CREATED:
            sent.answer = msgspec.convert(answer.body, Message)
        elif not sent.in_doubt:
            refused = (HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS)
            unavailable = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
            assert unavailable or answer.status in refused, answer


def test_each_answered_message_is_there_once(chat: Chat) -> None:
    drive(lambda plan: Writers(plan, chat), runs=3)


def test_the_driver_finds_a_message_that_replaces_another(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    replacing = replace(MESSAGE_CREATE, replace=True)
    monkeypatch.setattr("chat.repository.MESSAGE_CREATE", replacing)
    assert_found(lambda plan: Writers(plan, chat))


def test_a_conversation_that_two_students_open_at_once_is_one_student_s(chat: Chat) -> None:
    drive(lambda plan: Writers(plan, chat, together=True), runs=8, kinds=INTERRUPTED, steps=8)


class Repeating(Writers):
    """Clients who send a request again, with the same key, until it is answered."""

    def headers(self, sent: Sent) -> dict[str, str]:
        """Return the headers of a request, the same for each of its tries."""
        key = f'"{self.conversations[OF_STAFF]}-{sent.number}"'
        return {**super().headers(sent), "idempotency-key": key}

    def _post(self, actor: str, sent: Sent) -> None:
        for _ in range(TRIES):
            super()._post(actor, sent)
            if sent.answer is not None:
                return
            actor = self.plan.draw.choice(list(SKEWS))


def test_a_message_that_is_sent_again_with_its_key_is_stored_once(chat: Chat) -> None:
    drive(lambda plan: Repeating(plan, chat), runs=4)
