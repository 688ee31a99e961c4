"""A pytest plugin: which requirement is proven by which test, and how that test ended.

A test names the lines of the requirements ledger with `@pytest.mark.requirement("T-02")`.
With `--requirements-report=FILE` the run writes JSON: line → list of {test, outcome},
sorted, the same for one process and for many (pytest-xdist).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

_LINE = re.compile(r"[BMIKTX]-O?\d{1,2}")
_PROPERTY = "requirement"
_TEST = "test"

# The outcomes of a test's phases, the worst first; the worst is the test's.
_WORST_FIRST = ("failed", "skipped", "passed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--requirements-report",
        metavar="FILE",
        type=Path,
        help="write requirement line → tests → outcome as JSON",
    )


def pytest_configure(config: pytest.Config) -> None:
    path = config.getoption("--requirements-report")
    is_worker = hasattr(config, "workerinput")
    if path and not is_worker:
        config.pluginmanager.register(RequirementsReport(config.rootpath / path))


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem(collector: pytest.Collector) -> Any:
    """Refuse a line that cannot exist while collecting, where pytest reports it as an error."""
    made = yield
    for item in made if isinstance(made, list) else [made]:
        if isinstance(item, pytest.Item):
            for line in lines_of(item):
                if not _LINE.fullmatch(str(line)):
                    raise collector.CollectError(
                        f"{item.nodeid}: {line!r} is not a line of the requirements ledger. "
                        'Write it as in @pytest.mark.requirement("T-02", "X-08").'
                    )
    return made


def pytest_itemcollected(item: pytest.Item) -> None:
    """Attach the lines to the test's reports: these travel from a worker to the controller.

    So does the test's name: a worker adds the xdist group to what it calls a grouped test.
    """
    item.user_properties.append((_TEST, item.nodeid))
    item.user_properties += [(_PROPERTY, line) for line in sorted(set(lines_of(item)))]


def lines_of(item: pytest.Item) -> Iterable[str]:
    return [line for marker in item.iter_markers("requirement") for line in marker.args]


class RequirementsReport:
    """Gathers the reports of a run, in the process that sees them all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.outcomes: dict[str, dict[str, str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # The report of a test that ended its worker is the controller's own: it has no lines.
        test = str(dict(report.user_properties).get(_TEST, report.nodeid))
        for name, line in report.user_properties:
            if name == _PROPERTY:
                tests = self.outcomes.setdefault(str(line), {})
                tests[test] = worst(tests.get(test), report.outcome)

    def pytest_sessionfinish(self) -> None:
        report = {
            line: [{"test": test, "outcome": tests[test]} for test in sorted(tests)]
            for line, tests in sorted(self.outcomes.items(), key=lambda entry: in_order(entry[0]))
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(report, indent=2) + "\n")


def worst(before: str | None, now: str) -> str:
    """Return a test whose set-up passed and whose call failed has failed."""
    return min((before or now, now), key=_WORST_FIRST.index)


def in_order(line: str) -> tuple[str, bool, int]:
    """Sort T-2 before T-10, and field facts (T-O1) after the specification's lines."""
    section, _, number = line.partition("-")
    return section, number.startswith("O"), int(number.removeprefix("O"))
