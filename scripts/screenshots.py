#!/usr/bin/env python3
"""Take the screenshots of the docs again from a local platform that runs.

The pages are the first one of the console, a pattern that it has read, the page of the first API
and the dashboards, each at 390 and 1,280 pixels, light and dark. The browser is driven over a pipe
with the Chrome DevTools Protocol: `--window-size` alone gives no window narrower than 500 pixels
and no dark mode.
"""

from __future__ import annotations

import argparse
import base64
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from keyline.errors import KeylineError
from keyline_deploy.environment import LOCAL
from keyline_deploy.project import LOCAL_STATE, ROOT
from keyline_local import ask, issuer_url
from keyline_ops.dashboard import page

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
    "--remote-debugging-pipe",
)
_SIZES = ((390, 1600), (1280, 880))
"""Width and height: the top of each page, small enough for a repository."""
_SCHEMES = ("light", "dark")
_SECONDS = 30.0
_READY = "document.readyState == 'complete' && !document.querySelector('#page:empty, .loading')"
_TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"


class Browser:
    """A page of a headless browser, driven over two pipes: messages end with a zero byte."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands = os.fdopen(commands, "wb", buffering=0)
        self._answers = os.fdopen(answers, "rb")
        self._session: str | None = None
        self._last = 0
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]

    def call(self, method: str, **params: Any) -> Any:
        """Send a command, and return its result."""
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._commands.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads(self._message())
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise KeylineError(method, answer["error"]["message"])
                return answer["result"]

    def value(self, expression: str) -> Any:
        """Return what an expression is on the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return result["result"].get("value")

    def picture(self, url: str, width: int, height: int, scheme: str) -> bytes:
        """Return the top of a page as PNG."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 500,
        )  # fmt: skip
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])
        self.call("Page.navigate", url="about:blank")
        failed = self.call("Page.navigate", url=url).get("errorText")
        if failed:
            raise KeylineError(url, f"cannot be shown: {failed}.")
        end = time.monotonic() + _SECONDS
        while not (self.value("location.href") == url and self.value(_READY)):
            if time.monotonic() > end:
                raise KeylineError(url, f"was not shown within {_SECONDS:g} s.")
            time.sleep(0.1)
        time.sleep(0.5)  # for transitions
        if (beyond := self.value(_TOO_WIDE)) > 0:
            raise KeylineError(url, f"is {beyond} pixels wider than {width} pixels.")
        taken = self.call("Page.captureScreenshot", format="png")
        return base64.b64decode(taken["data"])

    def _message(self) -> bytes:
        found = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            if not byte:
                raise KeylineError("browser", "ended before it answered.")
            found += byte
        return bytes(found)


@contextmanager
def browser() -> Iterator[Browser]:
    """Start a browser, and end it."""
    program = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if program is None:
        raise KeylineError("PATH", "has no browser.", f"Install one of: {', '.join(_BROWSERS)}.")
    theirs, commands = os.pipe()
    answers, told = os.pipe()
    pipes = f'exec "$@" 3<&{theirs} 4>&{told}'
    with tempfile.TemporaryDirectory() as profile:
        process = subprocess.Popen(
            ["bash", "-c", pipes, "bash", program, *_OPTIONS, f"--user-data-dir={profile}"],
            pass_fds=(theirs, told),
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.close(told)
        try:
            yield Browser(commands, answers)
        finally:
            process.terminate()
            process.wait()


def _pattern_that_was_read(index: str) -> str:
    """Return the address of a pattern's page with values of items that are there.

    Raises
    ------
    KeylineError
        If no pattern finds an item.
    """
    with httpx.Client(base_url=index, trust_env=False, timeout=_SECONDS) as http:
        for path in re.findall(r'href="(/patterns/[^"]+)"', http.get("/patterns").text):
            page = http.get(path).text
            values = re.search(r'href="(\?[^"]+run=1)"', page)
            if values and "Query on" in page:
                return f"{index}{path}{html.unescape(values[1])}"
    raise KeylineError(index, "no pattern finds an item.", "Load the samples with `make up`.")


def main() -> None:
    """Take the screenshots."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, default=LOCAL_STATE, help="the platform's folder")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "images", metavar="FOLDER")
    options = parser.parse_args()
    index = issuer_url(options.state)
    apis = ask(index, "GET", "/status")["apis"]
    pages = {
        "index": f"{index}/",
        "pattern": _pattern_that_was_read(index),
        "api": f"{next(iter(apis.values()))}/_keyline/docs",
    }
    options.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, browser() as shown:
        drawn = Path(folder) / "dashboard.html"
        drawn.write_text(
            page({**ask(index, "GET", "/dashboards"), "environment": LOCAL}), encoding="utf-8"
        )
        pages["dashboard"] = drawn.as_uri()
        for name, url in pages.items():
            for width, height in _SIZES:
                for scheme in _SCHEMES:
                    path = options.output / f"{name}-{width}-{scheme}.png"
                    path.write_bytes(shown.picture(url, width, height, scheme))
                    sys.stdout.write(f"{path}: {path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    try:
        main()
    except KeylineError as error:
        sys.exit(str(error))
