"""Synthesize an environment with the pinned CDK command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from keyline.errors import KeylineError
from keyline_deploy.project import ROOT, WORK


class SynthesisFailedError(KeylineError):
    """The CDK app did not synthesize; its own output says why."""


def assembly_folder(environment: str) -> Path:
    """Return where the cloud assembly of an environment is written."""
    return WORK / "assembly" / environment


def synthesize(environment: str, out: Path | None = None) -> Path:
    """Write the cloud assembly of an environment and return its folder.

    Needs no AWS account, credentials or network. What the app prints goes to the terminal
    only when it fails.

    Raises
    ------
    SynthesisFailedError
        If the CDK command line is missing or the app fails.
    """
    out = out or assembly_folder(environment)
    cdk = ROOT / "node_modules" / ".bin" / "cdk"
    if not cdk.exists():
        raise SynthesisFailedError("node_modules/.bin/cdk", "is missing.", "Run `make setup`.")
    binaries = Path(sys.executable).parent
    done = subprocess.run(
        [cdk, "synth", "--quiet", "-c", f"env={environment}", "--output", out],
        cwd=ROOT,
        env={
            **os.environ,
            "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}",
            "CDK_DISABLE_CLI_TELEMETRY": "true",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SynthesisFailedError(
            f"cdk synth -c env={environment}",
            f"ended with exit code {done.returncode}.\n{done.stdout}{done.stderr}".rstrip(),
        )
    return out
