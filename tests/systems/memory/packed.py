"""Turns of an older history, with packed codes."""

from __future__ import annotations

import time
import uuid
from typing import Any

from keyline.run import Store
from memory.embeddings.packing import Packer
from memory.embeddings.patterns import CODES_ALL, GROUPS_WRITE
from memory.embeddings.provider import OfflineEmbeddings
from memory.embeddings.tables import Group
from memory.patterns import TURN_BATCH
from memory.turns import NewTurn, TurnId, embeddings_of, turns_at
from tests.systems.memory.on_engine import Memory

OLD = 1_056
"""Turns whose codes are grouped: more than 16 blocks of 64."""
SESSION = 48
DIMENSION = 1_024
_HOUR_MS = 3_600_000.0


def old_turns(memory: Memory, count: int, *, begin: int = 0, packed: bool = True) -> list[TurnId]:
    """Store turns of the user ada in sessions of 48, as a migration does, some hours old."""
    provider = OfflineEmbeddings(DIMENSION)
    started = time.time() * 1000 - 3 * _HOUR_MS + begin * 1000
    stored = []
    for n in range(0, count, SESSION):
        new = [
            NewTurn(role="user", content=f"line {begin + n + k}")
            for k in range(min(SESSION, count - n))
        ]
        name = session_of(begin + n)
        stored += turns_at(started + n * 1000, "ada", name, new, name)
    vectors = [provider.embed(turn.content) for turn in stored]
    memory.store.batch_write(TURN_BATCH, puts=stored)
    days = memory.settings.history_days
    memory.embeddings.store_all("ada", embeddings_of(stored, vectors, days))
    if packed:
        Packer(memory.store).pack("ada")
    return [TurnId.of(turn) for turn in stored]


def session_of(turn: int) -> str:
    """Return the session that begins with a turn. It is as long as those of clients: a UUID."""
    return str(uuid.UUID(int=turn))


def lose_a_group(memory: Memory) -> None:
    """Delete a block of codes, as a crash between two writes might."""
    store: Store = memory.store
    group = next(part for part in store.items(CODES_ALL, user_id="ada") if isinstance(part, Group))
    key = {"user_id": "ada", "generation": group.generation, "number": group.number}
    store.batch_write(GROUPS_WRITE, deletes=[key])


def stream_of(memory: Memory) -> dict[str, Any]:
    """Return one record of each chunk of the stored embeddings, as a stream delivers them."""
    images = memory.stored("ial-conversation-embeddings")[:10]
    records = [
        {
            "eventID": str(n),
            "eventName": "INSERT",
            "dynamodb": {
                "Keys": {name: image[name] for name in ("user_chunk", "embedding_id")},
                "NewImage": image,
                "SequenceNumber": str(n + 1),
            },
        }
        for n, image in enumerate(images)
    ]
    return {"Records": records}
