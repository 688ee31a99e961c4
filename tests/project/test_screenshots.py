"""The screenshots in the docs are there, are small and are shown with a text."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import product
from pathlib import Path

MOST_BYTES = 150_000
PAGES = product(("index", "pattern", "api", "dashboard"), (390, 1280), ("light", "dark"))
NAMES = {f"{page}-{width}-{scheme}.png" for page, width, scheme in PAGES}


def size(image: Path) -> tuple[int, int]:
    """Return the pixels of a PNG, as its header says them."""
    head = image.read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])


def test_every_screenshot_is_there_and_as_wide_as_its_name_says(root: Path) -> None:
    images = {path.name: path for path in (root / "docs" / "images").iterdir()}
    assert {name for name in images if name.endswith(".png")} == NAMES
    for name, path in ((name, images[name]) for name in NAMES):
        width, height = size(path)
        assert width == int(name.split("-")[1])
        assert height <= 1600
        assert path.stat().st_size < MOST_BYTES, name


def test_the_docs_show_every_screenshot_with_a_text(root: Path) -> None:
    text = (root / "docs" / "local-platform.md").read_text()
    shown = dict(re.findall(r'<img alt="([^"]+)" src="images/([^"]+)"', text))
    assert set(shown.values()) == NAMES
    assert len(shown) == len(NAMES)  # no text is that of two


def test_the_tool_that_takes_them_explains_itself(root: Path) -> None:
    script = root / "scripts" / "screenshots.py"
    done = subprocess.run(
        [sys.executable, str(script), "--help"], capture_output=True, text=True, check=True
    )
    assert "--state" in done.stdout
