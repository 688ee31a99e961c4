"""The API of chat under more requests than it can answer at once."""

from __future__ import annotations

from collections import Counter

import httpx
import pytest

from tests.support.platform import Running
from tests.support.saturation import assert_saturated
from tests.systems.chat.e2e.api import Api, fresh_id, fresh_name
from tests.systems.chat.e2e.recount import MESSAGES

pytestmark = [pytest.mark.soak, pytest.mark.xdist_group("chat")]


def test_messages_are_stored_once_at_saturation(api: Api, running: Running) -> None:
    conversation, module = fresh_name(), fresh_id()

    def send(client: int, name: str) -> httpx.Response:
        return api.send(f"{conversation}-{client}", moduleId=module, question=name)

    assert_saturated(
        running, send, lambda: Counter(item["question"] for item in running.items(MESSAGES))
    )
