"""The shared types of texts: what an address can name, and what people write."""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from keyline.inputs import MultiLine, PathId, SingleLine


def takes(annotation: Any, text: str) -> bool:
    try:
        msgspec.convert(text, annotation)
    except msgspec.ValidationError:
        return False
    return True


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.text(
    "./\\ \n\r\t\0\x7f\x85\u2028a", max_size=4
)


@given(TEXTS)
def test_an_identifier_is_one_segment_that_no_server_changes(text: str) -> None:
    is_named = takes(PathId, text)
    breaks = {"/", "\\", "\u2028", "\u2029"}
    assert is_named == (
        text not in ("", ".", "..")
        and not any(c in breaks or unicodedata.category(c) == "Cc" for c in text)
    )
    if is_named:
        path = urlsplit(f"https://api.example/items/{quote(text, safe='')}").path
        assert [unquote(part) for part in path.split("/")] == ["", "items", text]


@given(TEXTS)
def test_a_line_is_not_blank_and_has_no_control_characters(text: str) -> None:
    has_controls = any(unicodedata.category(c) == "Cc" or c in "\u2028\u2029" for c in text)
    assert takes(SingleLine, text) == (bool(re.search(r"\S", text)) and not has_controls)


@given(TEXTS)
def test_text_of_many_lines_may_have_tabs_and_line_breaks(text: str) -> None:
    controls = {c for c in text if unicodedata.category(c) == "Cc"} - set("\t\n\v\f\r")
    assert takes(MultiLine, text) == (bool(text) and not controls)


@pytest.mark.parametrize("annotation", [PathId, SingleLine, MultiLine])
@given(text=TEXTS)
def test_the_document_of_an_api_means_the_same(annotation: Any, text: str) -> None:
    schema = Draft202012Validator(msgspec.json.schema(annotation))
    blank = annotation is SingleLine and re.fullmatch(r"[\s\x1c-\x1f\x85]*", text)
    assert schema.is_valid(text) == takes(annotation, text) or blank
