"""The reports system answers as its OpenAPI document says, whatever is asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.contract import Contract
from tests.support.fuzz import Fuzzer, kept_document
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


class TestOpenapi(Contract):
    system = "reports"
    never_served = frozenset({"PATCH /profile", "PATCH /reports/{id}"})
    never_refused = frozenset({"GET /profile"})


def test_a_model_version_of_too_many_vectors_is_among_the_answers() -> None:
    answers = DOCUMENT["paths"]["/products/{productId}/similar"]["get"]["responses"]
    assert "422" in answers  # no test over HTTP stores as many
