"""Commands whose exit codes 2 and 3 are verdicts, so that an error ends with another one."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperCommand

from keyline.errors import KeylineError
from keyline_ops.printing import forget_output

FAILED = 1
"""The exit code of what cannot be judged or done: 2 and 3 are verdicts."""


class Judging(TyperCommand):
    """A command whose exit code 2 is a verdict, so that an error never has it."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: Any = None,
        **extra: Any,
    ) -> Any:
        """Read the options; a wrong one ends with the code of what cannot be judged."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except typer.TyperException as error:
            print(error, file=sys.stderr)
            sys.exit(FAILED)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error ends with the code of what cannot be judged."""
        try:
            return super().invoke(ctx)
        except KeylineError as error:
            said = (f"{error.path}: {error.message}", error.suggestion)
            print("\n".join(filter(None, said)), file=sys.stderr)
        except OSError as error:
            forget_output()
            print(f"the output: cannot be written: {error.strerror}.", file=sys.stderr)
        sys.exit(FAILED)
