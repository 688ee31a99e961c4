"""The session of the demonstration with a platform: HTTP with real tokens, schedules, streams."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import httpx
import msgspec

from keyline.errors import KeylineError
from keyline_local import Platform

TRIES = 6
"""How often a request is sent while the API asks for it to be sent later."""


class UnexpectedAnswerError(KeylineError):
    """An answer of the system that the demonstration does not expect."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(path, message, "Read what the functions wrote: `keyline logs`.")


class NotThereError(UnexpectedAnswerError):
    """The system answered 404."""


class Session:
    """A user of one system's API.

    Parameters
    ----------
    platform
        The running platform.
    api
        The name of the system's HTTP API.
    audience
        The audience that tokens are made out to.
    alone
        Whether nobody else calls the API meanwhile.
    """

    def __init__(self, platform: Platform, api: str, audience: str, *, alone: bool = True) -> None:
        self.platform = platform
        self._alone = alone
        self._audience = audience
        self._tokens: dict[tuple[str, tuple[str, ...], str], str] = {}
        self._http = httpx.AsyncClient(
            base_url=base_url(platform, api),
            timeout=60,
            trust_env=False,
            # The platform closes what is idle for 5 s. A request that it has just been sent then
            # fails, so a connection is used no more well before.
            limits=httpx.Limits(keepalive_expiry=2.0),
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    def token(self, subject: str, scopes: Sequence[str], claims: Mapping[str, Any]) -> str:
        """Return a token of this subject, which is minted once."""
        key = (subject, tuple(scopes), repr(sorted(claims.items())))
        if key not in self._tokens:
            self._tokens[key] = self.platform.issuer.mint(
                subject, audience=self._audience, scopes=scopes, claims=claims
            )
        return self._tokens[key]

    def counts(self, told: int, sent: int) -> bool:
        """Return whether the API counts what was sent.

        An API may count more where others may send something too.
        """
        return told == sent if self._alone else told >= sent

    async def call(
        self,
        method: str,
        path: str,
        *,
        scopes: Sequence[str],
        subject: str = "demo",
        claims: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        key: str | None = None,
        refused: HTTPStatus | None = None,
    ) -> Any:
        """Call the API and return the decoded answer.

        A request that the API asks for later (`Retry-After`) is sent again then. So is one with a
        key that the API has failed at: the key lets it be carried out once.

        Parameters
        ----------
        key
            The idempotency key, if the request may be sent again.
        refused
            The status that is expected instead of success.

        Raises
        ------
        NotThereError
            If the status is 404.
        UnexpectedAnswerError
            If it is any other but 2xx, or but the refusal that was expected.
        """
        request = self._http.build_request(
            method,
            path,
            params=params,
            content=None if json is None else msgspec.json.encode(json),
            headers={
                "Authorization": f"Bearer {self.token(subject, scopes, claims or {})}",
                **({} if json is None else {"Content-Type": "application/json"}),
                **({} if key is None else {"Idempotency-Key": f'"{key}"'}),
            },
        )
        response = await self._send(request, refused)
        expected = response.is_success if refused is None else response.status_code == refused
        if not expected:
            error = (
                NotThereError
                if response.status_code == HTTPStatus.NOT_FOUND
                else UnexpectedAnswerError
            )
            raise error(
                f"{method} {path}", f"answered {response.status_code}: {response.text[:500]}"
            )
        return msgspec.json.decode(response.content) if response.content else None

    async def all_pages(
        self,
        path: str,
        member: str,
        *,
        params: Mapping[str, Any] | None = None,
        **request: Any,
    ) -> list[Any]:
        """Return the items of a list, of all its pages.

        Parameters
        ----------
        member
            What the answer calls its items.
        request
            What else `call` takes.
        """
        found: list[Any] = []
        asked = dict(params or {})
        while True:
            page = await self.call("GET", path, params=asked, **request)
            found += page[member]
            if page["cursor"] is None:
                return found
            asked["cursor"] = page["cursor"]

    async def _send(self, request: httpx.Request, refused: HTTPStatus | None) -> httpx.Response:
        """Send a request, and again as long as it may be."""
        for _ in range(TRIES - 1):
            response = await self._http.send(request)
            seconds = _seconds_to_wait(response)
            if seconds is None or response.status_code == refused:
                return response
            await sleep(seconds)
        return await self._http.send(request)

    async def run_schedule(self, name: str) -> None:
        """Run a scheduled function now.

        Raises
        ------
        UnexpectedAnswerError
            If it failed.
        """
        for result in await self.platform.schedules.trigger(name):
            if result.function_error:
                raise UnexpectedAnswerError(name, result.payload.decode(errors="replace")[:500])

    async def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """Send an event to a function by its deployed name, and return its decoded answer.

        Raises
        ------
        UnexpectedAnswerError
            If it failed.
        """
        done = await self.platform.invoke(function, event)
        if done.function_error:
            raise UnexpectedAnswerError(function, done.payload.decode(errors="replace")[:500])
        return msgspec.json.decode(done.payload)

    async def settle(self) -> None:
        """Wait until the stream consumers are done with all that was written."""
        await self.platform.event_sources.drain(timeout=120)


def _seconds_to_wait(response: httpx.Response) -> float | None:
    """Return how long to wait before a request is sent again; None if it is not to be."""
    if "Retry-After" in response.headers:
        return float(response.headers["Retry-After"])
    return (
        1.0 if response.is_server_error and "Idempotency-Key" in response.request.headers else None
    )


def base_url(platform: Platform, api: str) -> str:
    """Return where an HTTP API answers.

    Raises
    ------
    KeylineError
        If the assembly has no such API.
    """
    names = [a.name for a in platform.deployment.apis]
    if api not in names:
        raise KeylineError(api, "is not an API of this assembly.", f"It has: {', '.join(names)}.")
    return platform.endpoints.apis[names.index(api)]
