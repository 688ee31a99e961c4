"""The chat system answers as its OpenAPI document says, whatever is asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.support.contract import Contract
from tests.support.fuzz import Fuzzer, kept_document
from tests.support.platform import Running
from tests.systems.chat.e2e.api import Api, fresh_id, fresh_name

pytestmark = pytest.mark.xdist_group("chat")

DOCUMENT = kept_document("chat")


@pytest.fixture(scope="module")
def fuzzer(api: Api, running: Running) -> Iterator[Fuzzer]:
    conversation, module, student = fresh_name(), fresh_id(), fresh_id()
    stored = api.post(conversation, moduleId=module, studentId=student)
    today = datetime.now(UTC).date().isoformat()
    known = {
        "conversationId": conversation,
        "timestamp": stored["timestamp"],
        "moduleId": module,
        "studentId": student,
        "provider": "openai",
        "from": today,
        "since": today,
    }
    with Fuzzer(DOCUMENT, running.url, api.token(), known) as fuzzer:
        yield fuzzer


class TestOpenapi(Contract):
    system = "chat"
    never_served = frozenset(
        {"POST /conversations/{conversationId}/messages", "POST /messages/batch-get"}
    )
