"""The emulator that remembers, as a process of its own, which a killed command does not take."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from keyline_deploy.project import ROOT
from keyline_local.testing import LOOPBACK, die_with_parent, free_port

_PATHS = (ROOT, ROOT / "constructs", ROOT / "lambda_src")


@contextlib.contextmanager
def remembering_server(account: str, log: Path) -> Iterator[str]:
    """Give the URL of a server; it is killed at the end.

    Parameters
    ----------
    account
        Which account it is.
    """
    port = free_port()
    environment = {
        **os.environ,
        "MOTO_ACCOUNT_ID": account,
        "PYTHONPATH": os.pathsep.join(map(str, _PATHS)),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.recovery.remembering", str(port)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=die_with_parent(),
        )
        url = f"http://{LOOPBACK}:{port}"
        try:
            _until_it_answers(process, url, log)
            yield url
        finally:
            process.kill()
            process.wait()


def _until_it_answers(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the emulator ended: {log.read_text()[-2000:]}")
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"{url}/moto-api/data.json", trust_env=False)
            return
        time.sleep(0.1)
    raise RuntimeError("the emulator did not answer in 120 s")
