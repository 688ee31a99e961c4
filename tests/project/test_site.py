"""The site of the documents in a browser: search, links, keyboard, dark, and pages for everybody.

`make site-check` builds the site and runs this.
"""

from __future__ import annotations

import functools
import http.server
import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keyline_deploy.project import WORK
from keyline_deploy.systems import systems
from scripts.screenshots import Browser, browser
from tests.support.browsing import barriers, go, press, resize, tab_to, wait
from tests.support.questions import ANSWERS

pytestmark = [pytest.mark.site, pytest.mark.timeout(900)]

SITE = WORK / "site"
SYSTEM = systems()[0]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of the site: the search reads its index from there."""
    assert (SITE / "index.html").exists(), "run `make site`"
    handler = functools.partial(Quiet, directory=str(SITE))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def shown() -> Iterator[Browser]:
    with browser() as found:
        yield found


def test_a_term_is_searched_and_a_pattern_and_its_test_are_opened_by_keyboard(
    shown: Browser, address: str
) -> None:
    resize(shown, 1280)
    pattern = SYSTEM.patterns[0].name
    page = f"systems/{SYSTEM.name}/patterns.html"

    # When a reader searches for a pattern
    go(shown, f"{address}index.html")
    press(shown, "/")
    wait(shown, "document.activeElement.name == 'q'")
    shown.call("Input.insertText", text=pattern)
    press(shown, "Enter")
    wait(shown, "location.pathname.endsWith('/search.html')")
    link = f'#search-results a[href*="{page}"]'
    wait(shown, f"!!document.querySelector({json.dumps(link)})")

    # Then the pattern is found, and its section names a test, which can be opened
    tab_to(shown, link)
    press(shown, "Enter")
    wait(shown, f"location.pathname.endsWith('/{page}') && document.readyState == 'complete'")
    section = wait(shown, f"document.getElementById({json.dumps(pattern)})?.innerText")
    assert "Units of a call, by the declaration" in section
    assert "Measured: " in section
    shown.call("Page.navigate", url=f"{address}{page}#{pattern}")
    time.sleep(0.3)
    tab_to(shown, f'#{pattern} a[href*="_source/tests/"]')
    press(shown, "Enter")
    wait(shown, "location.pathname.includes('/_source/tests/')")
    assert "def test_" in wait(shown, "document.querySelector('pre')?.innerText")


def test_the_dark_is_chosen_by_keyboard_and_kept(shown: Browser, address: str) -> None:
    resize(shown, 1280)
    go(shown, f"{address}systems/{SYSTEM.name}/index.html")
    light = shown.value("getComputedStyle(document.body).backgroundColor")
    box = "getComputedStyle(document.querySelector('.kd .box')).fill"
    light_box = shown.value(box)
    tab_to(shown, ".theme-toggle")
    for _ in range(3):
        if shown.value("document.body.dataset.theme") != "dark":
            press(shown, "Enter")
    assert shown.value("document.body.dataset.theme") == "dark"
    assert shown.value("getComputedStyle(document.body).backgroundColor") != light
    assert shown.value(box) != light_box
    go(shown, f"{address}docs/glossary.html")
    assert shown.value("document.body.dataset.theme") == "dark"
    shown.value("localStorage.clear()")


PAGES = (
    "index.html",
    *(f"systems/{SYSTEM.name}/{page}.html" for page in ("index", "patterns", "api", "README")),
    *("docs/architecture.html", "docs/glossary.html", "docs/requirements.html"),
    *("docs/adr/README.html", "reference/keyline.stream.html", "search.html"),
    "_source/tests/project/test_requirements.py.html",
)


@pytest.mark.parametrize("page", PAGES)
def test_everybody_can_use_a_page(shown: Browser, address: str, page: str) -> None:
    assert [*barriers(shown, f"{address}{page}")] == []


@pytest.mark.parametrize("question", ANSWERS)
def test_a_question_is_answered_in_at_most_three_clicks(question: str) -> None:
    front = (SITE / "index.html").read_text(encoding="utf-8")
    first = re.search(
        rf'href="(docs/[^"#]+)#([^"]+)"[^>]*>(?:<[^>]+>)*{re.escape(question)}', front
    )
    assert first, "the first page does not have the question"
    page = SITE / first[1]
    section = page.read_text(encoding="utf-8").partition(f'id="{first[2]}"')[2]
    section = section.partition("</section>")[0]
    file, _, anchor = ANSWERS[question].partition("#")
    answer = (SITE / file).with_suffix(".html")
    targets = re.findall(r'href="([^":#]*\.html)(?:#[^"]*)?"', section)
    assert answer in [(page.parent / target).resolve() for target in targets]
    assert f'id="{anchor}"' in answer.read_text(encoding="utf-8")


def test_nothing_comes_from_elsewhere() -> None:
    loaded = re.compile(r'<(?:script|img|iframe)[^>]*src="(?:https?:)?//|<link[^>]*href="https?:')
    pages = sorted(SITE.rglob("*.html"))
    assert len(pages) > 200
    assert [page.name for page in pages if loaded.search(page.read_text("utf-8"))] == []
    styles = [each.read_text("utf-8") for each in SITE.rglob("*.css")]
    assert [each for each in styles if re.search(r"url\(['\"]?(?:https?:)?//", each)] == []


def test_every_link_within_the_site_leads_to_a_page() -> None:
    broken = set()
    for page in SITE.rglob("*.html"):
        for target in re.findall(r'<a [^>]*href="([^":#?]+)["#?]', page.read_text("utf-8")):
            if not (page.parent / target).exists():
                broken.add(f"{page.relative_to(SITE)}: {target}")
    assert sorted(broken) == []


def test_the_site_stays_small() -> None:
    files = [each for each in SITE.rglob("*") if each.is_file()]
    assert sum(each.stat().st_size for each in files) < 80_000_000


def test_the_site_has_every_page_of_the_documents(root: Path) -> None:
    pages = [*(root / "docs").rglob("*.md"), *(root / "systems").glob("*/*.md")]
    names = [each.relative_to(root).with_suffix(".html") for each in pages]
    assert [str(name) for name in names if not (SITE / name).exists()] == []
