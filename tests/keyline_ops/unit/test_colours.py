"""The colours of the platform's pages can be read by day and by night."""

from __future__ import annotations

import re

import pytest

from keyline_ops.colours import TOKENS
from tests.support.contrast import LEAST, contrast

STYLE = TOKENS.read_text(encoding="utf-8")
PAIRS = re.findall(r"--(\w+): light-dark\((#\w{6}), (#\w{6})\);", STYLE)
COLOURS = {
    theme: {name: pair[place] for name, *pair in PAIRS}
    for place, theme in enumerate(("light", "dark"))
}


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


@pytest.mark.parametrize("theme", COLOURS)
@pytest.mark.parametrize("name", ["text", "muted", "link", "danger", "fine"])
@pytest.mark.parametrize("ground", ["back", "raised"])
def test_the_colours_of_a_theme_can_be_read_on_its_grounds(
    theme: str, name: str, ground: str
) -> None:
    assert contrast(COLOURS[theme][name], COLOURS[theme][ground]) >= LEAST


def test_the_style_asks_nobody_else() -> None:
    assert not re.search(r"url\(|@import|https?:", STYLE)
