"""Settings of the memory system that an environment may give; each has a default."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from keyline.settings import CacheUrl, Days
from keyline.vector import Codec

Provider = Literal["titan", "offline"]
"""What makes vectors of texts."""
Few = Annotated[int, msgspec.Meta(ge=1, le=100, description="a whole number from 1 to 100")]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the memory system.

    Attributes
    ----------
    history_days
        How long a turn and its embedding are kept.
    backup_days
        How long backups of the tables may hold what was deleted: the answer of a request to
        forget says so. Point-in-time recovery keeps up to 35 days. Write more if you keep
        on-demand backups for longer.
    idempotency_days
        How long an idempotency key is remembered. A request with an older key is a new request.
    embeddings
        What makes vectors of texts: `titan` is Amazon Titan Text Embeddings V2 on Bedrock,
        `offline` knows words and no meaning, and needs no AWS.
    vector_codec
        How new vectors are stored. Each stored vector names its own codec.
    vector_index
        Whether the table of embeddings has DynamoDB's own vector index. No function asks it yet
        (docs/adr/0032-similarity-search.md), and AWS bills what it holds.
    session_turns, recent_turns, related_turns
        How many turns of each kind a context has at most.
    cache_url
        The URL of a redis that keeps contexts. If empty, none is kept: a cache in the memory of
        one instance would not learn of what other instances write.
    cache_seconds
        The greatest age of a context that is kept.
    cache_timeout_ms
        How many milliseconds a command waits for redis, to connect and to be answered. When redis
        is down, a request loses twice this time at most.
    """

    history_days: Days = 30
    backup_days: Days = 35
    idempotency_days: Days = 1
    embeddings: Provider = "titan"
    vector_codec: Codec = "float16"
    vector_index: bool = False
    session_turns: Few = 10
    recent_turns: Few = 10
    related_turns: Few = 5
    cache_url: CacheUrl = ""
    cache_seconds: Annotated[int, msgspec.Meta(ge=1, le=900)] = 300
    cache_timeout_ms: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 20
