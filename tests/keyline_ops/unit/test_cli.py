"""What the command says of an error."""

from __future__ import annotations

import io

from rich.console import Console

from keyline.errors import KeylineError
from keyline_ops.cli import _tell


def test_brackets_in_an_error_are_said_as_they_are() -> None:
    out = io.StringIO()
    error = KeylineError("T.indexes[dim]", "failed at [/a/path].", "Look at [warning at /T].")
    _tell(error, Console(file=out, width=40))
    assert out.getvalue() == ("T.indexes[dim]: failed at [/a/path].\nLook at [warning at /T].\n")
