"""Finds the products whose vectors are nearest to a product's.

The product's own vector is as of the last write. The others are as of `as_of`, which is at most
`matrix_seconds` ago, and 5 seconds more, because clocks may differ. `fresh=true` reads them again,
for those who store vectors alone: it reads a whole model version from the table.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

import msgspec

from keyline.http import App, Caller, Refusal
from keyline.metrics import Metrics
from keyline.moments import iso_of
from keyline.run import Store
from reports.context import CONTEXT
from reports.handlers.viewer import Viewer
from reports.inputs import ProductId
from reports.matrix import SimilarProduct
from reports.matrix_bucket import MatrixBucket, matrix_client
from reports.matrix_location import BUCKET_VARIABLE
from reports.similarity import NoEmbeddingError, SimilaritySearch, TooMuchError
from reports.system import SYSTEM


class SimilarQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The number of products to find, and whether all vectors are read again."""

    k: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    fresh: bool = False


class SimilarityAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The products most similar to one, the most similar first.

    Attributes
    ----------
    as_of
        Every vector that was stored or replaced up to this moment, by its `created_at`, is taken
        into account. Of what was stored later, some may be missing. The moment is 5 seconds before
        the vectors were read, because the clocks of functions may differ.
    products
        How many vectors of the model version were read.
    left_out
        How many more of the model version have a vector of another dimension, or a damaged one.
    """

    product_id: ProductId
    model_version: Annotated[str, msgspec.Meta(examples=["clip-1"])]
    as_of: Annotated[str, msgspec.Meta(examples=["2026-01-31T10:30:00.123456Z"])]
    products: Annotated[int, msgspec.Meta(examples=[1200])]
    left_out: Annotated[int, msgspec.Meta(examples=[0])]
    similar: list[SimilarProduct]


def _bucket() -> MatrixBucket | None:
    name = os.environ.get(BUCKET_VARIABLE)
    return MatrixBucket(matrix_client(), name, CONTEXT.settings.vector_codec) if name else None


app = App(
    SYSTEM,
    refusals={
        NoEmbeddingError: Refusal(HTTPStatus.NOT_FOUND, "path.productId"),
        TooMuchError: Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "path.productId"),
    },
)
_search = SimilaritySearch(
    Store.for_function(SYSTEM), _bucket(), Metrics(CONTEXT.environment, SYSTEM).count
)


@app.get("/products/{productId}/similar", problems=[HTTPStatus.UNPROCESSABLE_ENTITY])
def similar_products(productId: ProductId, query: SimilarQuery, caller: Caller) -> SimilarityAnswer:
    """Find the products most similar to a product, by the cosine of their vectors.

    `fresh=true` reads all vectors of the model version again, and needs the group of the catalogue.
    """
    viewer = Viewer.of(caller, CONTEXT.settings)
    if query.fresh:
        viewer.require_mark(CONTEXT.settings.catalogue)
    neighbours = _search.nearest(productId, query.k, fresh=query.fresh)
    return SimilarityAnswer(
        product_id=productId,
        model_version=neighbours.about.model_version,
        as_of=iso_of(datetime.fromtimestamp(neighbours.about.as_of, UTC)),
        products=neighbours.compared,
        left_out=neighbours.about.left_out,
        similar=neighbours.nearest,
    )


handler = app.handler
