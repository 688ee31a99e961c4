"""Test what the demonstration takes as a right count, and which requests it sends again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, cast

import pytest

from keyline_local import Platform
from keyline_local.testing import Server, response
from keyline_ops.demo import session
from keyline_ops.demo.session import TRIES, Session, UnexpectedAnswerError


@pytest.mark.parametrize(
    ("alone", "told", "is_right"),
    [
        (True, 3, True),
        (True, 4, False),
        (True, 2, False),
        (False, 3, True),
        (False, 4, True),
        (False, 2, False),
    ],
)
def test_a_count_may_be_higher_only_where_others_send_too(
    monkeypatch: pytest.MonkeyPatch, alone: bool, told: int, is_right: bool
) -> None:
    monkeypatch.setattr(session, "base_url", lambda *_: "http://127.0.0.1:1")
    user = Session(cast(Platform, None), "notes-local", "audience", alone=alone)
    assert user.counts(told, 3) is is_right
    asyncio.run(user.close())


DONE = response(200, b'{"id": 1}')
BUSY = response(503, b"", Retry_After="2")
FAILED = response(500, b"")


def answered(
    monkeypatch: pytest.MonkeyPatch, answers: list[bytes], **request: Any
) -> tuple[Any, list[float]]:
    """Call an API that answers so, and return its last answer and the waits between."""
    return asked(
        monkeypatch,
        answers,
        lambda user: user.call("POST", "/notes", scopes=(), json={}, **request),
    )


def asked(
    monkeypatch: pytest.MonkeyPatch,
    answers: list[bytes],
    ask: Callable[[Session], Awaitable[Any]],
) -> tuple[Any, list[float]]:
    """Let a user ask an API that answers so, and return what came of it and the waits between."""
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    async def call() -> Any:
        async with running(Server(lambda _: answers.pop(0))) as api:
            monkeypatch.setattr(session, "base_url", lambda *_: f"http://127.0.0.1:{api.port}")
            issuer = SimpleNamespace(mint=lambda *_, **__: "token")
            platform = cast(Platform, SimpleNamespace(issuer=issuer))
            user = Session(platform, "notes-local", "audience")
            monkeypatch.setattr(session, "sleep", wait)
            try:
                return await ask(user)
            finally:
                await user.close()

    return asyncio.run(call()), waits


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[Server]:
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def test_a_request_is_sent_again_when_the_api_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert answered(monkeypatch, [BUSY, BUSY, DONE]) == ({"id": 1}, [2.0, 2.0])


def test_a_failed_request_is_sent_again_only_with_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    assert answered(monkeypatch, [FAILED, DONE], key="k") == ({"id": 1}, [1.0])
    with pytest.raises(UnexpectedAnswerError, match="answered 500"):
        answered(monkeypatch, [FAILED, DONE])


def test_a_request_is_not_sent_again_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnexpectedAnswerError, match="answered 503"):
        answered(monkeypatch, [BUSY] * TRIES + [DONE])


def test_an_expected_refusal_is_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert answered(monkeypatch, [BUSY, DONE], refused=HTTPStatus.SERVICE_UNAVAILABLE) == (None, [])


def test_a_list_is_read_to_its_last_page(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [
        response(200, b'{"notes": [1, 2], "cursor": "c"}'),
        response(200, b'{"notes": [3], "cursor": null}'),
    ]
    found, _ = asked(monkeypatch, pages, lambda user: user.all_pages("/notes", "notes", scopes=()))
    assert found == [1, 2, 3]
    assert pages == []
