"""Sending the requests, and judging what comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

from keyline.errors import KeylineError
from keyline.model import stack_name
from keyline_ops.deployed import Deployed, translated
from keyline_ops.smoke.request import SmokeRequest

_PROBLEM = "application/problem+json"
_OUTPUT = "ApiUrl"
_SECONDS = 35
"""An API waits for its function for 30 s."""

Send = Callable[[str, Mapping[str, str]], httpx.Response]
"""Sends a GET request to an address, with headers."""


@dataclass(frozen=True)
class Outcome:
    """An answer of a system.

    Attributes
    ----------
    fault
        Why the answer is not one of a system that works; empty if it is.
    """

    request: SmokeRequest
    said: str
    fault: str = ""


def try_systems(
    requests: Iterable[SmokeRequest], urls: Mapping[str, str], token: str, send: Send
) -> Iterator[Outcome]:
    """Yield what each system answers.

    A system works if its function has read: it answers with 200, or says by a problem document
    that there is no such item.

    Parameters
    ----------
    urls
        The addresses of the APIs, by the names of the systems.
    """
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    for request in requests:
        try:
            answer = send(urls[request.system] + request.path, headers)
        except httpx.HTTPError as error:
            yield Outcome(request, "no answer", f"does not answer: {error!r}.")
            continue
        yield Outcome(request, f"{answer.status_code}", _fault(answer))


def _fault(answer: httpx.Response) -> str:
    is_problem = answer.headers.get("Content-Type", "").startswith(_PROBLEM)
    if answer.status_code == HTTPStatus.OK:
        return ""
    if answer.status_code == HTTPStatus.NOT_FOUND and is_problem:
        return ""
    if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return f"refuses the canary with {answer.status_code}: its token lacks a claim or a scope."
    return f"answers {answer.status_code}."


def send(url: str, headers: Mapping[str, str]) -> httpx.Response:
    """Send a GET request, by a proxy of the caller's if it leaves this machine."""
    leaves = urlsplit(url).hostname not in ("localhost", "127.0.0.1")
    return httpx.get(url, headers=dict(headers), timeout=_SECONDS, trust_env=leaves)


def api_urls(where: Deployed, systems: Iterable[str]) -> dict[str, str]:
    """Return the addresses of the APIs of systems on AWS, as their stacks give them out.

    Raises
    ------
    KeylineError
        If a stack is not there, or gives out no address.
    """
    return {system: _api_url(where, system) for system in systems}


def _api_url(where: Deployed, system: str) -> str:
    name = stack_name(system, "service", where.environment.name)
    with translated(f"stack {name}"):
        (stack,) = where.clients("cloudformation").describe_stacks(StackName=name)["Stacks"]
    for output in stack.get("Outputs", []):
        if output["OutputKey"] == _OUTPUT:
            return str(output["OutputValue"])
    raise KeylineError(f"stack {name}", f"has no output {_OUTPUT}.", "Deploy the stack again.")
