"""Build contexts for a query: what was said in the session, lately, and about the same things.

Every call names its user and its session, so threads may share an engine. Needs numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypedDict

import msgspec

from keyline.moments import iso, us_of_ms
from keyline.tracing import segment
from memory.context_cache import ContextCache
from memory.embeddings.provider import EmbeddingFailedError, EmbeddingProvider
from memory.embeddings.search import EmbeddingSearch, Found, Neighbour
from memory.history import History
from memory.measures import Measures
from memory.outputs import At, Id, PromptText, ShortText, YesOrNo
from memory.settings import Settings
from memory.tables import Role, SessionTurn, UserTurn
from memory.turns import TurnId

QUERIES = 2
"""Reads of the history that a context carries out beside the search."""
CONTEXTS_AT_ONCE = 4
"""Contexts whose reads have threads of their own; the reads of further ones wait."""


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """A turn in a context.

    Attributes
    ----------
    id
        `GET /turns/{turnId}` shows the whole text.
    score
        How similar the turn is to the query, -1 to 1; null for a turn that was not searched for.
    """

    id: Id
    role: Role
    at: At
    summary: ShortText
    score: float | None = None


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The context that an assistant needs before it answers a query.

    Attributes
    ----------
    text
        The three parts as text, for a prompt. A part without turns is left out.
    session
        The latest turns of the session, oldest first.
    recent
        The latest turns of other sessions, oldest first.
    related
        Turns that are similar to the query and not in another part, the most similar first.
    searched
        Whether the turns were searched. Turns are not searched while no vector can be made of the
        query.
    """

    text: PromptText
    session: list[Remembered]
    recent: list[Remembered]
    related: list[Remembered]
    searched: YesOrNo


class PerformanceMetrics(TypedDict):
    """The measures of an engine since its process began; 0 where it has measured nothing."""

    contexts: int
    searches: int
    avg_context_build_ms: float
    avg_embedding_search_ms: float
    cache_hit_rate: float


class _Query(msgspec.Struct, frozen=True):
    """A query with its vector; None if no vector could be made."""

    user_id: str
    session: str
    vector: Sequence[float] | None


class OptimizedContextEngine:
    """Builds contexts. One for a process.

    Parameters
    ----------
    memory
        The histories of all users.
    measures
        What is told of times and of the cache.
    """

    def __init__(
        self,
        *,
        memory: History,
        search: EmbeddingSearch,
        provider: EmbeddingProvider,
        cache: ContextCache,
        settings: Settings,
        measures: Measures,
    ) -> None:
        self.memory = memory
        self._search = search
        self._provider = provider
        self._cache = cache
        self._settings = settings
        self._measures = measures
        self._threads = ThreadPoolExecutor(QUERIES * CONTEXTS_AT_ONCE, "context")

    def build_context_for_query_optimized(
        self,
        query: str,
        user_id: str,
        session_id: str,
        vector: Sequence[float] | None = None,
    ) -> Context:
        """Return the context of a query, from the cache or built and kept.

        If no vector can be made of the query, the context has no related turns, and is not kept.

        Parameters
        ----------
        vector
            The embedding of the query; made of its text where it is not given.

        Raises
        ------
        VectorError
            If the given vector cannot be compared.
        """
        made = self._vector(query) if vector is None else vector
        asked = _Query(user_id, session_id, made)
        with self._measures.context(), segment("buildContext"):
            if made is None:
                return self._build(asked)
            question = ("context", session_id, self._provider.name, query, vector)
            return self._cache.answer(user_id, question, Context, lambda: self._build(asked))

    def search(
        self, user_id: str, query: str, k: int, vector: Sequence[float] | None = None
    ) -> Found:
        """Return the turns of a user whose embeddings are most similar to a query.

        Raises
        ------
        EmbeddingFailedError
            If no vector could be made of the query.
        VectorError
            If the given vector cannot be compared.
        """
        return self._find(user_id, self._provider.embed(query) if vector is None else vector, k)

    def get_performance_metrics(self) -> PerformanceMetrics:
        """Return what was measured since the process began."""
        found = self._measures
        return PerformanceMetrics(
            contexts=found.contexts.count,
            searches=found.searches.count,
            avg_context_build_ms=found.contexts.average,
            avg_embedding_search_ms=found.searches.average,
            cache_hit_rate=found.hit_rate,
        )

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()

    def _vector(self, query: str) -> Sequence[float] | None:
        try:
            return self._provider.embed(query)
        except EmbeddingFailedError:
            return None

    def _find(
        self,
        user_id: str,
        vector: Sequence[float],
        k: int,
        without: Callable[[], Iterable[str]] = tuple,
    ) -> Found:
        with self._measures.search(), segment("searchEmbeddings", items=k):
            return self._search.search(user_id, vector, k, without)

    def _build(self, asked: _Query) -> Context:
        """Read the three parts at the same time, and put them together.

        The search compares none of the turns that the other parts show, so it reads fewer.
        """
        settings = self._settings
        session = self._threads.submit(
            self.memory.latest_of_session, asked.user_id, asked.session, settings.session_turns
        )
        recent = self._threads.submit(
            self.memory.get_recent_context_optimized,
            asked.user_id,
            # turns of the session are left out
            settings.session_turns + settings.recent_turns,
        )

        @cache
        def shown() -> _Shown:
            return _Shown.of(session.result(), recent.result(), settings.recent_turns)

        related: Sequence[Neighbour] = ()
        if asked.vector is not None:
            related = self._find(
                asked.user_id,
                asked.vector,
                settings.related_turns,
                lambda: shown().embedding_ids,
            ).neighbours
        parts = shown()
        similar = [remembered_of(neighbour) for neighbour in related]
        return Context(
            text=_text(
                {"This session": parts.session, "Recently": parts.recent, "Related": similar}
            ),
            session=parts.session,
            recent=parts.recent,
            related=similar,
            searched=asked.vector is not None,
        )


class _Shown(msgspec.Struct, frozen=True):
    """The turns that a context shows without a search, oldest first."""

    session: list[Remembered]
    recent: list[Remembered]

    @classmethod
    def of(cls, session: Sequence[SessionTurn], recent: Sequence[UserTurn], most: int) -> _Shown:
        """Take each turn once.

        Parameters
        ----------
        most
            Turns of other sessions at most.
        """
        own = [_remembered(turn, turn.summary) for turn in reversed(session)]
        named = {turn.id for turn in own}
        others = [_remembered(turn, turn.content_summary) for turn in recent]
        return cls(own, [turn for turn in others if turn.id not in named][:most][::-1])

    @property
    def embedding_ids(self) -> list[str]:
        """The identifiers of the embeddings of the turns."""
        return [turn.id.rpartition("-")[0] for turn in (*self.session, *self.recent)]


def remembered_of(neighbour: Neighbour) -> Remembered:
    """Return what a search found as a turn: the metadata says what is shown of it."""
    role: Role = msgspec.convert(neighbour.metadata["role"], Role)
    moment, _, suffix = neighbour.embedding_id.partition("-")
    id = TurnId(int(moment), suffix, role)
    return Remembered(
        id=str(id),
        role=role,
        at=iso(id.moment_us),
        summary=neighbour.metadata["summary"],
        score=neighbour.score,
    )


def _remembered(turn: SessionTurn | UserTurn, summary: str) -> Remembered:
    return Remembered(
        id=str(TurnId.of(turn)),
        role=turn.role,
        at=iso(us_of_ms(turn.timestamp)),
        summary=summary,
    )


def _text(parts: dict[str, list[Remembered]]) -> str:
    return "\n\n".join(
        "\n".join([f"{title}:", *(f"{turn.role}: {turn.summary}" for turn in turns)])
        for title, turns in parts.items()
        if turns
    )
