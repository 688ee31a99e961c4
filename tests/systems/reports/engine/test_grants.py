"""Test that what the functions ask for is exactly what their roles grant."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from reports.embeddings import EmbeddingRepository, NewEmbedding
from reports.system import SYSTEM
from tests.systems.reports.on_engine import Reports


def users(reports: Reports) -> None:
    api = reports.app("users")
    api("GET /profile")
    api("PATCH /profile", body={"version": 1, "name": "Ada"})


def documents(reports: Reports) -> None:
    api = reports.app("reports")
    path = {"id": api("POST /reports", body={"title": "A report"}).body["id"]}
    favorite = {**path, "productId": "p"}
    api("GET /reports")
    api("GET /reports/{id}", path)
    api("PATCH /reports/{id}", path, body={"version": 1, "title": "Another"})
    api("PUT /reports/{id}/favorites/{productId}", favorite)
    api("DELETE /reports/{id}/favorites/{productId}", favorite)
    api("DELETE /reports/{id}", path, query="version=2")


def embeddings(reports: Reports) -> None:
    api, path = reports.app("embeddings"), {"productId": "p"}
    curator = {mark.claim: mark.member for mark in reports.settings.catalogue}
    body = {"model_version": "m", "embedding_vector": [1.0]}
    api("PUT /products/{productId}/embedding", path, body=body, claims=curator)
    api("PUT /products/{productId}/embedding", path, body={**body, "replaces": "m"}, claims=curator)
    api("GET /products/{productId}/embedding", path)
    api("GET /embeddings", query="model_version=m")


def similarity(reports: Reports) -> None:
    given = NewEmbedding(product_id="p", model_version="m", embedding_vector=[1.0])
    EmbeddingRepository(reports.store).store_embedding(given)
    reports.app("similarity")("GET /products/{productId}/similar", {"productId": "p"})


USES: Mapping[str, Callable[[Reports], None]] = {
    "users": users,
    "reports": documents,
    "embeddings": embeddings,
    "similarity": similarity,
}


def test_every_function_is_among_them() -> None:
    assert set(USES) == {function.name for function in SYSTEM.functions}


@pytest.mark.requirement("K-34", "X-07")
@pytest.mark.parametrize("function", USES)
def test_what_a_function_asks_for_equals_what_its_role_grants(
    reports: Reports, function: str
) -> None:
    asked = reports.accesses()
    USES[function](reports)
    assert asked == SYSTEM.function(function).access
