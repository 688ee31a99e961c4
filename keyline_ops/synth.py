"""Synthesize an environment with the pinned CDK command line."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from keyline.errors import KeylineError
from keyline_deploy.environment import load
from keyline_deploy.project import ROOT, WORK
from keyline_ops.synth_inputs import fingerprint

_NO_TEMPLATE_VALIDATION = {"CDK_VALIDATION": "false"}
"""The CDK's own check of templates takes 3 s. Our rules and cdk-nag run without it."""


_CONTEXT = "CDK_CONTEXT_OPTIONS"
"""The name under which the context of a call is one of the inputs of a synthesis."""


class SynthesisFailedError(KeylineError):
    """The CDK app did not synthesize; its own output says why."""


def assembly_folder(environment: str) -> Path:
    """Return where the cloud assembly of an environment is written."""
    return WORK / "assembly" / environment


def up_to_date(environment: str, out: Path | None = None, context: Sequence[str] = ()) -> Path:
    """Return the kept assembly of an environment, synthesized if its inputs have changed.

    Parameters
    ----------
    out
        Where the assembly is kept; the default is the `assembly_folder`.
    context
        `key=value` for the app, in addition to the environment.

    Raises
    ------
    SynthesisFailedError
        As `bring_up_to_date` does.
    """
    out = out or assembly_folder(environment)
    asyncio.run(bring_up_to_date(environment, out, context))
    return out


async def bring_up_to_date(environment: str, out: Path, context: Sequence[str] = ()) -> bool:
    """Write the cloud assembly of an environment, unless a folder has that of the same inputs.

    Needs no AWS account, credentials or network. What the app prints goes to the terminal
    only when it fails. The CDK's own check of templates is left out for the local environment.
    Processes that ask for one folder do so one after the other. Being cancelled ends the CDK's
    processes too.

    Returns
    -------
    Whether it was synthesized.

    Raises
    ------
    SynthesisFailedError
        If the CDK command line is missing or the app fails.
    """
    with _alone(out):
        return await _bring_up_to_date(environment, out, context)


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.with_suffix(".lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


async def _bring_up_to_date(environment: str, out: Path, context: Sequence[str]) -> bool:
    record = out.with_suffix(".inputs")
    variables = {**_variables(environment), _CONTEXT: "\0".join(context)}
    inputs = fingerprint(ROOT, variables)
    made = record.is_file() and (out / "manifest.json").is_file()
    if made and record.read_text(encoding="utf-8") == inputs:
        return False
    record.unlink(missing_ok=True)  # what fails half-way is not up to date
    await _synthesize(environment, out, context)
    if fingerprint(ROOT, variables) == inputs:  # else a file was saved meanwhile
        record.write_text(inputs, encoding="utf-8")
    return True


async def _synthesize(environment: str, out: Path, context: Sequence[str]) -> None:
    cdk = ROOT / "node_modules" / ".bin" / "cdk"
    if not cdk.exists():
        raise SynthesisFailedError("node_modules/.bin/cdk", "is missing.", "Run `make setup`.")
    process = await asyncio.create_subprocess_exec(
        *(str(cdk), "synth", "--quiet", "-c", f"env={environment}", "--output", str(out)),
        *(option for entry in context for option in ("-c", entry)),
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
            "Repair what the output names.",
        )


_NO_CREDENTIALS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""With credentials the CDK asks AWS for their account, which no template needs."""


def _variables(environment: str) -> dict[str, str]:
    binaries = Path(sys.executable).parent
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **ours,
        **_NO_CREDENTIALS,
        "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        **(_NO_TEMPLATE_VALIDATION if load(environment).is_local else {}),
    }
