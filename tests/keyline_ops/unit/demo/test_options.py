"""Options survive the way to a process in the background."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from keyline_ops import cli
from keyline_ops.commands import up
from keyline_ops.demo.options import Options

PLAIN = Options(
    data=None,
    report=None,
    state=Path("state"),
    fresh=False,
    serve=True,
    load=True,
    free_ports=False,
    verbose=False,
    quiet=True,
)
ALL = Options(
    data=Path("data"),
    report=Path("report.json"),
    state=Path("state"),
    fresh=True,
    serve=True,
    load=False,
    free_ports=True,
    verbose=True,
    quiet=True,
)


@pytest.mark.parametrize("options", [PLAIN, ALL])
def test_the_arguments_say_the_same(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    told: list[Options] = []
    monkeypatch.setattr(up, "_run", told.append)
    done = CliRunner().invoke(cli.app, ["up", "--quiet", "--state", "state", *options.arguments])
    assert done.exit_code == 0, done.output
    assert told == [options]
