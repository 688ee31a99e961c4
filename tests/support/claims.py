"""The verdicts of `keyline cost --claims` on the figures of the specifications."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from keyline_ops.cli import app


def claims() -> dict[tuple[str, str, str], dict[str, str]]:
    """Return the rows by system, line, and what the figure is of."""
    said = CliRunner().invoke(app, ["cost", "--claims", "--json"])
    assert said.exit_code == 0, said.output
    rows = json.loads(said.stdout)
    return {(row["system"], row["line"], row["what"]): row for row in rows}
