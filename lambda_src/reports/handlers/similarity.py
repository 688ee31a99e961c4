"""Finds the products whose vectors are nearest to a product's.

The product's own vector is as of the last write. The others are as of `asOf`, which is
`matrix_seconds` ago at most; `fresh=true` reads them anew, for who stores vectors alone: it reads a
whole model version from the table.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

import msgspec

from keyline.http import App, Caller, Refusal
from keyline.metrics import Metrics
from keyline.run import Store
from reports.context import CONTEXT
from reports.handlers.viewer import Viewer
from reports.inputs import ProductId
from reports.matrix import Similar
from reports.matrix_bucket import MatrixBucket, s3_client
from reports.moments import iso_of
from reports.similarity import NoEmbedding, Similarity, TooMuch
from reports.system import SYSTEM


class SimilarQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many products to find, and whether all vectors are read anew."""

    k: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    fresh: bool = False


class SimilarProducts(msgspec.Struct, frozen=True, kw_only=True):
    """The products most similar to one, the most similar first.

    Attributes
    ----------
    products
        How many vectors the model version had as of `asOf`.
    left_out
        How many more of the model version have a vector of another dimension, or a damaged one.
    """

    product_id: str
    model_version: str
    asOf: str
    products: int
    left_out: int
    similar: list[Similar]


def _bucket() -> MatrixBucket | None:
    name = os.environ.get("SIMILARITY_BUCKET")
    return MatrixBucket(s3_client(), name, CONTEXT.settings.vector_codec) if name else None


app = App(
    SYSTEM,
    refusals={
        NoEmbedding: Refusal(HTTPStatus.NOT_FOUND, "path.productId"),
        TooMuch: Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "path.productId"),
    },
)
_similarity = Similarity(
    Store.for_function(SYSTEM), _bucket(), Metrics(CONTEXT.environment, SYSTEM.name).count
)


@app.get("/products/{productId}/similar", problems=[HTTPStatus.UNPROCESSABLE_ENTITY])
def similar(productId: ProductId, query: SimilarQuery, caller: Caller) -> SimilarProducts:
    """Find the products most similar to a product, by the cosine of their vectors.

    `fresh=true` reads all vectors of the model version anew, and needs the group of the catalogue.
    """
    viewer = Viewer.of(caller, CONTEXT.token_use)
    if query.fresh:
        viewer.require_group(CONTEXT.settings.catalogue_group)
    found = _similarity.of(productId, query.k, fresh=query.fresh)
    return SimilarProducts(
        product_id=productId,
        model_version=found.model_version,
        asOf=iso_of(datetime.fromtimestamp(found.about.as_of, UTC)),
        products=found.products,
        left_out=found.about.left_out,
        similar=found.similar,
    )


handler = app.handler
