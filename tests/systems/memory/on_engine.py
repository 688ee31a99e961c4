"""The memory system on an engine, and the HTTP APIs of its functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from memory.embeddings.identifiers import chunk_of
from memory.embeddings.patterns import EMBEDDINGS_TO_PACK
from memory.embeddings.provider import OfflineEmbeddings
from memory.embeddings.store import EmbeddingStore
from memory.embeddings.tables import Embedding
from memory.history import History
from memory.interactions import Interactions
from memory.settings import Settings
from memory.system import SYSTEM
from tests.support.events import event
from tests.support.systems import Answer, HttpFunction, OnEngine

__all__ = ["Answer", "Api", "MakeMemory", "Memory", "turn", "turns"]


def turn(content: str, role: str = "user", **fields: Any) -> dict[str, Any]:
    """Return a turn of a request."""
    return {"role": role, "content": content, **fields}


def turns(*contents: str, session: str = "s", **fields: Any) -> dict[str, Any]:
    """Return the body of a request that stores turns of the user and the assistant by turns."""
    roles = ("user", "assistant")
    made = [turn(each, roles[n % 2], **fields) for n, each in enumerate(contents)]
    return {"session_id": session, "turns": made}


class Memory(OnEngine[Settings]):
    """The memory system on an engine, with tables of its own."""

    system = SYSTEM

    def __post_init__(self) -> None:
        super().__post_init__()
        self.history = History(self.store)
        self.embeddings = EmbeddingStore(self.store, codec=self.settings.vector_codec)
        self.interactions = Interactions(
            self.store, self.settings, self.embeddings, OfflineEmbeddings()
        )

    def shown(self, user_id: str, embedding_id: str) -> list[Embedding]:
        """Return the embedding of an identifier as the stream shows it; empty if it is gone."""
        found = self.store.items(
            EMBEDDINGS_TO_PACK,
            user_id=user_id,
            chunk=chunk_of(embedding_id),
            embedding_id=(embedding_id, embedding_id),
        )
        return list(found)

    def app(self, function: str) -> Api:
        """Return the HTTP API of a function, imported as in a new process of that function."""
        return Api(self.module(function))


class Api(HttpFunction):
    """The routes of one function."""

    def __call__(
        self,
        route: str,
        path: Mapping[str, str] | None = None,
        *,
        query: str = "",
        body: Any = None,
        user: str | None = "ada",
        **raw: Any,
    ) -> Answer:
        """Call a route as a user, or without a token."""
        claims = None if user is None else {"sub": user}
        return self.answer(event(route, dict(path or {}), query, body, claims=claims, **raw))


MakeMemory = Callable[..., Memory]
"""The memory system with the tables of the synthesized template, new ones for each test."""
