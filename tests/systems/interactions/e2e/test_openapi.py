"""The interactions system answers as its OpenAPI document says, whatever is asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.support.contract import Contract
from tests.support.fuzz import Fuzzer, kept_document
from tests.support.platform import Running
from tests.systems.interactions.e2e.api import Api

pytestmark = pytest.mark.xdist_group("interactions")

DOCUMENT = kept_document("interactions")


@pytest.fixture(scope="module")
def fuzzer(api: Api, running: Running) -> Iterator[Fuzzer]:
    session = api.open()
    api.check(session)
    known = {"sessionId": session, "day": datetime.now(UTC).date().isoformat(), "q": "dose"}
    with Fuzzer(DOCUMENT, running.url, api.token(), known) as fuzzer:
        yield fuzzer


class TestOpenapi(Contract):
    system = "interactions"
    never_served = frozenset({"POST /interactions"})
    never_refused = frozenset({"GET /rate-limit"})
