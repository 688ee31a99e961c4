"""The ledger on a terminal, or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.text import Text

from keyline.errors import Fault, KeylineError, instead_of
from keyline_ops.printing import print_whole, table
from keyline_ops.requirements.coverage import Coverage, Tests
from keyline_ops.requirements.ledger import Ledger, Line

Outcomes = Mapping[str, Mapping[str, str]]
"""By line and by test (`file::name`), how the test ended."""


def chosen(known: Sequence[Ledger], tests: Tests, names: Collection[str]) -> list[Line]:
    """Return the lines of these names, or all that no test proves.

    Raises
    ------
    KeylineError
        If no page has a line of a name.
    """
    lines = {name: line for ledger in known for name, line in ledger.lines.items()}
    for name in names:
        if name not in lines:
            raise KeylineError(name, "is not a line of the ledger.", instead_of(name, lines))
    if names:
        return [lines[name] for name in names]
    return [line for name, line in lines.items() if not tests.get(name)]


def outcomes(results: Path | None) -> Outcomes:
    """Return how the tests of each line ended, as `make test` wrote it."""
    if results is None:
        return {}
    found = json.loads(results.read_text(encoding="utf-8"))
    return {
        line: {each["test"].partition("[")[0]: each["outcome"] for each in tests}
        for line, tests in found.items()
    }


def counts(rows: Sequence[Coverage], *, as_json: bool) -> None:
    """Print how much is proven, by page and class."""
    if as_json:
        print(json.dumps([asdict(row) | {"lines": row.lines} for row in rows], indent=2))
        return
    numbers = ("lines", "with a test", "%", "with a reason", "with neither")
    shown = table("Lines and what proves them", ("of", "class", *numbers), numbers)
    for row in [*rows, *_sums(rows)]:
        share = f"{100 * row.tested / row.lines:.0f}" if row.lines else ""
        cells = (row.lines, row.tested, share, row.excused, len(row.open))
        shown.add_row(row.title, row.kind, *map(str, cells))
    print_whole(shown, Console())


def _sums(rows: Sequence[Coverage]) -> list[Coverage]:
    kinds = dict.fromkeys(row.kind for row in rows)
    return [
        Coverage(
            "together",
            kind,
            sum(row.tested for row in rows if row.kind == kind),
            sum(row.excused for row in rows if row.kind == kind),
            tuple(name for row in rows if row.kind == kind for name in row.open),
        )
        for kind in kinds
    ]


def lines(found: Sequence[Line], tests: Tests, ended: Outcomes, *, as_json: bool) -> None:
    """Print lines with their tests, and how these ended where that is known."""
    if as_json:
        print(json.dumps([_as_json(line, tests, ended) for line in found], indent=2))
        return
    console = Console()
    for line in found:
        console.print(Text(line.name, "bold") + Text(f"  {line.kind}. {line.verdict}. {line.asks}"))
        for label, text in line.parts.items():
            if label != "Tests":
                console.print(Text(f"  {label}: {text}"), soft_wrap=True)
        for test, outcome in _tests_of(line, tests, ended).items():
            console.print(Text(f"  {outcome or 'test'}: {test}"), soft_wrap=True)


def _tests_of(line: Line, tests: Tests, ended: Outcomes) -> dict[str, str]:
    """Return the tests of a line, each with its outcome or an empty text."""
    known = ended.get(line.name, {})
    names = [f"{test.file}::{test.name}" for test in tests.get(line.name, ())]
    return {name: known.get(name, "") for name in names}


def _as_json(line: Line, tests: Tests, ended: Outcomes) -> dict[str, object]:
    return {
        **{"line": line.name, "class": line.kind, "verdict": line.verdict, "asks": line.asks},
        "parts": {label: text for label, text in line.parts.items() if label != "Tests"},
        "tests": _tests_of(line, tests, ended),
    }


def faults(found: Sequence[Fault]) -> None:
    """Print what is wrong with the ledger."""
    console = Console(file=sys.stderr)
    for path, message, suggestion in found:
        console.print(Text(path, "red") + Text(f": {message} {suggestion}"), soft_wrap=True)
