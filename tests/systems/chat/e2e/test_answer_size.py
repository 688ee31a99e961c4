"""Long messages through the whole platform: every page of them arrives."""

from __future__ import annotations

import pytest

from tests.systems.chat.e2e.api import Api, fresh_id, fresh_name

pytestmark = pytest.mark.xdist_group("chat")


def test_pages_of_long_messages_arrive_whole(api: Api) -> None:
    # Given more messages of one module than an answer takes
    name, module = fresh_name(), fresh_id()
    sent = [
        api.post(name, moduleId=module, question='"', response="x" * 200_000) for _ in range(35)
    ]
    # When its default page is asked for, and all that follow
    pages = api.pages(f"/modules/{module}/messages")
    # Then they are the messages, newest first
    assert [message for page in pages for message in page] == sent[::-1]
    assert [len(page) for page in pages] == [30, 5]
    # And a batch of all names those that it leaves out
    keys = [{name: m[name] for name in ("conversationId", "timestamp")} for m in sent]
    batch = api.call("POST", "/messages/batch-get", json={"keys": keys}).json()
    assert batch == {"messages": sent[:30], "unprocessedKeys": keys[30:]}
