"""The promise of chat to a request with a key, while its calls fail."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

from tests.support.fault_rates import assert_kept
from tests.support.faults import fault_proxy
from tests.support.systems import Answer
from tests.systems.chat.engine.test_api import NEW, POST, of_conversation
from tests.systems.chat.on_engine import Api, Chat

pytestmark = [pytest.mark.soak, pytest.mark.usefixtures("no_sleep", "no_wait")]


@dataclass
class Messages:
    """Messages of a conversation, each with its question."""

    chat: Chat
    api: Api
    system = "chat"

    def send(self, name: str) -> Answer:
        headers = {"content-type": "application/json", "idempotency-key": f'"{name}"'}
        return self.api(POST, of_conversation("c"), body={**NEW, "question": name}, headers=headers)

    def kept(self) -> Counter[str]:
        return Counter(item["question"]["S"] for item in self.chat.stored("ChatMessages"))


def test_no_message_is_lost_or_doubled(chat: Chat) -> None:
    with fault_proxy(chat.endpoint) as proxy:
        behind = Chat(proxy.url, chat.environment, chat.settings, chat.monkeypatch)
        assert_kept(Messages(chat, behind.app("write")), proxy)
