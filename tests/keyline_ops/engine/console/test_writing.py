"""Patterns that write: shown first, and made only once somebody has confirmed what was shown."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette

from tests.support.console import URL, answer, asked, console, platform
from tests.support.engine import admin_client, running_engine
from tests.support.sample.notes import NOTES, PUT_NOTE
from tests.support.sample.shop import LARGE
from tests.support.tables import create_table_params, created

TABLE = NOTES.physical_name("local")
PATH = f"/patterns/{LARGE.name}/{PUT_NOTE.name}"


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    with running_engine() as url, created(url, [create_table_params(NOTES, "local")]):
        yield url


@pytest.fixture
def app(engine: str) -> Starlette:
    return console(platform(engine=engine))


def shown(app: Starlette, owner: str) -> dict[str, str]:
    """Show a write, and return the form that confirms it."""
    item = {"owner": owner, "timestamp": 1.9e12, "name": "plan", "size": 1, "topic": "work"}
    path, query = asked(PUT_NOTE.name, {"item": json.dumps(item)})
    page = answer(app, path, params=query).text
    assert "This will be written" in page
    return {
        name: html.unescape(value)
        for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)
    }


def count(engine: str) -> int:
    return int(admin_client(engine).scan(TableName=TABLE, Select="COUNT")["Count"])


def test_a_write_that_was_shown_and_confirmed_is_made_once_and_has_an_address(
    app: Starlette, engine: str
) -> None:
    before = count(engine)
    form = shown(app, "ann")
    assert count(engine) == before
    made = answer(app, PATH, method="POST", data=form, headers={"origin": URL})
    assert made.status_code == 303
    assert count(engine) == before + 1
    page = answer(app, made.headers["location"]).text
    assert "3 write units" in page  # of the table and two indexes
    assert "PutItem" in page
    assert "plan" in page


def test_a_refusal_of_a_condition_is_told(app: Starlette) -> None:
    form = shown(app, "bob")
    assert answer(app, PATH, method="POST", data=form).status_code == 303
    again = answer(app, PATH, method="POST", data=form)
    assert again.status_code == 400
    assert 'role="alert"' in again.text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:3000"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_site_cannot_write_even_with_the_mark(
    app: Starlette, engine: str, headers: dict[str, str]
) -> None:
    form, before = shown(app, "eve"), count(engine)
    assert answer(app, PATH, method="POST", data=form, headers=headers).status_code == 403
    assert count(engine) == before


def test_a_mark_holds_for_what_was_shown_alone(app: Starlette, engine: str) -> None:
    form, before = shown(app, "eve"), count(engine)
    other = {**form, "item": form["item"].replace("eve", "mallory")}
    for forged in (other, {**form, "confirmed": ""}, {"item": form["item"]}):
        refused = answer(app, PATH, method="POST", data=forged, headers={"origin": URL})
        assert refused.status_code == 403
    elsewhere = f"/patterns/{LARGE.name}/replace-note"
    assert answer(app, elsewhere, method="POST", data=form).status_code == 403
    # And another console does not know the mark
    assert (
        answer(console(platform(engine=engine)), PATH, method="POST", data=form).status_code == 403
    )
    assert count(engine) == before


def test_a_page_that_is_read_changes_nothing(app: Starlette, engine: str) -> None:
    form, before = shown(app, "eve"), count(engine)
    answer(app, PATH, params={**form, "run": "1"})
    assert count(engine) == before
    assert answer(app, "/", method="POST", data=form).status_code in (404, 405)
