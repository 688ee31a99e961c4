"""The `keyline` command with the sample import on a given engine: a process to be killed."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import patch

from keyline_deploy.environment import Environment
from keyline_ops import cli
from keyline_ops.deployed import Deployed
from tests.support.sample.account_import import IMPORT


def main() -> None:
    """Run `keyline` with the arguments after the engine's URL."""
    engine = sys.argv.pop(1)

    def deployed(environment: Environment, _: Path) -> Deployed:
        return Deployed(environment, engine=engine)

    with (
        patch("keyline_ops.importing.command.deployed", deployed),
        patch("keyline_ops.importing.declaration.imports", lambda: {"orders": IMPORT}),
    ):
        cli.main()


if __name__ == "__main__":
    main()
