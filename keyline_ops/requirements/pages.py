"""The parts of the ledger's pages that `make docs` writes: tests of each line, and counts."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keyline_deploy.project import ROOT
from keyline_ops.requirements.coverage import Tests, coverage
from keyline_ops.requirements.ledger import Ledger, ledgers, sections
from keyline_ops.requirements.markers import ProvingTest, proving_tests

_TESTS = re.compile(r"^\* \*\*Tests:\*\* .*\n?", re.M)
_COUNTS = re.compile(r"(<!-- counts.*? -->\n).*?(<!-- end of counts -->)", re.S)
_SHARED = re.compile(r"(<!-- lines of all systems.*? -->\n).*?(<!-- end of lines -->)", re.S)


def stale(root: Path = ROOT) -> dict[Path, str]:
    """Return the pages that do not name the tests as they are, with what each should be."""
    pages = Pages(ledgers(root), proving_tests(root), root)
    return {
        ledger.page: text
        for ledger in pages.ledgers
        if (text := pages.written(ledger)) != ledger.page.read_text(encoding="utf-8")
    }


@dataclass(frozen=True)
class Pages:
    """The pages of the ledger and the tests that there are."""

    ledgers: Sequence[Ledger]
    tests: Tests
    root: Path

    def written(self, ledger: Ledger) -> str:
        """Return a page with the tests of its lines."""
        text = ledger.page.read_text(encoding="utf-8")
        own = self._tests_on(ledger)
        for name, section in list(sections(text)):
            new = self._with_tests(section, own.get(name, ()), ledger)
            text = text.replace(f"### {name}{section}", f"### {name}{new}")
        text = _COUNTS.sub(lambda found: f"{found[1]}{_counts(ledger, own)}{found[2]}", text)
        return _SHARED.sub(lambda found: f"{found[1]}{self._shared(ledger)}{found[2]}", text)

    def _tests_on(self, ledger: Ledger) -> Tests:
        """Return the tests that a page names.

        The page of all systems names no test of a system: a system can be deleted without it. The
        page of the system names these tests at its end.
        """
        if ledger.is_of_a_system:
            return self.tests
        return {
            line: [test for test in found if not test.is_below("tests/systems")]
            for line, found in self.tests.items()
        }

    def _with_tests(self, section: str, tests: Sequence[ProvingTest], ledger: Ledger) -> str:
        bare = _TESTS.sub("", section).strip("\n")
        if tests:
            gap = "\n" if "\n* **" in bare else "\n\n"
            bare += f"{gap}* **Tests:** {self._links(tests, ledger)}"
        return f"\n\n{bare}\n\n" if section.endswith("\n\n") else f"\n\n{bare}\n"

    def _links(self, tests: Sequence[ProvingTest], ledger: Ledger) -> str:
        return ", ".join(f"[{test.name}]({self._place(test.file, ledger)})" for test in tests)

    def _place(self, file: str, ledger: Ledger) -> str:
        return Path(os.path.relpath(self.root / file, ledger.page.parent)).as_posix()

    def _shared(self, ledger: Ledger) -> str:
        """Return the lines of all systems that tests of one system prove."""
        rows = ["| line | tests of this system |", "|---|---|"]
        for other in self.ledgers:
            for name in () if other.is_of_a_system else other.lines:
                tests = self.tests.get(name, ())
                mine = [test for test in tests if test.is_below(f"tests/systems/{ledger.title}")]
                page = self._place(other.page.relative_to(self.root).as_posix(), ledger)
                if mine:
                    linked = f"[{name}]({page}#{name.lower()})"
                    rows.append(f"| {linked} | {self._links(mine, ledger)} |")
        return "\n".join([*rows, ""])


def _counts(ledger: Ledger, tests: Tests) -> str:
    rows = ["| class | lines | with a test | without |", "|---|---:|---:|---:|"]
    rows += [
        f"| {each.kind} | {each.lines} | {each.tested} | {each.lines - each.tested} |"
        for each in coverage([ledger], tests)
    ]
    return "\n".join([*rows, ""])
