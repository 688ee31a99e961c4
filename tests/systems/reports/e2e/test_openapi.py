"""The reports system answers as its OpenAPI document says, whatever is asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from keyline_ops.openapi.files import document_of
from tests.support.fuzz import Fuzzer, kept_document, operations
from tests.support.platform import Running
from tests.systems.reports.e2e.api import CATALOGUE, Api, fresh

pytestmark = pytest.mark.xdist_group("reports")

DOCUMENT = kept_document("reports")


@pytest.fixture
def fuzzer(api: Api, running: Running) -> Iterator[Fuzzer]:
    """One of a user with a report, who may store vectors, for each operation: some delete."""
    token = api.token(fresh(), claims=CATALOGUE)
    api.get("/profile", token)
    product, model = fresh(), fresh()
    assert api.embed(product, model, [0.6, 0.8]).status_code == 200
    known = {
        "id": api.create(token)["id"],
        "version": 1,
        "productId": product,
        "model_version": model,
    }
    with Fuzzer(DOCUMENT, running.url, token, known) as fuzzer:
        yield fuzzer


@pytest.mark.parametrize("operation", operations(DOCUMENT))
def test_the_example_of_an_operation_can_be_sent_as_it_is(fuzzer: Fuzzer, operation: str) -> None:
    assert 200 <= fuzzer.send_example(operation) < 300


@pytest.mark.soak
@pytest.mark.parametrize("operation", operations(DOCUMENT))
def test_no_request_breaks_the_contract(fuzzer: Fuzzer, operation: str) -> None:
    answered = fuzzer.fuzz(operation)
    # Both what is served and what is refused was reached; a change by its version is no guess.
    assert any(status < 300 for status in answered) or operation.startswith("PATCH"), answered
    refusable = operation != "GET /profile"  # it takes nothing that could be wrong
    assert any(400 <= status < 500 for status in answered) == refusable, answered


def test_the_running_api_shows_the_document_of_its_handlers(api: Api, running: Running) -> None:
    shown = api.call("GET", "/_keyline/openapi.json").json()
    assert shown.pop("servers") == [{"url": running.url}]
    assert shown == document_of("reports", running.platform.deployment)


def test_a_model_version_of_too_many_vectors_is_among_the_answers() -> None:
    answers = DOCUMENT["paths"]["/products/{productId}/similar"]["get"]["responses"]
    assert "422" in answers  # no test over HTTP stores as many
