"""A message goes in through the API and comes back through every way there is to read it."""

from __future__ import annotations

from typing import Any

import pytest
from boto3.dynamodb.types import Binary

from tests.support.platform import Running
from tests.systems.chat.e2e.api import Api, fresh_id, fresh_name
from tests.systems.chat.e2e.recount import MESSAGES

pytestmark = pytest.mark.xdist_group("chat")

LONG = "Zwei Brüche addiert man über den Hauptnenner, Schritt für Schritt. 🧮 " * 100


@pytest.mark.requirement("T-04", "T-05", "T-06", "T-08", "T-09", "T-25", "T-35", "X-07")
def test_a_message_is_read_back_through_every_index_and_key(api: Api, running: Running) -> None:
    # Given a message with a response long enough to be stored compressed
    # among others of its conversation, module, student and provider
    conversation, module, student = fresh_name(), fresh_id(), fresh_id()
    posted: dict[str, Any] = {
        "moduleId": module,
        "studentId": student,
        "provider": "anthropic",
        "modelUsed": "claude-3-5-haiku",
        "question": "Was ist ½ + ⅓?",
        "response": LONG,
        "tokenCount": 1234,
        "responseTime": 2750,
        "hasFile": True,
        "fileName": "brüche.pdf",
    }

    # When it is posted
    api.post(conversation, **posted)
    answer = api.send(conversation, **posted)
    api.post(conversation, **posted)

    # Then every reading of its moment shows it alone, typed as it was sent
    assert answer.status_code == 201
    stored = answer.json()
    assert {name: stored[name] for name in posted} == posted
    key = {"conversationId": conversation, "timestamp": stored["timestamp"]}
    then = {"from": stored["timestamp"], "to": stored["timestamp"]}
    readings = {
        "conversation": api.get(f"/conversations/{conversation}/messages", **then)["messages"],
        "key": [api.get(f"/conversations/{conversation}/messages/{stored['timestamp']}")],
        "location": [api.get(answer.headers["location"])],
        "batch": api.call("POST", "/messages/batch-get", json={"keys": [key]}).json()["messages"],
        "module": api.get(f"/modules/{module}/messages", **then)["messages"],
        "student": api.get(f"/students/{student}/messages", **then)["messages"],
        "recent": api.get(f"/students/{student}/recent")["messages"][1:-1],
        "provider": api.all("/providers/anthropic/messages", **then),
    }
    assert readings == {way: [stored] for way in readings}

    # And the response is bytes in the table, an expiry 365 days after the message beside it
    (item,) = [i for i in running.items(MESSAGES) if i["messageId"] == stored["messageId"]]
    assert isinstance(item["response"], Binary)
    assert len(item["response"].value) < len(LONG.encode()) / 10
    assert item["ttl"] == int(stored["timestamp"] / 1000) + 365 * 86_400


@pytest.mark.requirement("T-05", "T-48")
def test_a_message_of_nobody_is_in_no_students_index(api: Api, running: Running) -> None:
    # Given a message without a student
    conversation, module = fresh_name(), fresh_id()

    # When it is posted
    stored = api.post(conversation, moduleId=module)

    # Then the module has it, and the item has no student at all
    assert api.get(f"/modules/{module}/messages")["messages"] == [stored]
    (item,) = [i for i in running.items(MESSAGES) if i["conversationId"] == conversation]
    assert "studentId" not in item


@pytest.mark.requirement("T-22", "T-26", "T-50")
def test_pages_are_full_whole_and_newest_first(api: Api) -> None:
    # Given 23 messages of one student in one module
    conversation, module, student = fresh_name(), fresh_id(), fresh_id()
    sent = [api.post(conversation, moduleId=module, studentId=student) for _ in range(23)]
    newest_first = sent[::-1]

    # When they are paged through by 10
    for path in (f"/modules/{module}", f"/students/{student}", f"/conversations/{conversation}"):
        pages = api.pages(f"{path}/messages", limit=10)

        # Then the pages are full up to the last, and together all there is
        assert [len(page) for page in pages] == [10, 10, 3]
        assert [message for page in pages for message in page] == newest_first

    # And the latest ten are a question of their own
    assert api.get(f"/students/{student}/recent")["messages"] == newest_first[:10]


@pytest.mark.requirement("T-42", "T-49")
def test_a_provider_is_read_by_range_only(api: Api) -> None:
    # Given a message of a provider
    stored = api.post(fresh_name(), provider="openai")

    # When the provider's messages are asked for without a range
    refused = api.call("GET", "/providers/openai/messages")

    # Then it is refused, and with a range it is there
    assert refused.status_code == 400
    assert refused.json()["path"] == "query.from"
    since = stored["timestamp"]
    assert api.get("/providers/openai/messages", **{"from": since})["messages"][-1] == stored
