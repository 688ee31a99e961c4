"""The `keyline` command with the sample backfills on a given engine: a process to be killed."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import patch

from keyline_deploy.environment import Environment
from keyline_ops import cli
from keyline_ops.deployed import Deployed
from keyline_ops.migrating.declaration import Backfills
from tests.support.sample.moving import BACKFILLS, SYSTEM


def main() -> None:
    """Run `keyline` with the arguments after the engine's URL."""
    engine = sys.argv.pop(1)

    def deployed(environment: Environment, _: Path) -> Deployed:
        return Deployed(environment, engine=engine)

    with (
        patch("keyline_ops.deployed.deployed", deployed),
        patch("keyline_deploy.environment.Environment.settings", lambda *_: SYSTEM.settings()),
        patch(
            "keyline_ops.migrating.declaration.backfills_of",
            lambda _: Backfills(SYSTEM, BACKFILLS),
        ),
    ):
        cli.main()


if __name__ == "__main__":
    main()
