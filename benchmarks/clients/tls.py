"""A server of TLS before an engine, in a process of its own.

    python -m benchmarks.clients.tls PORT CERTIFICATE KEY

It prints its port, and sends on what it receives.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from keyline_deploy.project import ROOT
from keyline_local.testing import LOOPBACK
from tests.support.deploy.certificate import write_certificate


@contextlib.contextmanager
def over_tls(port: int, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the URL of an engine by way of TLS, and the certificate to trust."""
    certificate, key = write_certificate(folder)
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, str(port), str(certificate), str(key)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield f"https://{LOOPBACK}:{int(process.stdout.readline())}", certificate
    finally:
        process.kill()
        process.wait()


async def _serve(port: int, certificate: str, key: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        engine_reader, engine_writer = await asyncio.open_connection(LOOPBACK, port)
        await asyncio.gather(_send(reader, engine_writer), _send(engine_reader, writer))

    server = await asyncio.start_server(connect, LOOPBACK, 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while received := await reader.read(1 << 16):
            writer.write(received)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), *sys.argv[2:]))
