"""Pages that show files and folders of the project: code, tests and results."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from html import escape
from pathlib import Path

from keyline_ops.site.links import SHOWN
from keyline_ops.words import anchor_of

_DEFINITION = re.compile(r"^ *(?:async def|def|class) (\w+)|^(\w+)(?:: [^=]+)? = ", re.M)
_HEADING = re.compile(r"^#+ (.+)$", re.M)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} - Keyline</title>
<link rel="stylesheet" href="{up}_static/shown.css">
<script src="{up}_static/shown.js"></script>
</head>
<body>
<header><a href="{up}index.html">Keyline</a> <span>/</span> {crumbs}</header>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def write(root: Path, shown: Collection[str], site: Path) -> int:
    """Write the pages of files and folders, and return how many there are.

    A folder shows its files as well.
    """
    folders = sorted(path for path in shown if (root / path).is_dir())
    files = {path for path in shown if (root / path).is_file()}
    for folder in folders:
        files |= {path for path in _inside(root, folder) if (root / path).is_file()}
    for path in sorted(files):
        _write(site, path, f"{path}.html", numbered(root / path), root)
    for folder in folders:
        _write(site, folder, f"{folder}/index.html", _folder(root, folder, files, folders), root)
    return len(files) + len(folders)


def _inside(root: Path, folder: str) -> list[str]:
    found = sorted((root / folder).iterdir())
    names = (path.relative_to(root).as_posix() for path in found)
    return [name for name in names if not re.search(r"(^|/)[._]|__pycache__", name)]


def _write(site: Path, path: str, place: str, body: str, root: Path) -> None:
    file = site / SHOWN / place
    file.parent.mkdir(parents=True, exist_ok=True)
    up = "../" * (place.count("/") + 1)
    title, crumbs = path.rpartition("/")[2], escape(path)
    text = _PAGE.format(title=escape(title), up=up, crumbs=crumbs, body=body)
    file.write_text(text, encoding="utf-8")


def numbered(path: Path) -> str:
    """Return a file as HTML: each row has a number, and is an anchor.

    The anchor is the name of what is defined there, of a heading that of GitHub, and `row-7` of any
    other row.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    named = _anchors(path.suffix, text)
    lines = [
        f'<span class="row" id="{named.get(number, f"row-{number}")}">{escape(row)}</span>'
        for number, row in enumerate(text.splitlines(), 1)
    ]
    joined = "\n".join(lines)
    return f'<pre role="region" tabindex="0" aria-label="{escape(path.name)}">{joined}</pre>'


def _anchors(suffix: str, text: str) -> dict[int, str]:
    """Return the rows that have a name."""
    if suffix == ".py":
        found = {each.start(): each[1] or each[2] for each in _DEFINITION.finditer(text)}
    elif suffix == ".md":
        found = {each.start(): anchor_of(each[1]) for each in _HEADING.finditer(text)}
    else:
        return {}
    firsts = {name: place for place, name in reversed(found.items())}
    return {text.count("\n", 0, place) + 1: name for name, place in firsts.items()}


def _folder(root: Path, folder: str, files: Iterable[str], folders: Iterable[str]) -> str:
    known = {**dict.fromkeys(files, ".html"), **dict.fromkeys(folders, "/index.html")}
    items = [
        f'<li><a href="{os.path.relpath(path + known[path], folder)}">{escape(name)}</a></li>'
        if path in known
        else f"<li>{escape(name)}</li>"
        for path in _inside(root, folder)
        for name in [path.rpartition("/")[2]]
    ]
    return f"<ul>{''.join(items)}</ul>"
