"""What the patterns of the history cost is what the sizes of their items imply."""

from __future__ import annotations

import pytest

from keyline.idempotency import IdempotencyKey
from memory.history import PageRequest
from memory.turns import NewTurn, TurnId
from tests.systems.memory.on_engine import Memory

KEY = IdempotencyKey.of("ada", "POST /interactions", "1", b"{}")
PAGE = PageRequest(limit=50)
TEXT = "".join(chr(33 + n * 7 % 90) for n in range(500))


def save(memory: Memory, count: int) -> list[TurnId]:
    """An interaction of turns of 500 characters."""
    new = [
        NewTurn(role="user" if n % 2 == 0 else "assistant", content=TEXT, vector=[0.6, 0.8])
        for n in range(count)
    ]
    stored, _ = memory.interactions.save("ada", "s", new, KEY)
    return [TurnId.of(turn) for turn in stored]


@pytest.mark.requirement("I-32")
def test_a_turn_is_a_transaction_and_a_unit_in_each_index(memory: Memory) -> None:
    """Writes are dearer than in one table without an index, and not cheaper as specified."""
    save(memory, 1)
    reserved, saved = memory.meter.calls
    assert (reserved.pattern, reserved.write) == ("request-reserve", 1)
    assert saved.by_index == {"UserTimeIndex": 1, "SessionIndex": 1, "SimilarityIndex": 1}
    # a turn of two KB at most, and a small embedding, twice each
    assert saved.write == 2 * 2 + 2 * 1 + 3


@pytest.mark.requirement("I-14", "I-24", "I-67")
def test_reads_of_the_indexes_cost_their_small_items_and_all_reads_their_floor(
    memory: Memory,
) -> None:
    ids = save(memory, 10)
    written = len(memory.meter.calls)
    memory.history.get_recent_context_optimized("ada", limit=10)
    memory.history.latest_of_session("ada", "s", 10)
    memory.history.of_day("ada", str(ids[0].key("ada")["date"]), PAGE)
    memory.history.turn("ada", ids[0])
    calls = memory.meter.calls[written:]
    assert all(call.read == call.floor for call in calls)
    units = {call.pattern: call.read for call in calls}
    assert units["user-turns"] <= 1
    assert units["session-turns"] <= 1
    assert units["day-turns"] >= 1.5 * units["user-turns"]


def test_forgetting_deletes_each_turn_once(memory: Memory) -> None:
    ids = save(memory, 10)
    written = len(memory.meter.calls)
    memory.history.delete("ada", ids)
    (call,) = memory.meter.calls[written:]
    assert call.pattern == "turn-batch"
    assert call.by_index == {"UserTimeIndex": 10, "SessionIndex": 10}
