"""Links of pages on the site: to pages, to files and folders, to pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyline.errors import KeylineError
from keyline_ops.site import shown
from keyline_ops.site.links import Links, framed
from keyline_ops.site.navigation import sections

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><title>t</title>\n<style>x</style>\n<rect/></svg>'


@pytest.fixture
def links(tmp_path: Path) -> Links:
    for place, text in {
        "docs/page.md": "# Page",
        "docs/images/a.svg": SVG,
        "docs/images/b.png": "",
        "src/code.py": "LIMIT: int = 1\n\nclass A:\n    def act(self): ...\n",
        "src/data.json": "{}",
        "src/more/x.txt": "<b>",
    }.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(text)
    return Links(tmp_path, {"docs/page.md", "docs/other.md"})


@pytest.mark.parametrize(
    ("text", "is_now"),
    [
        ("[a](other.md#b) [c](#d)", "[a](other.md#b) [c](#d)"),
        ("[a](https://example.com/x.py)", "[a](https://example.com/x.py)"),
        ("`[a](../src/code.py)`", "`[a](../src/code.py)`"),
        ("```\n[a](../src/code.py)\n```", "```\n[a](../src/code.py)\n```"),
        ("[`act`](../src/code.py)", '<a href="../_source/src/code.py.html#act">`act`</a>'),
        ("[the code](../src/code.py)", '<a href="../_source/src/code.py.html">the code</a>'),
        ("[data](../src/data.json)", '<a href="../_source/src/data.json.html">data</a>'),
        ("[src](../src)", '<a href="../_source/src/index.html">src</a>'),
        ("![b](images/b.png)", "![b](images/b.png)"),
    ],
)
def test_a_link_leads_where_it_led(links: Links, text: str, is_now: str) -> None:
    assert links.rewritten("docs/page.md", text) == is_now


def test_a_picture_is_put_into_the_page(links: Links) -> None:
    text = links.rewritten("docs/page.md", "![a & b](images/a.svg)")
    assert text.startswith('<div class="picture" tabindex="0" role="group" aria-label="a &amp; b">')
    assert "<rect/>" in text
    assert "<style>" not in text


def test_a_link_to_nothing_is_an_error(links: Links) -> None:
    with pytest.raises(KeylineError, match=r"docs/page.md: links to gone.py, which is not there"):
        links.rewritten("docs/page.md", "[a](gone.py)")


def test_files_and_folders_are_shown_with_their_definitions(links: Links, tmp_path: Path) -> None:
    site = tmp_path / "site"
    assert shown.write(tmp_path, {"src/code.py", "src"}, site) == 3
    code = (site / "_source/src/code.py.html").read_text()
    for name in ("LIMIT", "A", "act"):
        assert code.count(f'id="{name}"') == 1
    folder = (site / "_source/src/index.html").read_text()
    assert '<a href="code.py.html">code.py</a>' in folder
    assert "<li>more</li>" in folder


def test_the_index_of_the_documents_is_the_navigation(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/README.md").write_text(
        "# Docs\n[x](x.md)\n## First\n[a](a.md) [b](b.md#part) [c](../C.md) [a](a.md)\n"
        "## Empty\nnothing\n## Last\n[a](a.md) [d](sub/d.md)\n"
    )
    found = [(part.title, part.pages) for part in sections(tmp_path, [])]
    assert found == [("First", ["docs/a", "C"]), ("Last", ["docs/sub/d"])]


@pytest.mark.parametrize(("width", "kind"), [(361, "picture narrow"), (900, "picture")])
def test_a_picture_for_a_telephone_is_never_made_larger(width: int, kind: str) -> None:
    assert framed(f'<svg width="{width}" height="9"/>', "shares").startswith(f'<div class="{kind}"')
