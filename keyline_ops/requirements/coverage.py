"""Coverage of the ledger: which lines have tests, reasons, or neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from keyline.errors import Fault, instead_of
from keyline_ops.requirements.ledger import HELD, Ledger, Line
from keyline_ops.requirements.markers import ProvingTest

Tests = Mapping[str, Sequence[ProvingTest]]


@dataclass(frozen=True)
class Coverage:
    """The coverage of the lines of one class in one ledger.

    Parameters
    ----------
    title
        What the ledger is of.
    kind
        The class.
    tested, excused
        How many lines have a test, and how many have none and say why.
    open
        The names of the lines that have neither.
    """

    title: str
    kind: str
    tested: int
    excused: int
    open: tuple[str, ...]

    @property
    def lines(self) -> int:
        """Return how many lines there are."""
        return self.tested + self.excused + len(self.open)


def coverage(ledgers: Sequence[Ledger], tests: Tests) -> list[Coverage]:
    """Return what is proven, by ledger and class."""
    return [
        _of_class(ledger.title, kind, lines, tests)
        for ledger in ledgers
        for kind, lines in _by_class(ledger).items()
    ]


def _by_class(ledger: Ledger) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in ledger.lines.values():
        found.setdefault(line.kind, []).append(line)
    return found


def _of_class(title: str, kind: str, lines: list[Line], tests: Tests) -> Coverage:
    tested = [line for line in lines if tests.get(line.name)]
    excused = [line for line in lines if line not in tested and line.reason]
    rest = [line.name for line in lines if line not in tested and not line.reason]
    return Coverage(title, kind, len(tested), len(excused), tuple(rest))


def faults(ledgers: Sequence[Ledger], tests: Tests) -> list[Fault]:
    """Return all that is wrong with the ledgers, and with the lines that tests name."""
    found = [fault for ledger in ledgers for fault in ledger.faults]
    for ledger in ledgers:
        found += _unproven(ledger, tests)
    return [*found, *_unknown(ledgers, tests)]


def _unproven(ledger: Ledger, tests: Tests) -> Iterator[Fault]:
    for line in ledger.lines.values():
        path = f"{ledger.page.name} of {ledger.title}, {line.name}"
        if tests.get(line.name) and line.reason:
            yield (
                path,
                f"says why it has no test, and {tests[line.name][0].name} proves it.",
                "Take `* **No test:** …` out, then run `make docs`.",
            )
        elif line.kind in HELD and not tests.get(line.name) and not line.reason:
            yield (
                path,
                "has no test.",
                f'Mark one with @pytest.mark.requirement("{line.name}"), or say why there is '
                "none: `* **No test:** …`.",
            )


def _unknown(ledgers: Sequence[Ledger], tests: Tests) -> Iterator[Fault]:
    """Yield the markers whose line is not on the page that has the others of its letter.

    A letter that no page has belongs to a system that was deleted.
    """
    pages = {letter: ledger for ledger in ledgers for letter in ledger.letters}
    for name, proving in tests.items():
        ledger = pages.get(name[0])
        if ledger and name not in ledger.lines:
            first = proving[0]
            yield (
                f"{first.file}:{first.row}",
                f"names {name}, which {ledger.page.name} of {ledger.title} does not have.",
                instead_of(name, ledger.lines),
            )
