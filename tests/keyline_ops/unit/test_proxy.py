"""Commands against AWS where a company's proxy is the only way out."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.support.recording_proxy import recording_proxy

COMMANDS = {
    ("tables",): "dynamodb",
    ("backup",): "dynamodb",
    ("migrate",): "dynamodb",
    ("phase",): "ssm",
    ("smoke",): "cloudformation",
    ("bootstrap",): "sts",
}
"""Commands, and the service that each of them asks first."""


def test_commands_ask_aws_by_the_proxy_of_the_environment() -> None:
    def asked(command: tuple[str, ...]) -> tuple[str, str, int]:
        with recording_proxy() as proxy:
            done = subprocess.run(
                [sys.executable, "-m", "keyline_ops.cli", *command, "--environment", "dev"],
                env={**os.environ, **proxy.variables, "NO_PROXY": "", "no_proxy": ""},
                capture_output=True,
                text=True,
            )
        assert "Traceback" not in done.stderr, done.stderr
        assert proxy.asked, done.stderr
        return proxy.asked[0].partition(" HTTP")[0], done.stderr, done.returncode

    with ThreadPoolExecutor(len(COMMANDS)) as pool:
        answers = dict(zip(COMMANDS, pool.map(asked, COMMANDS), strict=True))
    for command, service in COMMANDS.items():
        first, said, code = answers[command]
        assert (first, code) == (f"CONNECT {service}.us-east-1.amazonaws.com:443", 2), command
        assert "AWS gave no answer" in said
