"""Test which characters a name or a search may hold."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from interactions.handlers.texts import cleaned
from interactions.medicine_names import normalised
from interactions.rules import shipped
from keyline.http import HttpError

REORDERING = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]


@pytest.mark.parametrize(
    "text",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with a non-joiner
        "\u0915\u094d\u200d\u0937",  # Devanagari, with a joiner
        "\U0001f469\u200d\u2695\ufe0f",  # an emoji of three characters
        "co\u00adoperate",
        "\u05d0\u200f",
        "\u0378",  # no character yet; a later Unicode may have one there
    ],
)
def test_marks_that_writing_needs_are_text(text: str) -> None:
    assert cleaned(f"  {text}  a ", "body.medA") == f"{text} a"


@pytest.mark.parametrize(
    "code", [0, 9, 10, 0x7F, 0x85, 0x200B, *REORDERING, 0x206A, 0xE000, 0xFDD0, 0xFEFF, 0xFFFE]
)
def test_what_is_not_text_is_refused(code: int) -> None:
    with pytest.raises(HttpError) as refused:
        cleaned(f"a{chr(code)}b", "query.q")
    assert (refused.value.status, refused.value.path) == (400, "query.q")


@pytest.mark.parametrize("text", ["\u200d", " \u200c\u00ad ", "\u2060"])
def test_text_without_anything_to_see_is_refused(text: str) -> None:
    with pytest.raises(HttpError, match="no visible character"):
        cleaned(text, "query.q")


def test_nothing_that_is_not_seen_makes_another_name_of_one() -> None:
    """A medicine is found by its name, whatever joiners stand in it."""
    rules = shipped()
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)) == "Cf":
            assert normalised(f"war{chr(code)}farin") == "warfarin"
    assert rules.same("warfarin", "war\u200dfarin")
    assert rules.check("war\u200dfarin", "ibuprofen").risky
