"""The pages of the console: found by words, safe against what they show, whole in themselves."""

from __future__ import annotations

import re

import pytest

from keyline_deploy.project import ROOT
from tests.support.console import answer, console, platform
from tests.support.sample.shop import LARGE


def test_the_index_names_all_that_runs_as_text() -> None:
    page = answer(console(), "/")
    assert page.status_code == 200
    assert "Orders &amp; &lt;more&gt;" in page.text
    assert "<b" not in page.text.partition("<main")[2]
    for name in platform().status().functions:
        assert f'<a href="/functions/{name}">{name}</a>' in page.text


@pytest.mark.parametrize(
    ("query", "first"),
    [("by-state", "order-by-state"), ("query STATE", "order-by-state"), ("nightly", "-nightly-")],
)
def test_a_thing_is_found_by_words_of_its_name_and_its_purpose(query: str, first: str) -> None:
    page = answer(console(), "/search", params={"q": query})
    links = re.findall(r'<a href="([^"]+)"', page.text.partition("<main")[2])
    assert first in links[0]
    assert answer(console(), links[0]).status_code == 200


def test_a_search_shows_what_was_asked_as_text_and_finds_nothing_of_other_words() -> None:
    page = answer(console(), "/search", params={"q": "<script>alert(1)</script>"})
    assert "0 found" in page.text
    assert "<script>alert" not in page.text


def test_what_is_not_there_is_told() -> None:
    for path in ("/nothing", "/patterns/orders/nothing", "/_console/pages.py", "/source/app.py"):
        page = answer(console(), path)
        assert page.status_code == 404
        assert 'role="alert"' in page.text


@pytest.mark.parametrize("path", ["../app.py", "tests/../app.py", "docs/images/costs.svg", "docs"])
def test_only_files_that_pages_link_to_are_shown(path: str) -> None:
    page = answer(console(), "/source/" + path.replace("/", "%2F"))
    assert page.status_code == 404


def test_a_file_is_shown_as_text_with_its_names_as_anchors() -> None:
    test = answer(console(), "/source/tests/keyline_ops/unit/console/test_pages.py").text
    assert 'id="test_what_is_not_there_is_told"' in test
    assert "<script>alert" not in test
    runbook = answer(console(), "/source/docs/runbooks/alarms.md").text
    heading = re.search(r"^## ([a-zA-Z ]+)$", (ROOT / "docs/runbooks/alarms.md").read_text(), re.M)
    assert heading
    assert f'id="{heading[1].lower().replace(" ", "-")}"' in runbook


def test_a_page_fetches_nothing_from_elsewhere_and_no_page_may_frame_it() -> None:
    for path in ("/", "/patterns", f"/patterns/{LARGE.name}/{LARGE.patterns[0].name}"):
        page = answer(console(), path)
        rules = page.headers["content-security-policy"]
        assert "default-src 'none'" in rules
        assert "frame-ancestors 'none'" in rules
        assert "unsafe" not in rules
        fetched = re.findall(r'(?:src|<link[^>]* href)="([^"]+)"', page.text)
        assert fetched
        assert all(each.startswith(("/_console/", "data:")) for each in fetched)
        assert not re.search(r"<script>|<style|\son\w+=|style=", page.text)
        for each in fetched[1:]:
            assert answer(console(), each).status_code == 200
