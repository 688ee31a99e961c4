"""Many writers at once in one conversation: nothing is lost, nothing out of order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from tests.support.platform import Running
from tests.systems.chat.e2e.api import Api, fresh_id, fresh_name
from tests.systems.chat.e2e.recount import assert_totals_match

pytestmark = pytest.mark.xdist_group("chat")

WRITERS, MESSAGES = 32, 1_000


@pytest.mark.requirement("T-02")
def test_a_burst_into_one_conversation_keeps_every_message_in_order(
    api: Api, running: Running
) -> None:
    # Given 32 writers
    conversation, module = fresh_name(), fresh_id()

    def write(writer: int) -> list[str]:
        """Return one after another; what the system called each of them."""
        return [
            api.post(conversation, moduleId=module, question=f"{writer}/{n}")["messageId"]
            for n in range(writer, MESSAGES, WRITERS)
        ]

    # When they write 1,000 messages into one conversation
    with ThreadPoolExecutor(WRITERS) as pool:
        written = list(pool.map(write, range(WRITERS)))

    # Then all 1,000 are there, each at a time of its own
    stored = api.all(f"/conversations/{conversation}/messages", limit=500)[::-1]
    assert len(stored) == MESSAGES
    assert all(a["timestamp"] < b["timestamp"] for a, b in pairwise(stored))

    # And each writer's are in the order in which they were written
    order = [message["messageId"] for message in stored]
    for writer, identifiers in enumerate(written):
        own = set(identifiers)
        assert [each for each in order if each in own] == identifiers
        texts = [m["question"] for m in stored if m["question"].startswith(f"{writer}/")]
        assert texts == [f"{writer}/{n}" for n in range(writer, MESSAGES, WRITERS)]

    # And the module's index and the daily totals have them all
    assert len(api.all(f"/modules/{module}/messages", limit=500)) == MESSAGES
    assert_totals_match(running)
