"""Tokens of IAM for a cache, and a real redis with users behind TLS."""

from __future__ import annotations

import asyncio
import re
import ssl
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import redis

from keyline.cache import Cache, CacheSettings, Redis
from keyline.cache.iam import Tokens, with_tokens
from keyline_cdk.cache_cluster import ACCESS
from keyline_local.testing import LOOPBACK, find_server, free_port, is_taken
from tests.support.deploy.certificate import write_certificate

USER = "keyline-dev"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")


def test_a_token_is_a_presigned_request_to_connect() -> None:
    user, token = Tokens(USER).get_credentials()
    assert user == USER
    assert token.startswith(f"{USER}/?")
    query = parse_qs(urlsplit(f"http://{token}").query)
    assert query["Action"] == ["connect"]
    assert query["User"] == [USER]
    assert query["ResourceType"] == ["ServerlessCache"]
    assert query["X-Amz-Expires"] == ["900"]
    assert query["X-Amz-Security-Token"] == ["session"]
    assert "/eu-west-1/elasticache/aws4_request" in query["X-Amz-Credential"][0]
    assert re.fullmatch("[0-9a-f]{64}", query["X-Amz-Signature"][0])


@pytest.mark.parametrize(
    "url", ["redis://host:1/0", "rediss://user:word@host:1/0", "redis://:w@h/"]
)
def test_no_token_is_made_for_nobody_and_for_a_user_with_a_password(url: str) -> None:
    assert with_tokens(url) == (url, None)


def test_a_user_without_a_password_is_taken_out_of_the_address() -> None:
    address, tokens = with_tokens(f"rediss://{USER}@host.example:6379/0")
    assert address == "rediss://host.example:6379/0"
    assert tokens is not None


class TlsEntrance:
    """TLS in front of a port of this machine, as ElastiCache has it; `closed` lets nobody in."""

    def __init__(self, port: int, folder: Path) -> None:
        self.certificate, key = write_certificate(folder)
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(self.certificate, key)
        self._behind = port
        self.port = free_port()
        self.closed = False
        self._up = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._up.wait(10)

    def _run(self) -> None:
        async def serve() -> None:
            listening = (self._enter, LOOPBACK, self.port)
            self._server = await asyncio.start_server(*listening, ssl=self._context)
            self._up.set()

        self._loop.create_task(serve())
        self._loop.run_forever()

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.closed:
            writer.close()
            return
        inner_reader, inner_writer = await asyncio.open_connection(LOOPBACK, self._behind)
        ways = (self._carry(reader, inner_writer), self._carry(inner_reader, writer))
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*ways)

    async def _carry(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        try:
            while not self.closed and (said := await source.read(65_536)):
                to.write(said)
        finally:
            to.close()

    def end(self) -> None:
        asyncio.run_coroutine_threadsafe(self._cancel_all(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _cancel_all(self) -> None:
        """Return what is left pending would be complained of in another test."""
        self._server.close()
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


@pytest.fixture
def entrance(tmp_path: Path) -> Iterator[TlsEntrance]:
    """A real redis behind TLS whose one user may do what the user of ElastiCache may."""
    port = free_port()
    settings = ["--bind", LOOPBACK, "--port", str(port), "--save", "", "--dir", str(tmp_path)]
    users = ["--user", "default", "off", "--user", USER, "nopass", *ACCESS.split()]
    with subprocess.Popen([str(find_server()), *settings, *users]) as server:
        try:
            while not is_taken(port):
                assert server.poll() is None
            way = TlsEntrance(port, tmp_path)
            yield way
            way.end()
        finally:
            server.terminate()


def test_a_user_with_a_token_keeps_answers_behind_tls_and_recovers_by_itself(
    entrance: TlsEntrance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(entrance.certificate))
    seen = Counter[str]()
    url = f"rediss://{USER}@{LOOPBACK}:{entrance.port}/0"
    cache = Cache(Redis(url, 600, 10, rest=0.0), "notes:", lambda name: seen.update([name]))
    for _ in range(2):
        assert cache.answer(("q",), int, lambda: 1) == 1
    assert seen == {"CacheMisses": 1, "CacheHits": 1}

    entrance.closed = True
    assert cache.answer(("q",), int, lambda: 2) == 2
    assert seen["CacheFailures"] == 1

    entrance.closed = False
    assert cache.answer(("q",), int, lambda: 3) == 1
    assert seen["CacheHits"] == 2


def test_the_user_may_do_nothing_but_what_a_cache_does(
    entrance: TlsEntrance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(entrance.certificate))
    address, tokens = with_tokens(f"rediss://{USER}@{LOOPBACK}:{entrance.port}/0")
    client = redis.Redis.from_url(address, credential_provider=tokens)
    for refused in (client.flushall, client.keys, client.dbsize):
        with pytest.raises(redis.exceptions.NoPermissionError):
            refused()
    client.close()


def test_a_cache_that_does_not_answer_delays_a_request_by_less_than_50_ms() -> None:
    assert CacheSettings("notes:", 600).timeout < 0.05
