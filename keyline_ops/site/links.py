"""Links of Markdown pages, as they have to be on the site.

The pages keep their folders on the site, so a link from page to page stays. A link to code leads to
the page that shows the file. A picture that follows light and dark is put into the page.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from html import escape
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from keyline.errors import KeylineError
from keyline_ops.diagrams.svg import bare

SHOWN = "_source"
"""The folder of the site that shows files."""
_FENCE = re.compile(r"^( *)(```|~~~).*?^\1\2\s*$", re.M | re.S)
_LINK = re.compile(
    r"(?P<code>`[^`]*`)"
    r"|(?P<image>!?)\[(?P<text>(?:`[^`]*`|[^\[\]`]|\[[^\[\]]*\])*)\]\((?P<target>[^()\s]+)\)"
)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:")
_NAME = re.compile(r"`?(\w+)`?")
_WIDTH = re.compile(r'<svg[^>]* width="(\d+)"')
_TELEPHONE = 390
"""Pixels that a telephone is wide."""


@dataclass
class Links:
    """Rewrites the links of pages, and gathers the files that these show.

    Parameters
    ----------
    root
        The project.
    pages
        The Markdown pages of the site, as paths below the root.
    shown
        The files and folders that pages link to.
    """

    root: Path
    pages: Collection[str]
    shown: set[str] = field(default_factory=set)

    def rewritten(self, page: str, text: str) -> str:
        """Return the text of a page with its links as they have to be on the site.

        Raises
        ------
        KeylineError
            If a link leads to no file of the project.
        """
        parts, end = [], 0
        for fence in _FENCE.finditer(text):
            parts += [self._prose(page, text[end : fence.start()]), fence[0]]
            end = fence.end()
        return "".join([*parts, self._prose(page, text[end:])])

    def _prose(self, page: str, text: str) -> str:
        return _LINK.sub(lambda found: self._link(page, found), text)

    def _link(self, page: str, found: re.Match[str]) -> str:
        if found["code"] or _ELSEWHERE.match(found["target"]):
            return found[0]
        path, _, _ = found["target"].partition("#")
        if not path:
            return found[0]
        target = os.path.normpath(PurePosixPath(page).parent / unquote(path))
        if target in self.pages:
            return found[0]
        if not (self.root / target).exists():
            raise KeylineError(
                page, f"links to {found['target']}, which is not there.", "Correct the link."
            )
        if found["image"]:
            return self._image(found, target)
        self.shown.add(target)
        return f'<a href="{self.place(page, target, found["text"])}">{found["text"]}</a>'

    def _image(self, found: re.Match[str], target: str) -> str:
        if not target.endswith(".svg"):
            return found[0]
        svg = bare((self.root / target).read_text(encoding="utf-8"))
        return framed(svg, found["text"])

    def place(self, page: str, target: str, text: str = "") -> str:
        """Return the address that shows a file or a folder, relative to a page.

        Parameters
        ----------
        text
            The text of the link. If it is a name, the address is that of its definition.
        """
        folder = (self.root / target).is_dir()
        shown = f"{SHOWN}/{target}{'/index' if folder else ''}.html"
        name = _NAME.fullmatch(text)
        anchor = f"#{name[1]}" if name and target.endswith(".py") else ""
        return os.path.relpath(shown, PurePosixPath(page).parent) + anchor


def framed(svg: str, label: str) -> str:
    """Return a picture as a part of a page: it can be moved sideways where it is too wide.

    One that was drawn for a telephone is never made larger, and becomes a little smaller there.
    """
    width = _WIDTH.search(svg)
    kind = "picture narrow" if width and int(width[1]) <= _TELEPHONE else "picture"
    return f'<div class="{kind}" tabindex="0" role="group" aria-label="{escape(label)}">{svg}</div>'
