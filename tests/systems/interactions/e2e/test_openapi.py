"""The interactions system answers as its OpenAPI document says, whatever is asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from keyline_ops.openapi.files import document_of
from tests.support.fuzz import Fuzzer, kept_document, operations
from tests.support.platform import Running
from tests.systems.interactions.e2e.api import Api

pytestmark = pytest.mark.xdist_group("interactions")

DOCUMENT = kept_document("interactions")
WITHOUT_INPUT = {"POST /sessions", "GET /sessions", "GET /me", "GET /rate-limit"}


@pytest.fixture(scope="module")
def fuzzer(api: Api, running: Running) -> Iterator[Fuzzer]:
    session = api.open()
    api.check(session)
    known = {"sessionId": session, "day": datetime.now(UTC).date().isoformat(), "q": "dose"}
    with Fuzzer(DOCUMENT, running.url, api.token(), known) as fuzzer:
        yield fuzzer


@pytest.mark.parametrize("operation", operations(DOCUMENT))
def test_the_example_of_an_operation_can_be_sent_as_it_is(fuzzer: Fuzzer, operation: str) -> None:
    assert 200 <= fuzzer.send_example(operation) < 300


@pytest.mark.soak
@pytest.mark.parametrize("operation", operations(DOCUMENT))
def test_no_request_breaks_the_contract(fuzzer: Fuzzer, operation: str) -> None:
    answered = fuzzer.fuzz(operation)
    # Both what is served and what is refused was reached; a session in a body is no guess.
    assert any(status < 300 for status in answered) or operation == "POST /interactions", answered
    refusable = operation not in WITHOUT_INPUT
    assert any(400 <= status < 500 for status in answered) == refusable, answered


def test_the_running_api_shows_the_document_of_its_handlers(api: Api, running: Running) -> None:
    shown = api.call("GET", "/_keyline/openapi.json").json()
    assert shown.pop("servers") == [{"url": running.url}]
    assert shown == document_of("interactions", running.platform.deployment)
