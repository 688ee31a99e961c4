"""Test that what the forecast says of a call is what the engine charges for it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from reports.patterns import (
    EMBEDDING_STORE,
    EMBEDDING_SWAP,
    FAVORITE_ADD,
    MODEL_EMBEDDINGS,
    REPORT_CREATE,
    REPORT_DELETE,
    REPORT_GET,
    REPORT_STORE,
    REPORT_UPDATE,
    USER_REPORTS,
)
from reports.system import SYSTEM
from reports.tables import Embedding, Report
from tests.support.forecasts import Tried, consumed_exactly, trying, within

NOW = "2026-01-31T00:00:00.000000Z"


@pytest.fixture
def tried(endpoint: str) -> Iterator[Tried]:
    with trying(SYSTEM, endpoint) as tried:
        yield tried


def report(number: int, padding: int) -> Report:
    return Report(
        id=f"report-{number:04}",
        user_id="ann",
        title="x" * padding,
        created_at=NOW,
        updated_at=NOW,
        author="a",
        favorites={"one"},
    )


def embedding(number: int, model: str, size: int) -> Embedding:
    return Embedding(
        product_id=f"product-{number:04}",
        model_version=model,
        model=model,
        embedding_vector=bytes(size),
        vector_dimension=512,
        vector_codec="float32",
        created_at=NOW,
    )


def test_reports(tried: Tried) -> None:
    store = tried.store
    items = [tried.sized(REPORT_CREATE, partial(report, number)) for number in range(20)]
    for item in items:
        consumed_exactly(tried.costs(REPORT_STORE, partial(store.put, REPORT_STORE, item)))
    own = {"id": items[0].id, "user_id": "ann"}
    change = partial(store.update, REPORT_UPDATE, {"author": "b"}, expected=1, **own)
    favor = partial(store.update, FAVORITE_ADD, {"favorites": {"two"}}, expected=0, **own)
    consumed_exactly(tried.costs(REPORT_GET, partial(store.get, REPORT_GET, id=items[0].id)))
    consumed_exactly(tried.costs(USER_REPORTS, partial(store.query, USER_REPORTS, user_id="ann")))
    consumed_exactly(tried.costs(REPORT_UPDATE, change))
    consumed_exactly(tried.costs(FAVORITE_ADD, favor))
    consumed_exactly(tried.costs(REPORT_DELETE, partial(store.delete, REPORT_DELETE, **own)))


def test_what_is_spread_or_overwritten_is_a_range(tried: Tried) -> None:
    store = tried.store
    old, new = ({"model": name, "created_at": NOW} for name in ("m-1", "m-2"))
    for number in range(400):
        item = tried.sized(EMBEDDING_STORE, partial(embedding, number, "m-1"))
        store.put(EMBEDDING_STORE, item, **old)
    read = partial(store.query, MODEL_EMBEDDINGS, model_version="m-1")
    within(tried.costs(MODEL_EMBEDDINGS, read))
    for number in range(20):
        item = tried.sized(EMBEDDING_SWAP, partial(embedding, number, "m-2"))
        within(
            tried.costs(
                EMBEDDING_SWAP, partial(store.put, EMBEDDING_SWAP, item, replaces="m-1", **new)
            )
        )
