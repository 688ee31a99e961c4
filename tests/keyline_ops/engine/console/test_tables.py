"""The items of a table in the console, by key, on the engine."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette

from keyline_ops.console.items import LONGEST
from tests.support.console import answer, console, platform
from tests.support.engine import admin_client, running_engine
from tests.support.sample.notes import NOTES
from tests.support.tables import create_table_params, created

TABLE = NOTES.physical_name("local")
PATH = f"/tables/{TABLE}"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def app() -> Iterator[Starlette]:
    """The console of five items of one partition and one of another, with hostile texts."""
    with running_engine() as url, created(url, [create_table_params(NOTES, "local")]):
        client = admin_client(url)
        for number in range(5):
            client.put_item(
                TableName=TABLE,
                Item={
                    "owner": {"S": "ann"},
                    "timestamp": {"N": str(number)},
                    "name": {"S": SCRIPT},
                    "apiToken": {"S": "s3cret"},
                    "long": {"S": "x" * (LONGEST + 1_234)},
                    "deep": {"M": {"password": {"S": "s3cret"}, "raw": {"B": b"\x00\x01"}}},
                    "tags": {"SS": ["b", "a"]},
                },
            )
        client.put_item(TableName=TABLE, Item={"owner": {"S": SCRIPT}, "timestamp": {"N": "1"}})
        yield console(platform(engine=url))


def rows(page: str) -> list[str]:
    """Return the sort keys of a list of items."""
    return re.findall(r"<td>(\d+)</td>", page.partition("<tbody>")[2])


def test_items_are_those_of_a_partition_in_order_with_pages(app: Starlette) -> None:
    first = answer(app, PATH, params={"partition": "ann", "limit": "2"}).text
    assert "2 items" in first
    assert rows(first) == ["0", "1"]
    following = re.search(r'href="(\?[^"]+)">Next page', first)
    assert following
    second = answer(app, PATH + html.unescape(following[1])).text
    assert rows(second) == ["2", "3"]
    last = answer(app, PATH, params={"partition": "ann", "order": "descending", "limit": "1"}).text
    assert rows(last) == ["4"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [("=", ["2"]), (">=", ["2", "3", "4"]), ("<=", ["0", "1", "2"]), ("any", list("01234"))],
)
def test_a_condition_holds_of_the_sort_key(
    app: Starlette, condition: str, expected: list[str]
) -> None:
    asked = {"partition": "ann", "condition": condition, "sort": "2"}
    assert rows(answer(app, PATH, params=asked).text) == expected


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"partition": "ann", "condition": "=", "sort": "x"}, "'x' is not a number"),
        ({"partition": "ann", "condition": "OR 1=1", "sort": "1"}, "is not a condition"),
        ({"partition": "ann", "condition": "begins_with", "sort": "1"}, "is not a condition"),
        ({"limit": "0"}, "is not a number from 1 to 200"),
        ({"start": "x"}, "is not a key"),
        ({"start": '{"owner": 1}'}, "is not a key"),
    ],
)
def test_what_cannot_be_asked_is_told_beside_the_form(
    app: Starlette, asked: dict[str, str], said: str
) -> None:
    page = html.unescape(answer(app, PATH, params=asked).text)
    assert said in page
    assert 'name="partition"' in page


def test_no_list_and_no_item_shows_html_or_a_secret(app: Starlette) -> None:
    page = answer(app, PATH).text
    assert "6 items" in page
    links = [html.unescape(each) for each in re.findall(r'href="(/tables/[^"]+/item[^"]+)"', page)]
    assert len(links) == 6
    for link in links:
        item = answer(app, link)
        assert item.status_code == 200
        assert SCRIPT not in item.text
        assert "s3cret" not in item.text
    assert SCRIPT not in page
    assert "s3cret" not in page


def test_an_item_has_types_its_size_and_cut_values(app: Starlette) -> None:
    page = answer(app, PATH, params={"partition": "ann", "limit": "1"}).text
    link = html.unescape(re.findall(r'href="(/tables/[^"]+/item[^"]+)"', page)[0])
    item = html.unescape(answer(app, link).text)
    assert '"SS": [' in item
    assert '"B": "AAE="' in item
    assert "x… (1,234 characters more)" in item
    assert re.search(r"<dd>3,\d{3} bytes</dd>", item)
    whole = re.search(r'href="(\?[^"]+whole=1)"', item)
    assert whole
    assert "x" * (LONGEST + 1_234) in answer(app, link.partition("?")[0] + whole[1]).text


def test_an_item_that_is_not_there_is_told(app: Starlette) -> None:
    key = '{"owner":{"S":"nobody"},"timestamp":{"N":"1"}}'
    assert answer(app, f"{PATH}/item", params={"key": key}).status_code == 404
    assert answer(app, f"{PATH}/item", params={"key": "x"}).status_code == 400
    assert answer(app, "/tables/nothing").status_code == 404
