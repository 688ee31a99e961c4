"""Declare every access pattern of the conversations, with assumed rates.

We assume what the embeddings assume: 1,000 users. Each user writes 700 turns a month in 350
interactions of two turns, and asks for a context before each interaction.
"""

from __future__ import annotations

from keyline.growth import Growth
from keyline.idempotency import Requests
from keyline.model import BatchWrite, Get, Put, Query, TransactWrite
from memory.embeddings.patterns import EMBEDDING_CREATE
from memory.tables import HISTORY, REQUESTS_TABLE, SIZES, SessionTurn, Turn, UserTurn

TURN_BYTES = 1_500
"""A text of 500 characters, two summaries of 200, and the names, keys and digests."""
USER_TURN_BYTES = 400
SESSION_TURN_BYTES = 500
INTERACTIONS = 350_000

TURN_CREATE = Put(
    name="turn-create",
    why="Store a turn; never overwrite one.",
    table=HISTORY,
    shape=Turn,
    item_bytes=TURN_BYTES,
)
INTERACTION_SAVE = TransactWrite(
    name="interaction-save",
    why="Store the turns of an interaction with their embeddings, all or nothing.",
    table=HISTORY,
    shape=Turn,
    parts=(TURN_CREATE, EMBEDDING_CREATE),
    items=4,
    item_bytes=TURN_BYTES,
    per_month=INTERACTIONS,
)
TURN_GET = Get(
    name="turn-get",
    why="Show one turn with its whole text.",
    table=HISTORY,
    shape=Turn,
    item_bytes=TURN_BYTES,
    per_month=50_000,
)
DAY_TURNS = Query(
    name="day-turns",
    why="Show the turns of a user on a UTC day with their whole texts, newest first.",
    table=HISTORY,
    shape=Turn,
    descending=True,
    page=50,
    items=25,
    item_bytes=TURN_BYTES,
    per_month=20_000,
)
USER_TURNS = Query(
    name="user-turns",
    why="Show a user's latest turns across days: for a context, for pages, and to forget them.",
    table=HISTORY,
    shape=UserTurn,
    index="UserTimeIndex",
    descending=True,
    page=50,
    items=20,
    item_bytes=USER_TURN_BYTES,
    per_month=INTERACTIONS + 20_000,
)
SESSION_TURNS = Query(
    name="session-turns",
    why="Show a session's latest turns: for a context, for pages, and to forget them.",
    table=HISTORY,
    shape=SessionTurn,
    index="SessionIndex",
    descending=True,
    page=50,
    items=10,
    item_bytes=SESSION_TURN_BYTES,
    per_month=INTERACTIONS + 20_000,
)
TURN_BATCH = BatchWrite(
    name="turn-batch",
    why="Delete the turns that a user wants forgotten, and store those of an older history.",
    table=HISTORY,
    shape=Turn,
    item_bytes=TURN_BYTES,
    per_month=10_000,
)

GROWTH = Growth(SIZES)
REQUESTS = Requests(REQUESTS_TABLE)
