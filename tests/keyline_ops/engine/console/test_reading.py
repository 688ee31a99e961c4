"""Patterns that are read in the console, on the engine."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette

from keyline_deploy.environment import load
from keyline_ops.deployed import Deployed
from tests.support.console import answer, asked, console, platform
from tests.support.engine import running_engine
from tests.support.sample.notes import GET_NOTE, NOTES, NOTES_OF, PUT_NOTE, note
from tests.support.sample.shop import LARGE
from tests.support.tables import create_table_params, created

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def app() -> Iterator[Starlette]:
    """The console of an engine with five notes, one of which is a script."""
    with running_engine() as url, created(url, [create_table_params(NOTES, "local")]):
        store = Deployed(load("local"), engine=url).store(LARGE, 1)
        for number in range(5):
            name = SCRIPT if number == 3 else f"plan {number}"
            store.put(PUT_NOTE, note("ann", 1_900_000_000_000.0 + number, name=name))
        yield console(platform(engine=url))


def test_a_page_shows_items_capacity_the_request_and_where_to_read_on(app: Starlette) -> None:
    path, query = asked(NOTES_OF.name, {"owner": "ann", "limit": "3"})
    page = html.unescape(answer(app, path, params=query).text)
    assert "3 items, 0.5 read units" in page
    assert [f"plan {n}" in page for n in range(5)] == [True, True, True, False, False]
    assert '"TableName": "StaffNotes-local"' in page
    assert '":owner": {\n      "S": "ann"' in page

    following = re.search(r'<a href="(\?[^"]+)">Next page', page)
    assert following
    last = answer(app, path + following[1])
    assert "2 items" in last.text
    assert "plan 4" in last.text
    assert "Next page" not in last.text
    # And a cursor of other values is refused
    other = answer(app, path + following[1].replace("owner=ann", "owner=bob"))
    assert "InvalidCursor" in other.text or "cursor" in other.text.partition('role="alert"')[2]


def test_what_is_stored_is_text_and_not_html(app: Starlette) -> None:
    path, query = asked(NOTES_OF.name, {"owner": "ann"})
    page = answer(app, path, params=query).text
    assert SCRIPT not in page
    assert html.escape(SCRIPT) in page


def test_an_item_that_is_not_there_is_no_error(app: Starlette) -> None:
    path, query = asked(GET_NOTE.name, {"owner": "bob", "timestamp": "1"})
    assert "0 items, 0.5 read units" in answer(app, path, params=query).text


def test_values_are_text_and_not_html(app: Starlette) -> None:
    path, query = asked(NOTES_OF.name, {"owner": f'">{SCRIPT}'})
    assert SCRIPT not in answer(app, path, params=query).text
