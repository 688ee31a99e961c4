"""The documentation can be found: an index names every page, and every link leads somewhere."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pytest

from tests.support.markdown import FENCE, anchors
from tests.support.questions import ANSWERS
from tests.support.tracked import tracked_files

CODE = re.compile(r"`[^`]*`")
LINK = re.compile(r"\[[^\[\]]*\]\(([^()\s]+)\)")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:")

STATUS = re.compile(r"^Status: (proposed|accepted|superseded by \[\d{4}\]\(\S+\))$", re.M)
SUPERSEDED = re.compile(r"\b(superseded) (in part )?by \[(\d{4})\]\((\S+)\)$", re.M | re.I)
KINDS_OF_CHANGE = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


class Adr(NamedTuple):
    """A record of a decision."""

    file: Path
    text: str

    @property
    def number(self) -> str:
        return self.file.name[:4]

    @property
    def title(self) -> str:
        """The title, or nothing if the first line has not the form that it must have."""
        found = re.match(rf"# {self.number}: (.+)\n\nStatus: ", self.text)
        return found[1] if found else ""

    @property
    def row(self) -> str:
        """The row that the index must have."""
        status = STATUS.search(self.text)
        by = SUPERSEDED.search(self.text)
        said = f"[{by[3]}]({by[4]}){', in part' if by[2] else ''}" if by else ""
        word = status[1].partition(" ")[0] if status else ""
        return f"| [{self.number}]({self.file.name}) | {self.title} | {word} | {said} |"


@pytest.fixture(scope="module")
def files(root: Path) -> list[Path]:
    return tracked_files(root)


@pytest.fixture(scope="module")
def adrs(files: list[Path], root: Path) -> list[Adr]:
    found = [file for file in files if file.parent == root / "docs/adr"]
    return [Adr(file, read(file)) for file in sorted(found) if file.name != "README.md"]


def read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def targets(text: str) -> list[str]:
    """Return the targets of the links in a page; code holds none."""
    return LINK.findall(CODE.sub("code", FENCE.sub("", text)))


def destinations(file: Path, text: str) -> Iterator[tuple[str, Path, str]]:
    """Yield each target within the project, with its file and its anchor."""
    for target in targets(text):
        if not ELSEWHERE.match(target):
            path, _, anchor = target.partition("#")
            place = Path(os.path.normpath(file.parent / unquote(path))) if path else file
            yield target, place, anchor


def broken(file: Path, known: set[Path]) -> list[str]:
    """Return the targets of a page that do not lead to a file, a folder or a heading."""
    return [
        target
        for target, place, anchor in destinations(file, read(file))
        if place not in known
        or (anchor and (place.suffix != ".md" or anchor not in anchors(read(place))))
    ]


def pages(files: list[Path]) -> list[Path]:
    return [file for file in files if file.suffix == ".md"]


@pytest.mark.parametrize("question", ANSWERS)
def test_a_question_of_a_newcomer_links_to_the_heading_that_answers_it(
    question: str, root: Path
) -> None:
    """`make site-check` clicks through the built site. This finds a lost heading without it."""
    page = root / "docs/questions.md"
    answer = read(page).partition(f"## {question}\n")[2].partition("\n## ")[0]
    file, _, anchor = ANSWERS[question].partition("#")
    assert anchor in anchors(read(root / file))
    linked = {place for _, place, _ in destinations(page, answer)}
    assert root / file in linked


def test_every_link_leads_somewhere(files: list[Path], root: Path) -> None:
    known = {*files, *(folder for file in files for folder in file.parents)}
    found = {str(file.relative_to(root)): broken(file, known) for file in pages(files)}
    assert len(found) > 20
    assert {name: links for name, links in found.items() if links} == {}


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page, other = tmp_path / "page.md", tmp_path / "other.md"
    other.write_text("# A `name`, twice\n## Part\n## Part\n```\n# no heading\n```\n")
    page.write_text(
        "# Page\n[a\nb](other.md) [c](other.md#a-name-twice) [d](#page)\n"
        "[e](other.md#part-1) [f](.)\n"
        "`[code](none.md)` [`g`](https://example.com/x.md)\n```\n[code](none.md)\n```\n"
        "[h](none.md) [i](other.md#part-2) [j](#other) [k](../page.md) [l](other.md#no-heading)\n"
    )
    assert broken(page, {page, other, tmp_path}) == [
        *("none.md", "other.md#part-2", "#other", "../page.md", "other.md#no-heading")
    ]


def test_the_index_names_every_page(files: list[Path], root: Path) -> None:
    docs = root / "docs"
    named = {place for _, place, _ in destinations(docs / "README.md", read(docs / "README.md"))}
    records, images = docs / "adr", docs / "images"  # tests of their own hold these
    below = [file for file in files if file.is_relative_to(docs)]
    below = [file for file in below if file.parent not in (records, images)]
    missing = {*below, records / "README.md"} - named - {docs / "README.md"}
    assert sorted(str(file.relative_to(root)) for file in missing) == []


def test_a_system_is_linked_from_its_line_in_the_readme_alone(
    files: list[Path], root: Path
) -> None:
    """A system is deleted with its folders and this line, and no other link may break then."""
    packages = {init.parent.name for init in (root / "lambda_src").glob("*/__init__.py")}
    rooms = {
        root / place / system: system
        for system in packages - {"keyline"}
        for place in ("lambda_src", "systems", "tests/systems")
    }
    found = []
    for file in pages(files):
        if any(file.is_relative_to(room) for room in rooms):
            continue
        text = read(file)
        if file == root / "README.md":
            text = re.sub(r"^\| \[(\w+)\]\(systems/\1/README\.md\).*$", "", text, flags=re.M)
        found += [
            f"{file.relative_to(root)}: {target}"
            for target, place, _ in destinations(file, text)
            if any(place.is_relative_to(room) for room in rooms)
        ]
    assert found == []


def test_the_records_are_numbered_without_a_gap(adrs: list[Adr]) -> None:
    assert [adr.number for adr in adrs] == [f"{n:04}" for n in range(1, len(adrs) + 1)]


def test_every_record_has_a_title_and_one_valid_status(adrs: list[Adr]) -> None:
    assert len(adrs) > 10
    assert [adr.file.name for adr in adrs if not adr.title] == []
    assert [adr.file.name for adr in adrs if len(STATUS.findall(adr.text)) != 1] == []


def test_the_index_of_records_says_their_titles_and_statuses(adrs: list[Adr], root: Path) -> None:
    rows = re.findall(r"^\| \[\d{4}\].*$", read(root / "docs/adr/README.md"), re.M)
    assert rows == [adr.row for adr in adrs]


def test_a_record_that_supersedes_and_the_superseded_one_name_each_other(adrs: list[Adr]) -> None:
    superseded = {
        (adr.number, number) for adr in adrs for _, _, number, _ in SUPERSEDED.findall(adr.text)
    }
    superseding = {
        (number, adr.number)
        for adr in adrs
        for said in re.findall(r"^Supersedes (?:.+\n)+", adr.text, re.M)
        for number in re.findall(r"\[(\d{4})\]", said)
    }
    assert superseded == superseding
    assert superseded


def test_the_changelog_keeps_its_form(root: Path) -> None:
    text = read(root / "CHANGELOG.md")
    versions = re.findall(r"^## (.+)$", text, re.M)
    assert versions[0] == "[Unreleased]"
    wrong = [v for v in versions[1:] if not re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", v)]
    assert wrong == []
    kinds = re.findall(r"^### (.+)$", text, re.M)
    assert kinds
    assert set(kinds) <= KINDS_OF_CHANGE


def test_each_promise_of_security_names_a_test_that_there_is(files: list[Path], root: Path) -> None:
    tests = "".join(
        read(f) for f in files if f.suffix == ".py" and f.is_relative_to(root / "tests")
    )
    rows = re.findall(r"^\| .+\. \| (`test_.*`) \|$", read(root / "SECURITY.md"), re.M)
    assert len(rows) > 5
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert [name for name in sorted(named) if f"def {name}(" not in tests] == []
