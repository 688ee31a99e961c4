"""Build contexts, and search what was said. The user is the token's subject."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import msgspec

from keyline.http import App, Caller, Refusal
from keyline.metrics import Metrics
from keyline.moments import iso
from keyline.run import Store
from keyline.vector import VectorError
from memory.alike import AlikeSearch
from memory.context import CONTEXT
from memory.context_cache import ContextCache
from memory.embeddings.provider import EmbeddingFailedError
from memory.embeddings.search import EmbeddingSearch
from memory.engine import Context, OptimizedContextEngine, Remembered, remembered_of
from memory.history import History
from memory.inputs import QueryText, SessionId
from memory.measures import Measures
from memory.outputs import At, Count
from memory.providers import provider_of
from memory.system import SYSTEM
from memory.turns import Vector

EXAMPLE = {"query": "Which restaurant was it?", "session_id": "trip-to-san-jose"}
ALIKE_EXAMPLE = {"text": "I would like a table for two."}
SEARCH_EXAMPLE = {"query": "a table for two", "limit": 5}
Limit = Annotated[int, msgspec.Meta(ge=1, le=50)]


class ContextRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For which query of which session a context is built.

    Attributes
    ----------
    vector
        The embedding of the query. The system's own model makes it if it is left out.
    """

    query: QueryText
    session_id: SessionId
    vector: Vector | None = None


class SearchRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The search.

    Attributes
    ----------
    vector
        The embedding of the query. The system's own model makes it if it is left out.
    """

    query: QueryText
    limit: Limit = 10
    vector: Vector | None = None


class AlikeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The text that similar turns are searched for.

    Attributes
    ----------
    vector
        The embedding of the text. The system's own model makes it if it is left out.
    """

    text: QueryText
    limit: Limit = 10
    vector: Vector | None = None


class Alike(msgspec.Struct, frozen=True, kw_only=True):
    """Turns that say almost the same as a text, the most similar first."""

    turns: list[Remembered]


class SearchResult(msgspec.Struct, frozen=True, kw_only=True):
    """The turns that are most similar to a query, the most similar first.

    Attributes
    ----------
    newer
        How many turns were compared that have no packed code yet. Such turns are found all the
        same.
    packed_until
        The moment up to which turns have packed codes; null if none has one yet.
    """

    turns: list[Remembered]
    newer: Count
    packed_until: At | None


app = App(
    SYSTEM,
    refusals={
        EmbeddingFailedError: Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "body.query"),
        VectorError: Refusal(HTTPStatus.BAD_REQUEST, "body.vector"),
    },
)
_store = Store.for_function(SYSTEM)
_measures = Measures(Metrics(CONTEXT.environment, SYSTEM))
_provider = provider_of(CONTEXT.settings, _measures.embedding_failed)
_alike = AlikeSearch(_store)
_engine = OptimizedContextEngine(
    memory=History(_store),
    search=EmbeddingSearch(_store),
    provider=_provider,
    cache=ContextCache.of(CONTEXT.settings, _measures.count),
    settings=CONTEXT.settings,
    measures=_measures,
)


@app.post("/contexts", example=EXAMPLE)
def context(body: ContextRequest, caller: Caller) -> Context:
    """Build the context of a query: the session, what was said lately, and related turns.

    A kept context is answered again for five minutes, until the user's memory changes.
    """
    return _engine.build_context_for_query_optimized(
        body.query, caller.subject, body.session_id, body.vector
    )


@app.post("/searches", problems=(HTTPStatus.SERVICE_UNAVAILABLE,), example=SEARCH_EXAMPLE)
def search(body: SearchRequest, caller: Caller) -> SearchResult:
    """Find the caller's turns that are most similar to a query."""
    found = _engine.search(caller.subject, body.query, body.limit, body.vector)
    until = found.packed_until_us
    return SearchResult(
        turns=list(map(remembered_of, found.neighbours)),
        newer=found.newer,
        packed_until=None if until is None else iso(until),
    )


@app.post("/near-duplicates", problems=(HTTPStatus.SERVICE_UNAVAILABLE,), example=ALIKE_EXAMPLE)
def near_duplicates(body: AlikeRequest, caller: Caller) -> Alike:
    """Find the caller's turns that say almost the same as a text, at less cost than a search.

    Turns that are merely similar are missed.
    """
    vector = _provider.embed(body.text) if body.vector is None else body.vector
    found = _alike.search(caller.subject, vector, body.limit)
    return Alike(turns=list(map(remembered_of, found)))


handler = app.handler
