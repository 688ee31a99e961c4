"""Test that what the patterns of the history cost is what the sizes of their items imply."""

from __future__ import annotations

import time
from random import Random

import pytest

from keyline.idempotency import IdempotencyKey
from memory.context_cache import ContextCache
from memory.embeddings.packing import BLOCK_ROWS, MARGIN_SECONDS, Packer
from memory.embeddings.provider import OfflineEmbeddings
from memory.embeddings.search import FIRST, EmbeddingSearch
from memory.engine import OptimizedContextEngine
from memory.history import PageRequest
from memory.measures import Measures
from memory.turns import MAX_TURNS, NewTurn, TurnId
from tests.systems.memory.on_engine import Memory

KEY = IdempotencyKey.of("ada", "POST /interactions", "1", b"{}")
PAGE = PageRequest(limit=50)
TEXT = "".join(chr(33 + n * 7 % 90) for n in range(500))


def save(memory: Memory, count: int) -> list[TurnId]:
    """Return an interaction of turns of 500 characters."""
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


@pytest.mark.requirement("I-24")
def test_a_context_reads_no_vector_of_a_turn_that_it_shows_already(memory: Memory) -> None:
    random = Random(1)
    vectors = [[random.gauss(0, 1) for _ in range(64)] for _ in range(4 * BLOCK_ROWS)]
    new = [NewTurn(role="user", content="t", vector=vector) for vector in vectors]
    for number in range(0, len(new), MAX_TURNS):
        memory.interactions.save("ada", f"s{number}", new[number : number + MAX_TURNS])
    Packer(memory.store, clock=lambda: time.time() + 2 * MARGIN_SECONDS).pack("ada")
    settings = memory.settings
    engine = OptimizedContextEngine(
        memory=memory.history,
        search=EmbeddingSearch(memory.store),
        provider=OfflineEmbeddings(64),
        cache=ContextCache(None, lambda _: None),
        settings=settings,
        measures=Measures(None),
    )
    memory.meter.flush()
    context = engine.build_context_for_query_optimized("", "ada", "s0", vectors[-1])
    units = {call.pattern: call.read for call in memory.meter.calls}
    engine.close()
    assert len(context.related) == settings.related_turns
    assert units["embeddings-near"] == FIRST / 2
    assert {turn.id for turn in context.related}.isdisjoint(
        turn.id for turn in (*context.session, *context.recent)
    )


def test_forgetting_deletes_each_turn_once(memory: Memory) -> None:
    ids = save(memory, 10)
    written = len(memory.meter.calls)
    memory.history.delete("ada", ids)
    (call,) = memory.meter.calls[written:]
    assert call.pattern == "turn-batch"
    assert call.by_index == {"UserTimeIndex": 10, "SessionIndex": 10}
