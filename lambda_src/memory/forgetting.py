"""Forget what a user wants forgotten: turns, their embeddings, and the codes of these.

The embeddings go first. If a request ends between the two, the turns are still there and lead to
them, so the request can be sent again.
"""

from __future__ import annotations

import msgspec

from memory.embeddings.store import EmbeddingStore
from memory.history import History
from memory.turns import TurnId

MOST = 2_000
"""Turns that one request forgets. 2,000 turns with their embeddings are 160 batches of writes."""


class Forgotten(msgspec.Struct, frozen=True):
    """The numbers of items that a request has forgotten.

    Attributes
    ----------
    turns
        How many turns.
    complete
        Whether no more turns were found. The request is to be sent again otherwise.
    """

    turns: int
    complete: bool


class Forgetting(msgspec.Struct, frozen=True):
    """Forgets parts of users' memories.

    A turn of the last second may not be in the indexes yet. Such a turn stays.
    """

    history: History
    embeddings: EmbeddingStore

    def session(self, user_id: str, session: str) -> Forgotten:
        """Forget the turns of a session."""
        found = self.history.ids_of_session(user_id, session, MOST + 1)
        taken = found[:MOST]
        self.embeddings.forget(user_id, [id.embedding_id for id in taken])
        return self._delete(user_id, taken, complete=len(found) <= MOST)

    def everything(self, user_id: str) -> Forgotten:
        """Forget everything of a user.

        The turns are looked for first. A turn that is saved later stays, so it leads to its
        embedding if that is saved after the embeddings were looked for.
        """
        found = self.history.ids_of_user(user_id, MOST + 1)
        self.embeddings.forget_all(user_id)
        return self._delete(user_id, found[:MOST], complete=len(found) <= MOST)

    def _delete(self, user_id: str, ids: list[TurnId], *, complete: bool) -> Forgotten:
        if ids:
            self.history.delete(user_id, ids)
        return Forgotten(len(ids), complete)
