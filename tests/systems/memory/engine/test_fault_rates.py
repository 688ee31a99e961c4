"""The promise of memory to a request with a key, while its calls fail."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

from memory.tables import HISTORY
from tests.support.fault_rates import assert_kept
from tests.support.faults import fault_proxy
from tests.support.systems import Answer
from tests.systems.memory.engine.test_api import SAVE
from tests.systems.memory.on_engine import Api, Memory, turns

pytestmark = [pytest.mark.soak, pytest.mark.usefixtures("no_sleep", "no_wait")]


@dataclass
class Saved:
    """Interactions of one turn, each with its content."""

    memory: Memory
    api: Api
    system = "memory"

    def send(self, name: str) -> Answer:
        headers = {"content-type": "application/json", "idempotency-key": f'"{name}"'}
        return self.api(SAVE, body=turns(name), headers=headers)

    def kept(self) -> Counter[str]:
        rows = self.memory.stored(HISTORY.name)
        return Counter(row["content"]["S"] for row in rows if "content" in row)


def test_no_interaction_is_lost_or_doubled(memory: Memory) -> None:
    with fault_proxy(memory.endpoint) as proxy:
        behind = Memory(proxy.url, memory.environment, memory.settings, memory.monkeypatch)
        assert_kept(Saved(memory, behind.app("write")), proxy)
