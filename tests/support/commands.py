"""The `keyline` command as a terminal runs it, within the tests' process."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from keyline.variables import PORT_OFFSET
from keyline_ops import cli


def keyline(*arguments: str) -> int:
    """Run the command as a terminal does; its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["keyline", *arguments])
        patch.setenv(PORT_OFFSET, "")  # what the option sets ends with the command
        with pytest.raises(SystemExit) as ended:
            cli.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def assert_refused(
    command: Sequence[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Check that a command is refused on a folder on which nothing runs, and makes nothing."""
    before, state = sorted(folder.iterdir()), folder / "typo"
    assert keyline(*command, "--state", str(state)) == 2
    error = capsys.readouterr().err.lstrip()
    assert error.startswith(f"{state}: no local platform runs on this state folder.")
    assert sorted(folder.iterdir()) == before
