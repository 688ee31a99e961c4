"""Actions of a person in a browser, and what keeps some people from them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from keyline_deploy.project import WORK
from scripts.screenshots import Browser

AXE = WORK / "site-env" / "node_modules" / "axe-core" / "axe.min.js"
SECONDS = 60.0
KEYS = {"Enter": 13, "Tab": 9, "/": 191}


def wait(shown: Browser, expression: str) -> Any:
    """Wait until an expression is true on the page, and return its value."""
    end = time.monotonic() + SECONDS
    while not (value := shown.value(expression)):
        assert time.monotonic() < end, f"{expression} on {shown.value('location.href')}"
        time.sleep(0.1)
    return value


def resize(shown: Browser, width: int, scheme: str = "light") -> None:
    shown.call(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=900, deviceScaleFactor=1, mobile=width < 500,
    )  # fmt: skip
    feature = {"name": "prefers-color-scheme", "value": scheme}
    shown.call("Emulation.setEmulatedMedia", features=[feature])


def go(shown: Browser, address: str) -> None:
    shown.call("Page.navigate", url="about:blank")
    shown.call("Page.navigate", url=address)
    wait(shown, f"location.href == {json.dumps(address)} && document.readyState == 'complete'")


def press(shown: Browser, key: str) -> None:
    """Press a key as a person does."""
    text = {"Enter": "\r", "/": "/"}.get(key, "")
    for kind in ("keyDown", "keyUp"):
        shown.call(
            "Input.dispatchKeyEvent",
            type=kind, key=key, code=key, windowsVirtualKeyCode=KEYS[key],
            **({"text": text} if kind == "keyDown" and text else {}),
        )  # fmt: skip


def tab_to(shown: Browser, selector: str, most: int = 400) -> None:
    """Press Tab until an element has the focus, and shows it."""
    for _ in range(most):
        press(shown, "Tab")
        if shown.value(f"!!document.activeElement?.matches({json.dumps(selector)})"):
            outline = "getComputedStyle(document.activeElement).outlineStyle"
            assert shown.value(outline) != "none", f"nobody sees the focus on {selector}"
            return
    pytest.fail(f"{most} times Tab do not reach {selector} on {shown.value('location.href')}")


def barriers(shown: Browser, address: str) -> Iterator[str]:
    """Yield what axe finds on a page, and where it is too wide: on a phone and a wide screen."""
    axe = AXE.read_text(encoding="utf-8")
    for width in (390, 1280):
        for scheme in ("light", "dark"):
            resize(shown, width, scheme)
            go(shown, address)
            beyond = shown.value("document.documentElement.scrollWidth - innerWidth")
            if beyond > 0:
                yield f"{width}: {beyond} pixels too wide"
            shown.value(axe)
            shown.value("axe.run(document).then(each => window.judged = each.violations); 0")
            for each in json.loads(wait(shown, "window.judged && JSON.stringify(judged)")):
                places = [node["html"][:120] for node in each["nodes"][:2]]
                yield f"{width} {scheme}: {each['id']}: {places}"
