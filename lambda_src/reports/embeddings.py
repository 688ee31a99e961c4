"""Store and read the embeddings of products: lists of numbers for callers, Binary in the table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Annotated, TypeGuard, cast

import msgspec

from keyline.inputs import check
from keyline.moments import iso_now, iso_of
from keyline.run import BadValueError, ConditionFailedError, Page, Store
from keyline.vector import Packed, VectorError, decode, encode
from reports.inputs import ProductId
from reports.patterns import EMBEDDING_GET, EMBEDDING_STORE, EMBEDDING_SWAP, MODEL_EMBEDDINGS
from reports.settings import Codec, Settings
from reports.tables import Embedding, Vector

STORES_PER_SECOND = 300.0
"""A vector of 512 numbers as float32 costs 3 write units. A partition of the index takes 1,000."""

ATTEMPTS = 8
"""Tries of a write that meets a vector which another process stored with a later moment."""


class ProductEmbedding(msgspec.Struct, frozen=True, kw_only=True):
    """A product's vector, made by one version of a model.

    Attributes
    ----------
    vector_dimension
        How many numbers the vector has.
    vector_codec
        How the vector is stored. The codec decides how exact the numbers are that are read.
    created_at
        When this vector was stored, ISO 8601 in UTC.
    """

    product_id: Annotated[str, msgspec.Meta(examples=["product-1"])]
    model_version: Annotated[str, msgspec.Meta(examples=["clip-1"])]
    embedding_vector: Annotated[list[float], msgspec.Meta(examples=[[0.25, -0.5]])]
    vector_dimension: Annotated[int, msgspec.Meta(examples=[2])]
    vector_codec: Codec
    created_at: Annotated[str, msgspec.Meta(examples=["2026-01-31T10:30:00.123456Z"])]


class NewEmbedding(msgspec.Struct, frozen=True, kw_only=True):
    """A product's vector to store.

    Attributes
    ----------
    vector_dimension
        How many numbers the vector must have; None for any number of them.
    """

    product_id: str
    model_version: str
    embedding_vector: list[float]
    vector_dimension: int | None = None


class OtherModelStoredError(ConditionFailedError):
    """The product's stored vector is not of a model version that may be replaced."""


class EmbeddingRepository(msgspec.Struct, frozen=True):
    """The embeddings. A product has one embedding: see `store_embedding`."""

    store: Store

    def store_embedding(
        self, embedding: NewEmbedding, *, replaces: str | None = None
    ) -> ProductEmbedding:
        """Store a product's vector. The vector replaces a stored vector of the same model version.

        The table's key is only the product. So a vector of another model version would be lost
        silently. Such a vector is replaced only if the caller names that model version.

        Parameters
        ----------
        replaces
            Another model version whose vector may be replaced. A vector of this version, or of
            the new version (from an earlier try), must be stored already.

        Raises
        ------
        BadValueError
            If the vector cannot be stored. The path is the name of the field.
        OtherModelStoredError
            If the stored vector is of a third model version, or if there is none to replace.
        """
        item = self._item(embedding)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._put(item, replaces)
            except ConditionFailedError as error:
                stored: Embedding | None = error.current
                if attempt == ATTEMPTS or not _is_newer(stored, item, replaces):
                    raise _other_model_stored(error, replaces) from error
                # This write is the last one, whatever the clocks of two processes say.
                item = msgspec.structs.replace(item, created_at=_after(stored))
            else:
                break
        return _product_embedding(item)

    def store_embeddings(
        self,
        embeddings: Iterable[NewEmbedding],
        *,
        replaces: str | None = None,
        per_second: float = STORES_PER_SECOND,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> int:
        """Store many vectors one after the other, at a rate that the index can take.

        Each vector is stored as `store_embedding` does. At an error the remaining vectors are not
        stored. All of them may then be stored again.

        Parameters
        ----------
        per_second
            The most vectors that are stored in a second, also after a pause.
        clock, sleep
            Seconds.

        Returns
        -------
        int
            The number of stored vectors.
        """
        count, due = 0, clock()
        for embedding in embeddings:
            wait = due - clock()
            if wait > 0:
                sleep(wait)
            due = max(due, clock()) + 1 / per_second
            self.store_embedding(embedding, replaces=replaces)
            count += 1
        return count

    def get_embedding(self, product_id: str) -> ProductEmbedding | None:
        """Return a product's vector, as of the last write; None if the product has none."""
        found = self.store.get(EMBEDDING_GET, product_id=product_id)
        return None if found is None else _product_embedding(found)

    def get_embeddings_by_model(
        self,
        model_version: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        caller: str = "",
    ) -> Page[ProductEmbedding]:
        """Return a page of a model version's vectors, in no order, each once.

        The vectors are read from an index. The index may lag behind the last write for a moment.

        Raises
        ------
        InvalidCursorError
            If the cursor was issued to another caller or for another model version.
        """
        return self.store.query(
            MODEL_EMBEDDINGS,
            view=_product_embedding,  # as text, its numbers take many times their Binary
            limit=limit,
            cursor=cursor,
            caller=caller,
            model_version=model_version,
        )

    def all_embeddings_by_model(self, model_version: str) -> Iterator[ProductEmbedding]:
        """Yield all vectors of a model version. Pages are read as the caller takes the vectors."""
        found = self.store.items(MODEL_EMBEDDINGS, model_version=model_version)
        return (_product_embedding(item) for item in found)

    def _put(self, item: Embedding, replaces: str | None) -> None:
        given = {"model": item.model, "created_at": item.created_at}
        if replaces is None:
            self.store.put(EMBEDDING_STORE, item, **given)
        else:
            self.store.put(EMBEDDING_SWAP, item, replaces=replaces, **given)

    def _item(self, embedding: NewEmbedding) -> Embedding:
        check("product_id", embedding.product_id, ProductId)
        settings = cast("Settings", self.store.settings)
        try:
            packed = encode(
                embedding.embedding_vector,
                settings.vector_codec,
                dimension=embedding.vector_dimension,
                max_dimension=settings.max_dimension,
                path="embedding_vector",
            )
        except VectorError as error:
            raise BadValueError(error.path, error.message, error.suggestion) from error
        return Embedding(
            product_id=embedding.product_id,
            model_version=embedding.model_version,
            model=embedding.model_version,
            embedding_vector=packed.data,
            vector_dimension=packed.dimension,
            vector_codec=packed.codec,
            vector_scale=packed.scale,
            created_at=iso_now(),
        )


def packed_of(item: Embedding | Vector) -> Packed:
    """Return the vector of an item."""
    return Packed(
        item.embedding_vector, item.vector_codec, item.vector_dimension, item.vector_scale
    )


def path_of(item: Embedding | Vector) -> str:
    """Return the path of an item's vector in errors."""
    return f"products[{item.product_id}].embedding_vector"


def _product_embedding(item: Embedding) -> ProductEmbedding:
    return ProductEmbedding(
        product_id=item.product_id,
        model_version=item.model_version,
        embedding_vector=decode(packed_of(item), path_of(item)),
        vector_dimension=item.vector_dimension,
        vector_codec=item.vector_codec,
        created_at=item.created_at,
    )


def _is_newer(
    stored: Embedding | None, item: Embedding, replaces: str | None
) -> TypeGuard[Embedding]:
    """Return whether only its moment keeps a stored vector from being replaced."""
    return (
        stored is not None
        and stored.model in (item.model, replaces)
        and stored.created_at > item.created_at
    )


def _after(stored: Embedding) -> str:
    """Return the present, or the moment after the vector was stored if that is later."""
    next_moment = datetime.fromisoformat(stored.created_at) + timedelta(microseconds=1)
    return max(iso_now(), iso_of(next_moment))


def _other_model_stored(error: ConditionFailedError, replaces: str | None) -> OtherModelStoredError:
    stored: Embedding | None = error.current
    path = "model_version" if replaces is None else "replaces"
    if error.unreadable is not None:
        message = "the product has a vector that cannot be read."
        suggestion = "Report the product to the team that runs the service."
    elif stored is None:
        message, suggestion = "the product has no vector to replace.", "Leave 'replaces' out."
    else:
        message = f"the product has a vector of the model version {stored.model!r}."
        suggestion = f'Send "replaces": "{stored.model}" to replace this vector.'
    return OtherModelStoredError(path, message, suggestion, current=error.unreadable or stored)
