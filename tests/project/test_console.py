"""The console in a browser: a walk, the keyboard alone, dark, and pages for everybody.

`make site-check` runs this, on a platform that has loaded its samples.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from keyline.model import Delete, Query
from keyline_deploy.systems import systems
from keyline_local import issuer_url
from scripts.screenshots import Browser, browser
from tests.support.browsing import barriers, go, press, resize, tab_to, wait

pytestmark = [pytest.mark.site, pytest.mark.timeout(900)]

SYSTEM = systems()[0]
PATTERN = next(
    pattern
    for pattern in SYSTEM.called
    if isinstance(pattern, Query) and len(pattern.parameters) == 1
)
KEYLINE = (sys.executable, "-m", "keyline_ops.cli")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return where the console of a platform is that has loaded its samples."""
    state = tmp_path_factory.mktemp("console") / "state"
    try:
        command = [*KEYLINE, "up", "--wait", "--free-ports", "--quiet", "--state", str(state)]
        started = subprocess.run(command, capture_output=True, text=True, check=False)
        assert started.returncode == 0, started.stdout + started.stderr
        yield issuer_url(state)
    finally:
        subprocess.run([*KEYLINE, "down", "--state", str(state)], check=False)


@pytest.fixture(scope="module")
def shown() -> Iterator[Browser]:
    with browser() as found:
        yield found


def arrive(shown: Browser, expression: str) -> None:
    """Wait until a page is there that an expression holds on."""
    wait(shown, f"document.readyState == 'complete' && {expression}")


def follow(shown: Browser, selector: str) -> None:
    """Reach a link or a button with Tab, and press it."""
    tab_to(shown, selector)
    press(shown, "Enter")


def text(shown: Browser) -> str:
    return str(shown.value("document.body.innerText"))


def test_a_walk_with_the_keyboard_alone(shown: Browser, address: str) -> None:
    resize(shown, 1280)
    go(shown, f"{address}/")

    # Search a term
    tab_to(shown, "#q")
    shown.call("Input.insertText", text=PATTERN.name)
    press(shown, "Enter")
    arrive(shown, "location.pathname == '/search'")

    # Open a pattern, and run it with a value of an item that is there
    follow(shown, f'main a[href="/patterns/{SYSTEM.name}/{PATTERN.name}"]')
    arrive(shown, f"location.pathname.endsWith('/{PATTERN.name}')")
    follow(shown, 'main li a[href*="run=1"]')
    arrive(shown, "!!document.querySelector('#result')")

    # See what it took, what was sent, and what allows it
    page = text(shown)
    assert re.search(r"\d+ items?, [\d.]+ read unit", page)
    assert "Query {" in page
    assert PATTERN.table.physical_name("local") in page
    assert "may dynamodb:Query" in page

    # Run it once more from its form
    follow(shown, "form.values button")
    arrive(shown, "!!document.querySelector('#result') && location.search.includes('limit=')")

    # Follow the link to its test
    follow(shown, 'a[href*="/source/tests/"]')
    arrive(shown, "location.pathname.startsWith('/source/tests/')")
    assert "def test_" in text(shown)


def test_dark_is_chosen_by_keyboard_and_kept(shown: Browser, address: str) -> None:
    resize(shown, 1280)
    go(shown, f"{address}/patterns")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = shown.value(ground)
    follow(shown, "#theme")
    wait(shown, f"{ground} != {light!r}")
    dark = shown.value(ground)
    go(shown, f"{address}/logs")
    assert shown.value(ground) == dark
    follow(shown, "#theme")
    wait(shown, f"{ground} == {light!r}")
    shown.value("localStorage.clear()")


def test_live_parts_are_renewed_until_somebody_pauses(shown: Browser, address: str) -> None:
    go(shown, f"{address}/logs?text=Request")
    wait(shown, "!document.querySelector('#pause').hidden")
    # Given a line that is no longer true, Then the next look puts it right
    shown.value("document.querySelector('#live h2').textContent = 'old'; 0")
    wait(shown, "document.querySelector('#live h2').textContent != 'old'")
    # And not once somebody has paused
    follow(shown, "#pause")
    assert shown.value("document.querySelector('#pause').ariaPressed") == "true"
    shown.value("window.asked = 0; window.fetch = () => { window.asked += 1; }; 0")
    shown.value("document.querySelector('#live h2').textContent = 'old'; 0")
    rounds = "window.rounds = 0; setInterval(() => { window.rounds += 1; }, 2000); 0"
    shown.value(rounds)
    wait(shown, "window.rounds == 2")
    assert shown.value("window.asked") == 0


def test_a_write_is_seen_confirmed_and_made(shown: Browser, address: str) -> None:
    deletes = [
        f"/patterns/{system.name}/{pattern.name}"
        for system in systems()
        for pattern in system.called
        if type(pattern) is Delete and not pattern.conditions
    ]
    pages = {path: httpx.get(f"{address}{path}", trust_env=False).text for path in deletes}
    path = next(path for path, page in pages.items() if "Values of items that are there" in page)

    # Given the values of an item that is there, When the write is asked for
    resize(shown, 390)
    go(shown, f"{address}{path}")
    follow(shown, 'main li a[href^="?"]')
    arrive(shown, "location.search != ''")
    follow(shown, "form.values button")
    arrive(shown, "!!document.querySelector('.confirm')")
    assert "DeleteItem {" in text(shown)
    assert "write unit" not in text(shown)

    # Then it is made once it is confirmed
    follow(shown, ".confirm button")
    arrive(shown, "location.pathname.startsWith('/writes/')")
    assert re.search(r"[\d.]+ write unit", text(shown))


PAGES = (
    "/",
    f"/search?q={SYSTEM.name}",
    "/patterns",
    f"/patterns/{SYSTEM.name}/{PATTERN.name}",
    "/tables",
    f"/tables/{PATTERN.table.physical_name('local')}",
    "/streams",
    "/functions",
    "/alarms",
    "/logs",
    "/nothing",
)


@pytest.mark.parametrize("page", PAGES)
def test_everybody_can_use_a_page(shown: Browser, address: str, page: str) -> None:
    assert [*barriers(shown, f"{address}{page}")] == []


@pytest.mark.parametrize("part", ["/patterns", "/functions", "/streams"])
def test_everybody_can_use_what_a_part_lists(shown: Browser, address: str, part: str) -> None:
    listed = httpx.get(f"{address}{part}", trust_env=False).text
    link = re.search(rf'href="({part}/[^"]+)"', listed)
    assert link
    page = httpx.get(f"{address}{link[1]}", trust_env=False).text
    run = re.search(r'href="(\?[^"]+)"', page)
    query = run[1].replace("&amp;", "&") if run else ""
    assert [*barriers(shown, f"{address}{link[1]}{query}")] == []
