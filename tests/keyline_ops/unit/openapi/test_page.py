"""The page of an API can be read on a phone, by day and by night."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from keyline_ops.openapi import pages
from tests.support.contrast import LEAST, contrast

STYLE = Path(pages.__file__).with_name("page.css").read_text()


def block(selector: str) -> dict[str, str]:
    """Return the declarations of the rule that begins with a selector."""
    found = re.search(rf"^{re.escape(selector)}[^{{}}]*{{([^}}]*)}}", STYLE, re.MULTILINE)
    assert found is not None, selector
    return dict(re.findall(r"([\w-]+): ([^;]+);", found[1]))


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
