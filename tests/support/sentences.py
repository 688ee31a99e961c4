"""The sentences of Markdown pages, as a reader counts them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MOST_WORDS = 35
"""The most words of a sentence that a tired reader takes in at once."""

_HIDDEN = re.compile(r"^(```|~~~).*?^\1[^\n]*$|<!--.*?-->", re.M | re.S)
_CODE = re.compile(r"`[^`\n]+(\n[^`\n]+)?`")
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)|<[^>\n]+>")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()\s]*\)")
_BLOCK = re.compile(r"\s*(?:[*+-]|\d+\.)\s+|\s*(?:#{1,6}|>)\s+|\s*\|")
_END = re.compile(r"(?<!e\.g)(?<!i\.e)(?<!\bvs)[.!?][\"')*_]*\s+(?=[\"'(*_\[`]*\w)")
_LEAD = re.compile(r"\*\*[^*]+:\*\*:? +")
"""What stands before the first sentence of a point: `**Built:**`."""
_AUXILIARY = "is|are|was|were|has|have|do|does|can|cannot|may|must|will|would"
_ITS_VERBS = "costs|gives|goes|holds|makes|names|needs|reads|says|shows|stands|takes|writes"
_NOUN_IN_S = r"(?:class|process|address|access|status|alias|loss|[a-z]+sis)\b"
_PRONOUN = re.compile(
    r"(?:It|They|Its|Their|He|She|His|Her|Them)\b"
    rf"|(?:This|That) (?:{_AUXILIARY}|also|only|never|alone|(?!{_NOUN_IN_S})[a-z]+s)\b"
    rf"|(?:These|Those|Both|Neither|Each|One|Others?) (?:{_AUXILIARY}|{_ITS_VERBS})\b"
)


@dataclass(frozen=True)
class Sentence:
    """A sentence of a page.

    Attributes
    ----------
    line
        The line on which its block begins.
    text
        Its words. A piece of code is one word, "`code`".
    """

    line: int
    text: str

    @property
    def words(self) -> int:
        """The number of its words."""
        return len(self.text.split())

    @property
    def is_long(self) -> bool:
        """Return whether it has more words than a reader takes in at once."""
        return self.words > MOST_WORDS

    @property
    def reaches_back(self) -> bool:
        """Return whether it begins with a pronoun, whose noun is then in another sentence."""
        return _PRONOUN.match(_LEAD.sub("", self.text).lstrip("\"'(*_")) is not None


def sentences(page: str, *, tables: bool = True) -> Iterator[Sentence]:
    """Yield the sentences of a page, without those of headings.

    Parameters
    ----------
    tables
        Whether the cells of tables are read.
    """
    for line, text in _blocks(_HIDDEN.sub(_blank, page), tables):
        start = 0
        for end in [*(found.end() for found in _END.finditer(text)), len(text)]:
            if said := text[start:end].strip():
                yield Sentence(line, said)
            start = end


def _blocks(page: str, tables: bool) -> Iterator[tuple[int, str]]:
    """Yield the paragraphs, points and cells of a page with the lines on which they begin."""
    first, lines = 0, list[str]()
    for number, line in enumerate([*page.split("\n"), ""], 1):
        begins = _BLOCK.match(line)
        if lines and (begins or not line.strip()):
            yield first, _plain(" ".join(lines))
            lines = []
        if line.lstrip().startswith("#"):
            continue
        if line.lstrip().startswith("|"):
            cells = re.split(r"(?<!\\)\|", _CODE.sub("`code`", line))
            yield from ((number, _plain(cell)) for cell in cells if tables and cell.strip(" :-"))
        elif line.strip():
            first = first if lines else number
            lines.append(line[begins.end() :] if begins else line.strip())


def _plain(text: str) -> str:
    shown = _IMAGE.sub("", _CODE.sub("`code`", text))
    return re.sub(r"\s+", " ", _LINK.sub(r"\1", _LINK.sub(r"\1", shown))).strip()


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", "", found[0])
