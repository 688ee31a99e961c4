"""Store embeddings, and forget them. A search is `memory.embeddings.search`, which needs numpy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from keyline.run import Store, Write
from keyline.vector import Codec
from memory.embeddings.compression import compress
from memory.embeddings.forgetting import delete_codes, take_out
from memory.embeddings.identifiers import CHUNKS, chunk_of, new_embedding_id, number_of
from memory.embeddings.patterns import (
    EMBEDDING_BATCH,
    EMBEDDING_CREATE,
    EMBEDDING_KEYS,
)
from memory.embeddings.signature import similarity_hash
from memory.embeddings.tables import Embedding


class NewEmbedding(msgspec.Struct, frozen=True, kw_only=True):
    """A vector to store.

    Attributes
    ----------
    metadata
        What a search returns with it.
    embedding_id
        Keep it with the message, to forget both together.
    ttl
        When it expires, in epoch seconds: when its message does. The expiry is counted from the
        moment of the write where not given.
    """

    vector: Sequence[float]
    metadata: dict[str, str] = msgspec.field(default_factory=dict)
    embedding_id: str = msgspec.field(default_factory=new_embedding_id)
    ttl: int | None = None


class EmbeddingStore:
    """The embeddings of all users.

    Parameters
    ----------
    codec
        How the numbers of new vectors are stored. Each stored vector names its own codec.
    """

    def __init__(self, store: Store, *, codec: Codec = "float16") -> None:
        self._store = store
        self._codec = codec

    def writes(self, user_id: str, embedding: NewEmbedding) -> tuple[Write, ...]:
        """Return the writes of an embedding, to be carried out with those of its message.

        Raises
        ------
        VectorError
            If the vector cannot be stored.
        BadValueError
            If the identifier is not one.
        """
        return (Write.put(EMBEDDING_CREATE, self._item(user_id, embedding)),)

    def store_all(self, user_id: str, embeddings: Iterable[NewEmbedding]) -> None:
        """Store many embeddings, not as one; those that exist are replaced.

        Raises
        ------
        VectorError
            If a vector cannot be stored; nothing was stored then.
        """
        items = [self._item(user_id, embedding) for embedding in embeddings]
        self._store.batch_write(EMBEDDING_BATCH, puts=items)

    def forget(self, user_id: str, embedding_ids: Iterable[str]) -> None:
        """Delete embeddings, and take their codes out of the blocks.

        From the first write on no search returns them. If it fails, it may be carried out again.
        """
        unwanted = set(embedding_ids)
        if not unwanted:
            return
        numbers = frozenset(map(number_of, unwanted))
        self._delete(user_id, unwanted)
        take_out(self._store, user_id, numbers)

    def forget_all(self, user_id: str) -> None:
        """Delete all embeddings of a user, and all codes."""
        self._delete(user_id, self._ids(user_id))
        delete_codes(self._store, user_id)

    def _ids(self, user_id: str) -> Iterator[str]:
        for chunk in range(CHUNKS):
            for found in self._store.items(EMBEDDING_KEYS, user_id=user_id, chunk=chunk):
                yield found.embedding_id

    def _delete(self, user_id: str, embedding_ids: Iterable[str]) -> None:
        keys = (
            {"user_id": user_id, "chunk": chunk_of(each), "embedding_id": each}
            for each in embedding_ids
        )
        self._store.batch_write(EMBEDDING_BATCH, deletes=keys)

    def _item(self, user_id: str, embedding: NewEmbedding) -> Embedding:
        number_of(embedding.embedding_id)
        return Embedding(
            user_id=user_id,
            chunk=chunk_of(embedding.embedding_id),
            embedding_id=embedding.embedding_id,
            similarity_hash=similarity_hash(embedding.vector),
            vector_compressed=compress(embedding.vector, self._codec),
            metadata=embedding.metadata,
            ttl=embedding.ttl,
        )
