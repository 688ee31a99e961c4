"""The pages of functions, and their content."""

from __future__ import annotations

import html

from tests.support.console import answer, console, platform
from tests.support.sample.orders import API, NIGHTLY, STREAM


def test_a_function_says_how_it_is_entered_what_it_uses_and_what_it_may() -> None:
    page = html.unescape(answer(console(), "/functions/orders-api-local").text)
    assert API.why in page
    for route in API.routes:
        assert f"{route.method} {route.path}" in page
    for pattern in API.patterns:
        assert f'href="/patterns/orders/{pattern.name}"' in page
    assert '"dynamodb:Query"' in page
    stream = html.unescape(answer(console(), f"/functions/orders-{STREAM.name}-local").text)
    assert "of CustomerOrders" in stream
    nightly = html.unescape(answer(console(), f"/functions/orders-{NIGHTLY.name}-local").text)
    assert str(NIGHTLY.schedule) in nightly


def test_a_function_that_no_system_declares_has_a_page_too() -> None:
    app = console(platform(), systems=())
    page = answer(app, "/functions/orders-api-local")
    assert page.status_code == 200
    assert "dynamodb:Query" in page.text
    assert API.why not in page.text
