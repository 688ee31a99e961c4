"""The sentences of Markdown pages and of docstrings, as a reader counts them."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.syntax import statements

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
    rf"|(?:These|Those|Both|Neither|Each|One|Others) (?:{_AUXILIARY}|{_ITS_VERBS})\b"
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


def docstrings(source: str) -> Iterator[tuple[int, str]]:
    """Yield the docstrings of a module, those of its constants too, with the lines of their owners.

    Each is a page: the names of parameters are headings, and what is said of each is a paragraph.
    """
    for node in statements(ast.parse(source)):
        body = getattr(node, "body", [])
        for before, after in (
            zip([node, *body], body, strict=False) if isinstance(body, list) else ()
        ):
            said = after.value if isinstance(after, ast.Expr) else None
            owns = before is node or isinstance(before, ast.Assign | ast.AnnAssign)
            if owns and isinstance(said, ast.Constant) and isinstance(said.value, str):
                yield after.lineno, _numpy_page(inspect.cleandoc(said.value))


def _numpy_page(text: str) -> str:
    named = re.sub(r"^(\w[\w ]*)\n-{3,}$", r"\n# \1\n", text, flags=re.M)
    names = re.sub(r"^([\w*][\w*., \[\]|]*)\n(?= {4}\S)", r"\n# \1\n\n", named, flags=re.M)
    return re.sub(r"^ {4}", "", names, flags=re.M)


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
