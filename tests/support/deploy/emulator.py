"""ministack, an emulator of AWS, as near to AWS as it gets: policies enforced, over TLS.

With `AUTH` it evaluates the policies of every caller, so that a function can do what its role
allows and no more. The policies that ask for TLS, the bootstrap bucket's among them, are then
in force too, so there is a certificate.
"""

from __future__ import annotations

import contextlib
import os
import signal
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx

from keyline_local.testing import LOOPBACK, die_with_parent, free_port
from tests.support.deploy.certificate import write_certificate

REGION = "us-east-1"
ACCOUNT = "123456789012"
"""The account whose HTTP APIs answer: the emulator finds those of one account only."""
OTHER_ACCOUNT = "210987654321"
"""An account for tests that must not disturb others."""


@dataclass(frozen=True)
class Emulator:
    """A running emulator.

    Attributes
    ----------
    url
        Where all services answer.
    certificate
        What its clients have to trust.
    home
        The home folder of its callers. The CDK's command line remembers account ids there.
    """

    url: str
    certificate: Path
    home: Path

    def client(self, service: str, account: str = ACCOUNT) -> Any:
        """Return a boto3 client; an access key of twelve digits is that account's root."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=account,
            aws_secret_access_key="test",
            verify=str(self.certificate),
        )

    def environment(self, account: str) -> dict[str, str]:
        """Return the environment of a command whose AWS it is."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_CA_BUNDLE": str(self.certificate),
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@contextlib.contextmanager
def running_emulator(
    root: Path, folder: Path, fill_seconds: float | None = None
) -> Iterator[Emulator]:
    """Run an emulator on a free port, its state in memory, and stop it with all it started.

    Parameters
    ----------
    fill_seconds
        How long it takes to fill an index, with DynamoDB's rule of one index at a time; None for
        the emulator as it is.
    """
    python = root / ".keyline" / "emulator" / "bin" / "python"
    assert python.exists(), f"{python} is missing: run `make setup`"
    port = free_port()
    certificate, key = write_certificate(folder)
    emulator = Emulator(f"https://{LOOPBACK}:{port}", certificate, folder)
    # hypercorn itself: ministack's own command would listen on port 443 as well
    app = "ministack.app:app" if fill_seconds is None else "one_index_at_a_time:app"
    serve = ["-m", "hypercorn", app, "--bind", f"{LOOPBACK}:{port}"]
    in_one_process = ["--workers", "0", "--certfile", str(certificate), "--keyfile", str(key)]
    log = folder / "emulator.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(python), *serve, *in_one_process],
            cwd=folder,
            env={
                **emulator.environment(ACCOUNT),
                **_settings(port, certificate, key),
                **_rules(fill_seconds),
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # its functions are in its session, and end with it
            preexec_fn=die_with_parent(),
        )
    try:
        _until_it_answers(process, emulator, log)
        yield emulator
    finally:
        _end(process)


def _rules(fill_seconds: float | None) -> dict[str, str]:
    if fill_seconds is None:
        return {}
    return {"PYTHONPATH": str(Path(__file__).parent), "FILL_SECONDS": str(fill_seconds)}


def _settings(port: int, certificate: Path, key: Path) -> dict[str, str]:
    return {
        "AUTH": "true",
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(certificate),
        "MINISTACK_SSL_KEY": str(key),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_HOST": "localhost",
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _until_it_answers(process: subprocess.Popen[bytes], emulator: Emulator, log: Path) -> None:
    trusted = ssl.create_default_context(cafile=emulator.certificate)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the emulator ended:\n{log.read_text()}"
        with contextlib.suppress(httpx.TransportError):
            url = f"{emulator.url}/_ministack/health"
            httpx.get(url, verify=trusted, trust_env=False).raise_for_status()
            return
        time.sleep(0.05)
    raise AssertionError(f"the emulator did not answer in a minute:\n{log.read_text()}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the emulator and the processes of its functions."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
