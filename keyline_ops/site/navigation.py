"""The order of the site's pages: from the index of the documents, and by convention."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from keyline.errors import KeylineError

INDEX = "docs/README.md"
_SECTION = re.compile(r"^## (.+)$", re.M)
_TARGET = re.compile(r"\]\(([^()\s#]+\.md)\)")


@dataclass(frozen=True)
class Section:
    """A part of the navigation.

    Parameters
    ----------
    title
        What stands above it.
    pages
        The pages of the section, as paths below the root without `.md`.
    """

    title: str
    pages: Sequence[str]


def sections(root: Path, taken: Iterable[str]) -> Iterator[Section]:
    """Yield the sections of the index with their pages: a page that has a row there is shown.

    Parameters
    ----------
    taken
        Pages that stand elsewhere in the navigation.
    """
    seen = {INDEX.removesuffix(".md"), "README", *taken}
    _, *parts = _SECTION.split((root / INDEX).read_text(encoding="utf-8"))
    for title, text in zip(parts[::2], parts[1::2], strict=True):
        pages = []
        for target in _TARGET.findall(text):
            path = os.path.normpath(PurePosixPath(INDEX).parent / target).removesuffix(".md")
            if path not in seen:
                seen.add(path)
                pages.append(path)
        if pages:
            yield Section(title, pages)


def tree(title: str, pages: Iterable[str], *, depth: int = 2) -> str:
    """Return a part of the navigation for Sphinx: `Title <path>` gives a page another name."""
    rows = "\n".join(pages)
    caption = f":caption: {title}\n" if title else ""
    return f"```{{toctree}}\n:hidden:\n:maxdepth: {depth}\n{caption}\n{rows}\n```\n"


def title_of(page: Path) -> str:
    """Return the first heading of a page.

    Raises
    ------
    KeylineError
        If the page has no heading.
    """
    found = re.search(r"^# (.+)$", page.read_text(encoding="utf-8"), re.M)
    if not found:
        raise KeylineError(str(page), "has no heading.", "Begin the page with `# Title`.")
    return found[1].replace("`", "")
