"""A real redis server as a child process, for what the systems cache."""

from __future__ import annotations

import shutil
from pathlib import Path

import redis.asyncio
from redis.exceptions import RedisError

from keyline_deploy.project import WORK
from keyline_local.host.errors import LocalPlatformError
from keyline_local.host.part import Part
from keyline_local.host.process import LOOPBACK, Child


def find_server(work: Path = WORK) -> Path:
    """Return the redis server: the one that set-up fetched, or the system's.

    Parameters
    ----------
    work
        The folder that set-up fills.

    Raises
    ------
    LocalPlatformError
        There is neither.
    """
    fetched = work / "redis" / "redis-server"
    if fetched.is_file():
        return fetched
    if found := shutil.which("redis-server"):
        return Path(found)
    raise LocalPlatformError(
        "redis-server",
        "there is no redis server on this machine",
        "run `make setup`, which fetches one where there is one for the platform, or install one "
        "(Debian: `apt install redis-server`, macOS: `brew install redis`)",
    )


class Cache(Part):
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
