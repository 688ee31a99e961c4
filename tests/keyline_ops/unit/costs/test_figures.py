"""The figures of a specification as a table of a page."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from keyline.errors import KeylineError
from keyline_ops.cli import app
from keyline_ops.commands import costs
from keyline_ops.costs.figures import Figure, markdown

PLAIN = Figure(line="X-1", what="what", said="said", formula="formula", text="now")


def test_a_column_of_verdicts_stands_only_where_there_are_some() -> None:
    assert markdown([PLAIN]).splitlines()[1] == "|---|---|---|---|---|---|"
    judged = Figure(line="X-2", what="what", formula="formula", text="now", verdict="wrong")
    assert markdown([PLAIN, judged]).splitlines()[2:] == [
        "| X-1 | what | said | formula | now | the same |  |",
        "| X-2 | what | - | formula | now | the same | wrong |",
    ]


def test_a_price_is_shown_as_it_is_now_and_as_it_was() -> None:
    a_write = Figure(line="X-1", what="w", formula="f", usd=lambda p: p.write_million, places=3)
    assert (a_write.now, a_write.before) == ("$0.625", "$1.250")


def test_the_command_prints_the_figures_of_a_system(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {"declared": SimpleNamespace(FIGURES=(PLAIN,)), "bare": None}
    monkeypatch.setattr(costs, "names", lambda: tuple(parts))
    monkeypatch.setattr(costs, "part", lambda system, _: parts[system])
    run = CliRunner().invoke(app, ["figures", "declared"])
    assert (run.exit_code, run.stdout) == (0, markdown([PLAIN]) + "\n")
    for system in ("bare", "other"):
        refused = CliRunner().invoke(app, ["figures", system]).exception
        assert isinstance(refused, KeylineError)
        assert (refused.path, refused.message) == ("SYSTEM", f"{system} has no figures.")
        assert refused.suggestion == "Use one of: declared."
