"""Store interactions. The user is the token's subject."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import msgspec

from keyline.http import App, Caller, Refusal, Response, replayed
from keyline.idempotency import IdempotencyKey
from keyline.metrics import Metrics
from keyline.moments import iso, us_of_ms
from keyline.run import Store
from keyline.vector import VectorError
from memory.context import CONTEXT
from memory.context_cache import ContextCache
from memory.embeddings.provider import EmbeddingFailedError
from memory.embeddings.store import EmbeddingStore
from memory.inputs import SessionId
from memory.interactions import Interactions
from memory.measures import Measures
from memory.outputs import At, ContentHash, Id, Tokens
from memory.providers import provider_of
from memory.system import SYSTEM
from memory.tables import Role, Turn
from memory.turns import MAX_TURNS, NewTurn, TurnId

MAX_BODY = 1024 * 1024
"""Bytes: 48 turns with vectors of 1,024 numbers take some 600 KB."""
EXAMPLE = {
    "session_id": "trip-to-san-jose",
    "turns": [
        {"role": "user", "content": "I would like a table for two in San Jose."},
        {"role": "assistant", "content": "Is there a cuisine that you enjoy?", "tokens": 7},
    ],
}


class NewInteraction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The turns that were said, in order: a question and its answer, or a whole conversation."""

    session_id: SessionId
    turns: Annotated[list[NewTurn], msgspec.Meta(min_length=1, max_length=MAX_TURNS)]


class StoredTurn(msgspec.Struct, frozen=True, kw_only=True):
    """A turn as it is stored, without its texts.

    Attributes
    ----------
    content_hash
        SHA-256 of the content in UTF-8.
    """

    id: Id
    role: Role
    at: At
    content_hash: ContentHash
    tokens: Tokens

    @classmethod
    def of(cls, turn: Turn) -> StoredTurn:
        """Return the answer about a stored turn."""
        return cls(
            id=str(TurnId.of(turn)),
            role=turn.role,
            at=iso(us_of_ms(turn.timestamp)),
            content_hash=turn.content_hash,
            tokens=turn.tokens,
        )


class StoredInteraction(msgspec.Struct, frozen=True, kw_only=True):
    """The turns of an interaction in order."""

    turns: list[StoredTurn]


app = App(
    SYSTEM,
    refusals={
        EmbeddingFailedError: Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "body.turns"),
        VectorError: Refusal(HTTPStatus.BAD_REQUEST, "body.turns"),
    },
)
_store = Store.for_function(SYSTEM)
_measures = Measures(Metrics(CONTEXT.environment, SYSTEM))
_cache = ContextCache.of(CONTEXT.settings, _measures.count)
_interactions = Interactions(
    store=_store,
    settings=CONTEXT.settings,
    embeddings=EmbeddingStore(_store, codec=CONTEXT.settings.vector_codec),
    provider=provider_of(CONTEXT.settings, _measures.embedding_failed),
)


@app.post(
    "/interactions",
    status=HTTPStatus.CREATED,
    max_body=MAX_BODY,
    problems=(HTTPStatus.SERVICE_UNAVAILABLE,),
    example=EXAMPLE,
)
def save(
    body: NewInteraction, caller: Caller, key: IdempotencyKey | None
) -> Response[StoredInteraction]:
    """Store the turns of an interaction with their embeddings: all of them, or nothing."""
    turns, earlier = _interactions.save(caller.subject, body.session_id, body.turns, key)
    _cache.try_to_renew(caller.subject)
    return Response(
        StoredInteraction(turns=list(map(StoredTurn.of, turns))), headers=replayed(earlier)
    )


handler = app.handler
