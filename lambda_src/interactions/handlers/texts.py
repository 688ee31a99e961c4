"""Clean texts that people write: refuse some characters, and keep one space between words."""

from __future__ import annotations

import unicodedata
from http import HTTPStatus

from keyline.http import HttpError

_REFUSED = frozenset({"Cc", "Co", "Cs"})
"""Categories of characters that are not text: control codes, private use and half pairs."""
_REORDERING = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""Embeddings, overrides and isolates of direction. These characters change the order in which the
text around them is shown, so that a name can look like another (CVE-2021-42574)."""
_NOT_TEXT = frozenset(map(chr, (0x200B, *range(0x206A, 0x2070), *range(0xFFF9, 0xFFFC), 0xFEFF)))
"""The invisible space, deprecated format characters, and marks of annotations and of byte order."""


def cleaned(text: str, path: str) -> str:
    """Return a text with one space between words and none at the ends.

    Joiners and other marks that writing needs stay: Persian, Indic scripts and emoji need them.
    A character that this version of Unicode does not know stays too.

    Raises
    ------
    HttpError
        400 at `path` if the text holds characters that are not text, or no visible character.
    """
    if any(_is_refused(character) for character in text):
        raise HttpError(
            HTTPStatus.BAD_REQUEST,
            path,
            "holds control characters or other characters that are not text.",
            "Send plain text.",
        )
    if all(character.isspace() or unicodedata.category(character) == "Cf" for character in text):
        raise HttpError(
            HTTPStatus.BAD_REQUEST, path, "holds no visible character.", "Send at least one word."
        )
    return " ".join(text.split())


def _is_refused(character: str) -> bool:
    code = ord(character)
    return (
        unicodedata.category(character) in _REFUSED
        or character in _REORDERING
        or character in _NOT_TEXT
        or 0xE0000 <= code <= 0xE007F  # tags, which spell a second, invisible text
        or 0xFDD0 <= code <= 0xFDEF  # noncharacters
        or code & 0xFFFE == 0xFFFE
    )
