"""Save interactions: the turns and their embeddings in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import msgspec

from keyline.idempotency import IdempotencyKey, reserve
from keyline.run import Store, TransactionCancelledError, Write, later
from keyline.tracing import segment
from memory.embeddings.provider import EmbeddingProvider
from memory.embeddings.store import EmbeddingStore
from memory.patterns import INTERACTION_SAVE, REQUESTS, TURN_CREATE
from memory.settings import Settings
from memory.tables import Turn
from memory.turns import NewTurn, embeddings_of, turns_at

ATTEMPTS = 8
"""Moments that are tried where other turns of the user have the same identifiers."""


class Interactions(msgspec.Struct, frozen=True):
    """The interactions of all users.

    Parameters
    ----------
    provider
        Makes the vectors that a request does not bring.
    """

    store: Store
    settings: Settings
    embeddings: EmbeddingStore
    provider: EmbeddingProvider

    def save(
        self,
        user_id: str,
        session: str,
        new: Sequence[NewTurn],
        key: IdempotencyKey | None = None,
    ) -> tuple[list[Turn], bool]:
        """Store all turns with their embeddings, or nothing.

        The vectors are made first, so a model that does not answer leaves nothing behind. The
        turns and their embeddings are one transaction. A try of a request that was carried out
        before finds its own turns, and stores nothing.

        Returns
        -------
        tuple[list[Turn], bool]
            The turns, and whether an earlier try of the request had the key.

        Raises
        ------
        KeyReusedError
            If the key came with another request before.
        EmbeddingFailedError
            If no vector could be made. Nothing was stored.
        VectorError
            If a vector cannot be stored. Nothing was stored.
        OutcomeUnknownError
            If no answer came. The request may be sent again with its key.
        TransactionCancelledError
            If DynamoDB refused the transaction. Nothing was stored.
        """
        with segment("makeVectors", items=len(new)):
            vectors = [
                self.provider.embed(each.content) if each.vector is None else each.vector
                for each in new
            ]
        reserved = reserve(self.store, REQUESTS.reserve, key) if key else None
        request_id = reserved.id if reserved else uuid.uuid4().hex
        moment = reserved.moment if reserved else self.store.clock.next()
        for attempt in range(1, ATTEMPTS + 1):
            turns = turns_at(moment, user_id, session, new, request_id)
            try:
                with segment("storeInteraction", items=len(turns), attempts=attempt):
                    self.store.transact(INTERACTION_SAVE, self._writes(user_id, turns, vectors))
            except TransactionCancelledError as cancelled:
                if _are_stored(turns, cancelled):
                    return turns, True
                if attempt == ATTEMPTS or not _is_taken(cancelled):
                    raise
                # every try of one request walks the same moments, so that it meets its turns
                moment = moment + len(new) / 1000 if reserved else later(moment, attempt)
            else:
                break
        return turns, reserved is not None and reserved.earlier

    def _writes(
        self, user_id: str, turns: Sequence[Turn], vectors: Sequence[Sequence[float]]
    ) -> list[Write]:
        writes = [Write.put(TURN_CREATE, turn) for turn in turns]
        for embedding in embeddings_of(turns, vectors, self.settings.history_days):
            writes += self.embeddings.writes(user_id, embedding)
        return writes


def _are_stored(turns: Sequence[Turn], cancelled: TransactionCancelledError) -> bool:
    """Return whether an earlier try of the request has stored every turn as it is here."""
    there = {
        reason.action: reason.current
        for reason in cancelled.reasons
        if reason.pattern == TURN_CREATE.name
    }
    return all(there.get(n) == turn for n, turn in enumerate(turns))


def _is_taken(cancelled: TransactionCancelledError) -> bool:
    """Return whether other turns or embeddings have the identifiers."""
    return all(reason.code == "ConditionalCheckFailed" for reason in cancelled.reasons)
