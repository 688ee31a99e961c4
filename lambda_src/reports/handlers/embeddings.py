"""Store and show the vectors of products, as JSON lists of numbers.

Every user may read vectors. Only the members of the catalogue's group may store them. A vector
may have up to `max_dimension` numbers.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import msgspec

from keyline.http import App, Caller, HttpError
from keyline.inputs import SingleLine
from keyline.run import BadValueError, Store
from reports.context import CONTEXT
from reports.embeddings import (
    EmbeddingRepository,
    NewEmbedding,
    OtherModelStoredError,
    ProductEmbedding,
)
from reports.handlers.viewer import Viewer
from reports.inputs import Cursor, Limit, ProductId
from reports.settings import Codec
from reports.system import SYSTEM

NUMBER_BYTES = 28
"""The longest text of a float64, `-2.2250738585072014e-308`, with a comma and some space."""
MAX_BODY = 2_048 + NUMBER_BYTES * CONTEXT.settings.max_dimension
"""Bytes: 114 KB with vectors of up to 4,096 numbers."""

EXAMPLE = {"model_version": "clip-1", "embedding_vector": [0.12, -0.5, 0.33, 0.8]}

ModelVersion = Annotated[SingleLine, msgspec.Meta(max_length=128, examples=["clip-1"])]


class EmbeddingBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A product's vector to store.

    Attributes
    ----------
    vector_dimension
        How many numbers the vector has. A vector with another number of them is refused.
    replaces
        The model version of the stored vector, if the new vector replaces a vector of another
        model version. A product has one vector.
    """

    model_version: ModelVersion
    embedding_vector: list[float]
    vector_dimension: Annotated[int, msgspec.Meta(ge=1)] | None = None
    replaces: ModelVersion | None = None


class StoredEmbedding(msgspec.Struct, frozen=True, kw_only=True):
    """The stored vector, without its numbers."""

    product_id: ProductId
    model_version: ModelVersion
    vector_dimension: Annotated[int, msgspec.Meta(examples=[2])]
    vector_codec: Codec
    created_at: Annotated[str, msgspec.Meta(examples=["2026-01-31T10:30:00.123456Z"])]


class ModelQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model version, and the page of its vectors to read."""

    model_version: ModelVersion
    limit: Limit = 20
    cursor: Cursor | None = None


class EmbeddingPage(msgspec.Struct, frozen=True, kw_only=True):
    """Vectors in no order, and the cursor of the next page; null after the last page.

    A page of long vectors ends before it has as many as `limit`: an answer has 6 MB at most.
    """

    embeddings: list[ProductEmbedding]
    cursor: Cursor | None


app = App(SYSTEM)
_repository = EmbeddingRepository(Store.for_function(SYSTEM))


@app.put("/products/{productId}/embedding", max_body=MAX_BODY, example=EXAMPLE)
def put_embedding(productId: ProductId, body: EmbeddingBody, caller: Caller) -> StoredEmbedding:
    """Store a product's vector.

    The vector replaces one of the same model version or of `replaces`.
    """
    Viewer.of(caller, CONTEXT.settings).require_mark(CONTEXT.settings.catalogue)
    given = NewEmbedding(
        product_id=productId,
        model_version=body.model_version,
        embedding_vector=body.embedding_vector,
        vector_dimension=body.vector_dimension,
    )
    try:
        stored = _repository.store_embedding(given, replaces=body.replaces)
    except (BadValueError, OtherModelStoredError) as error:
        error.path = f"body.{error.path}"
        raise
    return StoredEmbedding(
        product_id=stored.product_id,
        model_version=stored.model_version,
        vector_dimension=stored.vector_dimension,
        vector_codec=stored.vector_codec,
        created_at=stored.created_at,
    )


@app.get("/products/{productId}/embedding")
def get_embedding(productId: ProductId, caller: Caller) -> ProductEmbedding:
    """Show a product's vector, as of the last write."""
    Viewer.of(caller, CONTEXT.settings)
    found = _repository.get_embedding(productId)
    if found is None:
        raise HttpError(
            HTTPStatus.NOT_FOUND,
            "path.productId",
            "the product has no embedding.",
            "Store one with PUT /products/{productId}/embedding, or check the identifier.",
        )
    return found


@app.get("/embeddings")
def by_model(query: ModelQuery, caller: Caller) -> EmbeddingPage:
    """List a model version's vectors, page by page."""
    viewer = Viewer.of(caller, CONTEXT.settings)
    try:
        page = _repository.get_embeddings_by_model(
            query.model_version, limit=query.limit, cursor=query.cursor, caller=viewer.user_id
        )
    except BadValueError as error:
        error.path = f"query.{error.path}"
        raise
    return EmbeddingPage(embeddings=page.items, cursor=page.cursor)


handler = app.handler
