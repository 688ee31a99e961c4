"""Synthesize an environment with the pinned CDK command line."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

from keyline.errors import KeylineError
from keyline_deploy.environment import load
from keyline_deploy.project import ROOT, WORK
from keyline_ops.synth_inputs import fingerprint

_NO_TEMPLATE_VALIDATION = {"CDK_VALIDATION": "false"}
"""The CDK's own check of templates takes 3 s. Our rules and cdk-nag run without it."""


class SynthesisFailedError(KeylineError):
    """The CDK app did not synthesize; its own output says why."""


def assembly_folder(environment: str) -> Path:
    """Return where the cloud assembly of an environment is written."""
    return WORK / "assembly" / environment


def synthesize(environment: str, out: Path) -> Path:
    """Write the cloud assembly of an environment and return its folder.

    Needs no AWS account, credentials or network. What the app prints goes to the terminal
    only when it fails. The CDK's own check of templates is left out for the local environment.

    Raises
    ------
    SynthesisFailedError
        If the CDK command line is missing or the app fails.
    """
    asyncio.run(_synthesize(environment, out))
    return out


async def bring_up_to_date(environment: str) -> bool:
    """Synthesize an environment unless its kept assembly was made from the same inputs.

    Being cancelled ends the CDK's processes too.

    Returns
    -------
    Whether it was synthesized.

    Raises
    ------
    SynthesisFailedError
        As `synthesize` does.
    """
    out = assembly_folder(environment)
    record = out.with_suffix(".inputs")
    variables = _variables(environment)
    inputs = fingerprint(ROOT, variables)
    made = record.is_file() and (out / "manifest.json").is_file()
    if made and record.read_text() == inputs:
        return False
    record.unlink(missing_ok=True)  # what fails half-way is not up to date
    await _synthesize(environment, out)
    if fingerprint(ROOT, variables) == inputs:  # else a file was saved meanwhile
        record.write_text(inputs)
    return True


async def _synthesize(environment: str, out: Path) -> None:
    cdk = ROOT / "node_modules" / ".bin" / "cdk"
    if not cdk.exists():
        raise SynthesisFailedError("node_modules/.bin/cdk", "is missing.", "Run `make setup`.")
    process = await asyncio.create_subprocess_exec(
        *(str(cdk), "synth", "--quiet", "-c", f"env={environment}", "--output", str(out)),
        cwd=ROOT,
        env=_variables(environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C reaches us alone, and we end the whole group
    )
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        await process.wait()
        raise
    if process.returncode:
        said = output.decode(errors="replace").rstrip()
        raise SynthesisFailedError(
            f"cdk synth -c env={environment}",
            f"ended with exit code {process.returncode}.\n{said}",
        )


def _variables(environment: str) -> dict[str, str]:
    binaries = Path(sys.executable).parent
    return {
        **os.environ,
        "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        **(_NO_TEMPLATE_VALIDATION if load(environment).is_local else {}),
    }
