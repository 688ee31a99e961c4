"""A page of the ledger: lines of a specification in our words, and the rules of their form.

A line is a section of a Markdown page. The people who build it write all of it but the tests:

    ### T-02

    *Core. Corrected.* What the line asks.

    * **In fact:** what is wrong with it, or which trap it has.
    * **Built:** what was built, where this is more than what the line asks.
    * **Code:** [tables.py](../../lambda_src/orders/tables.py)
    * **No test:** why no test proves the line.
    * **Tests:** written by `make docs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from keyline.errors import Fault
from keyline_deploy.systems import folder, names

CLASSES = ("Core", "Operation", "Claim", "Future", "Field fact")
"""What a line is. docs/ledger.md says what each word means."""
HELD = ("Core", "Operation")
"""The classes whose every line needs a test, or a reason why it has none."""
VERDICTS = (
    "Built",
    "Corrected",
    "Guarded",
    "Decided",
    "Computed",
    "Measured",
    "Only on AWS",
    "Not built",
)
ALL = "all systems"
"""The title of the ledger of what each system must do."""
_WITHOUT_CODE = ("Only on AWS", "Not built")
_LABELS = ("In fact", "Built", "Code", "No test", "Tests")
_NAME = r"[A-Z]-O?\d{1,2}"
NAME = re.compile(_NAME)
_HEADING = re.compile(rf"^### ({_NAME})$", re.M)
_FIRST = re.compile(r"\*([^.*]+)\. ([^.*]+)\.\* (.+)", re.S)
_BULLET = re.compile(r"^\* \*\*([^*:]+):\*\* ((?:.|\n(?=  \S))+)$", re.M)


@dataclass(frozen=True)
class Line:
    """A line of the ledger.

    Parameters
    ----------
    name
        The name of the line: `T-02`.
    kind
        One of `CLASSES`.
    verdict
        One of `VERDICTS`.
    asks
        What it asks, as Markdown.
    parts
        The text of each bullet, by its label.
    """

    name: str
    kind: str
    verdict: str
    asks: str
    parts: Mapping[str, str]

    @property
    def reason(self) -> str:
        """Return why no test proves it, or an empty text."""
        return self.parts.get("No test", "")


@dataclass(frozen=True)
class Ledger:
    """A page of the ledger, with what does not have the form of it.

    Parameters
    ----------
    title
        What its lines are of: a system's name, or `ALL`.
    page
        The file.
    lines
        The lines of the ledger by name, in the order of the page.
    faults
        What is wrong with the form of the page.
    """

    title: str
    page: Path
    lines: Mapping[str, Line]
    faults: tuple[Fault, ...]

    @property
    def is_of_a_system(self) -> bool:
        """Return whether its lines are of one system."""
        return self.title != ALL

    @property
    def letters(self) -> set[str]:
        """Return the letters that its lines begin with."""
        return {name[0] for name in self.lines}


def ledgers(root: Path) -> list[Ledger]:
    """Return the ledger of each system that has one, and of what all of them must do."""
    pages = {system: folder(system, root) / "specification.md" for system in names(root)}
    pages[ALL] = root / "docs" / "requirements.md"
    return [read(title, page, root) for title, page in pages.items() if page.exists()]


def read(title: str, page: Path, root: Path) -> Ledger:
    """Read a page of the ledger."""
    text = page.read_text(encoding="utf-8")
    where = page.relative_to(root).as_posix()
    lines: dict[str, Line] = {}
    faults: list[Fault] = []
    for name, section in sections(text):
        path = f"{where}#{name.lower()}"
        if name in lines:
            faults.append((path, "stands on the page twice.", "Put the two together."))
        line = _line(name, section)
        faults += [(path, *fault) for fault in _faults(line)]
        lines[name] = line
    return Ledger(title, page, lines, tuple(faults))


def sections(text: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the section of each line on a page."""
    for heading in _HEADING.finditer(text):
        rest = text[heading.end() :]
        end = re.search(r"^#{1,3} ", rest, re.M)
        yield heading[1], rest[: end.start()] if end else rest


def _line(name: str, section: str) -> Line:
    first, _, rest = section.strip("\n").partition("\n\n")
    said = _FIRST.fullmatch(first)
    parts = {label: " ".join(text.split()) for label, text in _BULLET.findall(rest)}
    if said is None:
        return Line(name, "", "", first, parts)
    return Line(name, said[1], said[2], " ".join(said[3].split()), parts)


def _faults(line: Line) -> Iterator[tuple[str, str]]:
    """Yield the message and the suggestion of each fault of a line."""
    if line.kind not in CLASSES or line.verdict not in VERDICTS:
        yield (
            "does not begin with its class and its verdict.",
            f"Write `*Core. Built.* What it asks.` Classes: {', '.join(CLASSES)}. "
            f"Verdicts: {', '.join(VERDICTS)}.",
        )
        return
    for label in line.parts:
        if label not in _LABELS:
            yield f"has a part {label!r} that is not known.", f"Use: {', '.join(_LABELS)}."
    if line.verdict == "Corrected" and "In fact" not in line.parts:
        yield "is corrected and does not say what is wrong.", "Add `* **In fact:** …`."
    if line.verdict not in _WITHOUT_CODE and "](" not in line.parts.get("Code", ""):
        yield "does not say where it is built.", "Add `* **Code:** [file.py](path)`."
    if line.verdict in _WITHOUT_CODE and not {"In fact", "Built"} & line.parts.keys():
        yield f"is {line.verdict.lower()!r} and does not say why.", "Add `* **In fact:** …`."
