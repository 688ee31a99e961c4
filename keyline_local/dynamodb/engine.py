"""The embedded DynamoDB-compatible engine (dynoxide): a child process with a data file."""

from __future__ import annotations

import asyncio
import json
import os
import platform
from pathlib import Path

import httpx

from keyline import variables
from keyline_local.dynamodb.stream_index import index_stream_records
from keyline_local.host.errors import LocalPlatformError
from keyline_local.host.part import Part
from keyline_local.host.process import LOOPBACK, Child

_PROBE = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/local/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0",
}


def platform_package() -> str:
    """Return the name of the npm package that would hold this machine's binary."""
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}
    system = {"windows": "win32"}
    cpu, name = platform.machine().lower(), platform.system().lower()
    return f"@dynoxide/{system.get(name, name)}-{machine.get(cpu, cpu)}"


def find_binary(root: Path) -> Path:
    """Return the engine's binary for this machine.

    Raises
    ------
    LocalPlatformError
        The project has none for this platform, or the named one cannot be run.
    """
    named = os.environ.get(variables.DYNOXIDE)
    package = platform_package()
    binary = Path(named) if named else root / "node_modules" / package / "dynoxide"
    if binary.is_file() and os.access(binary, os.X_OK):
        return binary
    raise LocalPlatformError(
        str(binary),
        "there is no engine here that can be run",
        f"run the set-up, which installs {package} where npm has it; or set {variables.DYNOXIDE} "
        f"to a dynoxide binary; or set {variables.DYNAMODB_ENDPOINT} to any DynamoDB-compatible "
        "endpoint",
    )


class Engine(Part):
    """The engine's process: started on its data file, started again should it die.

    Every acknowledged write is on disk, so callers of a dying engine see connection
    errors, which an SDK's retries cover, and lose nothing.

    Parameters
    ----------
    binary
        See `find_binary`.
    data
        The SQLite file that holds all tables; made if missing.
    port, mcp_port
        Loopback ports of the DynamoDB API and of the engine's tool interface.
    """

    def __init__(self, binary: Path, data: Path, *, port: int, mcp_port: int) -> None:
        self._data = data
        self._mcp = f"http://{LOOPBACK}:{mcp_port}/mcp"
        self.endpoint = f"http://{LOOPBACK}:{port}"
        self.child = Child(
            name="the engine",
            command=[
                str(binary),
                *("serve", "--host", LOOPBACK, "--port", str(port), "--db-path", str(data)),
                *("--mcp", "--mcp-no-auth", "--mcp-host", LOOPBACK, "--mcp-port", str(mcp_port)),
            ],
            port=port,
            probe=self._answers,
            log=data.with_suffix(".log"),
            advice=f"Read its output in this file. If {data} is damaged, put a copy of it back, or"
            " start with `--fresh` (`make up FRESH=1`), which removes all tables.",
        )

    async def start(self) -> None:
        """Start the engine; it answers requests when this returns."""
        self._data.parent.mkdir(parents=True, exist_ok=True)
        await self.child.start()
        await asyncio.to_thread(index_stream_records, self._data)

    async def stop(self) -> None:
        """Stop the engine."""
        await self.child.stop()

    async def sweep_ttl(self) -> int:
        """Delete the expired items of all tables now and return how many there were.

        The engine writes their REMOVE records, with the service's identity, to the streams.

        Raises
        ------
        LocalPlatformError
            The engine refused.
        """
        call = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "sweep_ttl", "arguments": {}},
        }
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            response = await http.post(
                self._mcp,
                json=call,
                headers={"Accept": "application/json, text/event-stream"},
            )
        answer = response.json() if response.is_success else {}
        result = answer.get("result", {})
        if not result or result.get("isError"):
            raise LocalPlatformError(
                self._mcp,
                f"the TTL sweep failed: {response.status_code} {response.text}",
                f"read the engine's output in {self.child.log}",
            )
        return int(json.loads(result["content"][0]["text"])["items_deleted"])

    async def _answers(self) -> bool:
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=2) as http:
                response = await http.post(self.endpoint, content=b"{}", headers=_PROBE)
        except httpx.TransportError:
            return False
        return response.is_success
