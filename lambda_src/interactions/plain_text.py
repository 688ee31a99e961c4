"""Bring texts that look alike into one form, to compare them."""

from __future__ import annotations

import unicodedata

_SIGNS = "®™©℠℗ⓇⓡⒸⓒ🄫🄬🅪🅫🅬"
"""Signs of trade marks. NFKC writes some of them as letters: `aspirin™` as `aspirintm`."""
_FOOTNOTES = "⁰¹²³⁴⁵⁶⁷⁸⁹"
"""Raised digits, which NFKC writes as digits. In a text they name a footnote."""
_APOSTROPHES = "\u2018\u2019\u201b\u02bc\u02b9\u2032\u00b4`"
_HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_INVISIBLE = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"
"""What is not shown and is not a format character: joiners and fillers."""
_VARIANTS = (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
"""Variation selectors: keyboards of phones write one behind ® and ™."""
_SAME = {
    **dict.fromkeys(map(ord, _SIGNS + _FOOTNOTES), " "),
    **dict.fromkeys(map(ord, _APOSTROPHES), "'"),
    **dict.fromkeys(map(ord, _HYPHENS), "-"),
    **dict.fromkeys((*map(ord, _INVISIBLE), *_VARIANTS), ""),
}


def plain(text: str) -> str:
    """Return a text in lower case, with one form of spaces, characters and punctuation.

    Signs of trade marks, raised digits and characters that are not shown, such as joiners, are
    removed.
    """
    seen = "".join(c for c in text if unicodedata.category(c) != "Cf").translate(_SAME)
    return " ".join(unicodedata.normalize("NFKC", seen).casefold().split())
