"""The page of an API can be read on a phone, by day and by night."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from keyline_ops.openapi import pages

STYLE = Path(pages.__file__).with_name("page.css").read_text()
LEAST = 4.5
"""WCAG 2.2, 1.4.3: the contrast of text of normal size."""


def luminance(color: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    low, high = sorted(map(luminance, (first, second)))
    return (high + 0.05) / (low + 0.05)


def block(selector: str) -> dict[str, str]:
    """The declarations of the rule that begins with a selector."""
    found = re.search(rf"^{re.escape(selector)}[^{{}}]*{{([^}}]*)}}", STYLE, re.MULTILINE)
    assert found is not None, selector
    return dict(re.findall(r"([\w-]+): ([^;]+);", found[1]))


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


@pytest.mark.parametrize("theme", [":root", "html.dark-mode"])
@pytest.mark.parametrize("name", ["--text", "--link", "--danger"])
def test_the_colours_of_a_theme_can_be_read_on_its_background(theme: str, name: str) -> None:
    colours = block(theme)
    assert contrast(colours[name], colours["--back"]) >= LEAST


@pytest.mark.parametrize(
    ("selector", "on"),
    [
        ("html:not(.dark-mode) .swagger-ui .btn.authorize", "#ffffff"),
        ("html:not(.dark-mode) .swagger-ui .opblock .opblock-summary-method", "#61affe"),  # GET
        ("html:not(.dark-mode) .swagger-ui .opblock .opblock-summary-method", "#f93e3e"),  # DELETE
        ('.swagger-ui .language-json span[style*="211, 99, 99"]', "#333333"),
    ],
)
def test_words_of_swagger_ui_can_be_read_on_its_backgrounds(selector: str, on: str) -> None:
    assert contrast(block(selector)["color"].split()[0], on) >= LEAST


@pytest.mark.parametrize(
    "name", [".btn.execute", ".info .title small", ".info .title small.version-stamp"]
)
def test_backgrounds_of_ours_carry_white_words(name: str) -> None:
    colour = block(f"html:not(.dark-mode) .swagger-ui {name}")["background"]
    assert contrast(colour, "#ffffff") >= LEAST


def test_the_style_asks_nobody_else() -> None:
    assert not re.search(r"url\(|@import|https?:", STYLE)
