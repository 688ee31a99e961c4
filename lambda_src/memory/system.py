"""Declare the memory system: its tables, its functions and what each function may do.

The token's `sub` decides whose memory a request reads and writes. No route names a user.
"""

from __future__ import annotations

from keyline.model import CACHE_METRICS, Function, Metric, Route, StreamSource, System
from memory.embeddings.patterns import (
    CODES_ALL,
    CODES_FIRST,
    CODES_LAST,
    DIRECTORY_CHANGE,
    DIRECTORY_CREATE,
    DIRECTORY_DELETE,
    EMBEDDING_BATCH,
    EMBEDDING_KEYS,
    EMBEDDINGS_ALIKE,
    EMBEDDINGS_NEAR,
    EMBEDDINGS_NEWER,
    EMBEDDINGS_TO_PACK,
    GROUP_CHANGE,
    GROUPS_MISSING,
    GROUPS_NEAR,
    GROUPS_WRITE,
    RECENT_CHANGE,
    RECENT_CREATE,
    RECENT_DELETE,
)
from memory.embeddings.tables import CODES, EMBEDDINGS
from memory.metrics import CONTEXT_MEMORY, CONTEXT_TIME, EMBEDDING_FAILED, SEARCH_TIME
from memory.patterns import (
    DAY_TURNS,
    GROWTH,
    INTERACTION_SAVE,
    REQUESTS,
    SESSION_TURNS,
    TURN_BATCH,
    TURN_GET,
    USER_TURNS,
)
from memory.settings import Settings
from memory.tables import HISTORY, REQUESTS_TABLE, SIZES

WRITE_SCOPE = "memory:write"
READ_SCOPE = "memory:read"

_SEARCH = (
    CODES_FIRST,
    EMBEDDINGS_NEWER,
    EMBEDDINGS_NEAR,
    EMBEDDINGS_ALIKE,
    GROUPS_NEAR,
    GROUPS_MISSING,
)
"""What a search of embeddings reads."""
_FORGET = (
    EMBEDDING_BATCH,
    EMBEDDING_KEYS,
    CODES_ALL,
    RECENT_CHANGE,
    RECENT_DELETE,
    GROUP_CHANGE,
    GROUPS_WRITE,
    DIRECTORY_CHANGE,
    DIRECTORY_DELETE,
)
"""What forgetting embeddings reads and writes."""
_PACK = (
    CODES_LAST,
    CODES_ALL,
    EMBEDDINGS_TO_PACK,
    RECENT_CREATE,
    RECENT_CHANGE,
    RECENT_DELETE,
    GROUP_CHANGE,
    GROUPS_WRITE,
    DIRECTORY_CREATE,
    DIRECTORY_CHANGE,
)
"""What packing codes reads and writes."""

WRITE = Function(
    name="write",
    handler="memory.handlers.write.handler",
    why="Stores the turns of interactions with their embeddings.",
    patterns=(INTERACTION_SAVE, REQUESTS.reserve),
    routes=(Route("POST", "/interactions", WRITE_SCOPE),),
    timeout=29,
    services=("bedrock-runtime",),
    caches=True,
)
RECALL = Function(
    name="recall",
    handler="memory.handlers.recall.handler",
    why="Builds contexts, and searches what was said for what is similar to a text.",
    patterns=(SESSION_TURNS, USER_TURNS, *_SEARCH),
    routes=(
        Route("POST", "/contexts", READ_SCOPE),
        Route("POST", "/searches", READ_SCOPE),
        Route("POST", "/near-duplicates", READ_SCOPE),
    ),
    memory=1024,
    timeout=29,
    requirements="vectors",
    services=("bedrock-runtime",),
    caches=True,
)
READ = Function(
    name="read",
    handler="memory.handlers.read.handler",
    why="Shows the history of a user, a day and a session.",
    patterns=(USER_TURNS, DAY_TURNS, SESSION_TURNS, TURN_GET),
    routes=(
        Route("GET", "/history", READ_SCOPE),
        Route("GET", "/days/{date}", READ_SCOPE),
        Route("GET", "/turns/{turnId}", READ_SCOPE),
        Route("GET", "/sessions/{sessionId}", READ_SCOPE),
    ),
)
FORGET = Function(
    name="forget",
    handler="memory.handlers.forget.handler",
    why="Deletes what a user wants forgotten.",
    patterns=(SESSION_TURNS, USER_TURNS, TURN_BATCH, *_FORGET),
    routes=(
        Route("DELETE", "/sessions/{sessionId}", WRITE_SCOPE),
        Route("DELETE", "/history", WRITE_SCOPE),
    ),
    timeout=29,
    caches=True,
)
PACK_STREAM = Function(
    name="pack-stream",
    handler="memory.handlers.pack_stream.handler",
    why="Packs the codes of new embeddings, so that a search reads few items.",
    patterns=_PACK,
    source=StreamSource(table=EMBEDDINGS, events=("INSERT",), batch=500, window=10),
    memory=1024,
    timeout=120,
    requirements="vectors",
)
CACHE_STREAM = Function(
    name="cache-stream",
    handler="memory.handlers.cache_stream.handler",
    why="Makes kept contexts invalid after a change by any writer, also after redis was down.",
    source=StreamSource(table=HISTORY, batch=500, window=1),
    timeout=30,
    caches=True,
)
TABLE_SIZES = GROWTH.function("memory", HISTORY, EMBEDDINGS, CODES)

SYSTEM = System(
    name="memory",
    title="IAL: an assistant's memory of conversations",
    tables=(HISTORY, EMBEDDINGS, CODES, REQUESTS_TABLE, SIZES),
    functions=(WRITE, RECALL, READ, FORGET, PACK_STREAM, CACHE_STREAM, TABLE_SIZES),
    metrics=(
        *map(Metric, (CONTEXT_TIME, SEARCH_TIME, CONTEXT_MEMORY, EMBEDDING_FAILED)),
        *CACHE_METRICS,
    ),
    settings=Settings,
)
