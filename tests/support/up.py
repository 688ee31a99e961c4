"""`keyline up` as a process that is killed and started again on the same state and ports."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil

from keyline.variables import PORT_OFFSET
from keyline_deploy.environment import load
from keyline_deploy.names import api_name
from keyline_deploy.systems import names
from keyline_local import Issuer, Ports, client
from keyline_local.testing import LOOPBACK, is_taken
from keyline_ops.run_record import Stage, running
from keyline_ops.running import local_ports
from tests.support.stored import items_of

_ENVIRONMENT = "local"
_SECONDS = 300.0
"""How long a start may take; the first one synthesizes."""
_OFFSETS = range(100, 1_200, 10)
"""The ports stay below those that other tests choose (from 20,000) and those that the system takes
for connections (from 32,768), so that they are free again after a kill."""


@dataclass(frozen=True)
class System:
    """A system on the platform."""

    url: str
    issuer: Issuer
    dynamodb: Any

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return every item of a table."""
        return items_of(self.dynamodb, table)


class Up:
    """The local environment, in a process of its own.

    Parameters
    ----------
    folder
        Where its state goes.
    """

    def __init__(self, folder: Path) -> None:
        self._state, self._said = folder / "state", folder / "said"
        self._environment = load(_ENVIRONMENT)
        self._ports = local_ports(self._environment)
        self._offset = _free_offset(self._ports)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> psutil.Process:
        """Return the process of the platform."""
        assert self._process is not None, "it was not started"
        return psutil.Process(self._process.pid)

    @cached_property
    def systems(self) -> dict[str, System]:
        """Return each system by its name; once it has started."""
        issuer = Issuer(self._at(self._ports.issuer), self._state / "issuer")
        dynamodb = client("dynamodb", self._at(self._ports.engine), self._environment.region)
        return {
            name: System(self._at(self._ports.apis[api_name(name, _ENVIRONMENT)]), issuer, dynamodb)
            for name in names()
        }

    def start(self) -> None:
        """Start it, and return when it serves."""
        command = ("up", "--no-load", "--quiet", "--state", str(self._state))
        with self._said.open("ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "keyline_ops.cli", *command],
                env={**os.environ, PORT_OFFSET: str(self._offset)},
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        end = time.monotonic() + _SECONDS
        while (run := running(self._state)) is None or run.stage is not Stage.SERVING:
            assert self._process.poll() is None, self._said.read_text()
            assert time.monotonic() < end, self._said.read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill the platform alone; what it started ends because it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _at(self, port: int) -> str:
        return f"http://{LOOPBACK}:{port + self._offset}"


@contextmanager
def up(folder: Path) -> Iterator[Up]:
    """Run the local environment until this ends."""
    platform = Up(folder)
    try:
        platform.start()
        yield platform
    finally:
        platform.kill()


def _free_offset(ports: Ports) -> int:
    """Return by how much the ports are moved, so that all of them are free."""
    declared = [*ports.servers.values(), *ports.apis.values()]
    for offset in random.sample(_OFFSETS, len(_OFFSETS)):
        if not any(is_taken(port + offset) for port in declared):
            return offset
    raise AssertionError("no ports are free")
