"""docs/commands.md names every command, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import typer.main

from keyline_deploy.systems import names
from keyline_ops.cli import app


def test_the_page_names_each_command_that_there_is(root: Path) -> None:
    text = (root / "docs/commands.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+?) \| ", text, re.M)
    named = {word for row in rows for word in re.findall(r"`keyline ([a-z-]+)", row)}
    group = typer.main.get_group(app)
    own = set(group.list_commands(None)) - set(names())  # type: ignore[arg-type]
    assert len(own) > 20
    assert named == own
