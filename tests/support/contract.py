"""The tests of a running API against its OpenAPI document, alike for every system."""

from __future__ import annotations

from collections.abc import Set
from typing import ClassVar

import pytest

from keyline_ops.openapi.files import document_of
from tests.support.client import Client
from tests.support.fuzz import Fuzzer, kept_document, operations
from tests.support.platform import Running


class Contract:
    """Tests of each operation; a system's test class says which system it is.

    The module of the class has the fixture `fuzzer`.

    Attributes
    ----------
    never_served
        Operations that no made-up request gets right, since it cannot guess what is stored.
    never_refused
        Operations that take nothing that could be wrong.
    """

    system: ClassVar[str]
    never_served: ClassVar[Set[str]] = frozenset()
    never_refused: ClassVar[Set[str]] = frozenset()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "operation" in metafunc.fixturenames:
            metafunc.parametrize("operation", operations(kept_document(self.system)))

    def test_the_example_of_an_operation_can_be_sent_as_it_is(
        self, fuzzer: Fuzzer, operation: str
    ) -> None:
        assert 200 <= fuzzer.send_example(operation) < 300

    @pytest.mark.soak
    def test_no_request_breaks_the_contract(self, fuzzer: Fuzzer, operation: str) -> None:
        answered = fuzzer.fuzz(operation)
        # Both what is served and what is refused was reached.
        served = any(status < 300 for status in answered)
        assert served or operation in self.never_served, answered
        refused = any(400 <= status < 500 for status in answered)
        assert refused == (operation not in self.never_refused), answered

    def test_the_running_api_shows_the_document_of_its_handlers(
        self, api: Client, running: Running
    ) -> None:
        shown = api.call("GET", "/_keyline/openapi.json").json()
        assert shown.pop("servers") == [{"url": running.url}]
        assert shown == document_of(self.system, running.platform.deployment)
