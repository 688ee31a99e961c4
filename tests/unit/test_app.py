"""`app.py` as `cdk synth -c env=...` runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(root: Path, context: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=root,
        env={**os.environ, "CDK_CONTEXT_JSON": json.dumps(context)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.requirement("X-02")
@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({"env": "prd"}, "environments/prd.toml: no such file. Did you mean 'prod'?"),
        ({}, "-c env=: no environment is named. Name one of: dev, local, prod, staging."),
    ],
)
def test_an_unknown_environment_ends_with_the_known_ones(
    root: Path, context: dict[str, str], message: str
) -> None:
    done = run(root, context)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == message
    assert "Traceback" not in done.stderr
