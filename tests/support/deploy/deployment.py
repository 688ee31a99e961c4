"""The project's environment dev, deployed: its stacks, its HTTP API, its tokens."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx

from chat.system import ANALYTICS_SCOPE, READ_SCOPE, WRITE_SCOPE
from keyline_deploy.environment import load
from keyline_local import Issuer
from tests.support.deploy.assembly import Deployable
from tests.support.deploy.cdk import Cdk
from tests.support.deploy.emulator import Emulator

ENVIRONMENT = "dev"
ALL_SCOPES = (WRITE_SCOPE, READ_SCOPE, ANALYTICS_SCOPE)


@dataclass(frozen=True)
class Deployment:
    """What `cdk deploy` left behind."""

    emulator: Emulator
    issuer: Issuer
    cdk: Cdk
    assembly: Deployable

    def client(self, service: str) -> Any:
        return self.emulator.client(service, self.cdk.account)

    def stack(self, name: str) -> Any:
        (found,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return found

    def events(self) -> list[str]:
        """The ids of all that has ever happened to the stacks."""
        pages = self.client("cloudformation").get_paginator("describe_stack_events")
        return [
            event["EventId"]
            for stack in self.assembly.stacks
            for page in pages.paginate(StackName=stack)
            for event in page["StackEvents"]
        ]

    def token(
        self,
        subject: str = "staff",
        *,
        audience: str | None = None,
        scopes: Sequence[str] = ALL_SCOPES,
        claims: Mapping[str, Any] | None = None,
        expires: float = 3600.0,
    ) -> str:
        """A token of the environment's audience, with every scope, unless a test says otherwise."""
        audience = audience or load(ENVIRONMENT).auth.audience
        return self.issuer.mint(
            subject, audience=audience, scopes=scopes, claims=claims, expires=expires
        )

    def call(self, method: str, path: str, token: str | None, **request: Any) -> httpx.Response:
        """Send a request to the chat system's API, at the address that the stack gives out."""
        headers = {"Host": self._api_host}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self._http.request(method, f"{self.emulator.url}{path}", headers=headers, **request)

    def get(self, path: str, **params: Any) -> Any:
        response = self.call("GET", path, self.token(), params=params)
        assert response.status_code == 200, response.text
        return response.json()

    @cached_property
    def _api_host(self) -> str:
        """The API's name; no resolver knows it, so it is sent as a header."""
        outputs = self.stack(f"chat-service-{ENVIRONMENT}")["Outputs"]
        (url,) = [o["OutputValue"] for o in outputs if o["OutputKey"] == "ApiUrl"]
        return urlsplit(str(url)).netloc

    @cached_property
    def _http(self) -> httpx.Client:
        trusted = ssl.create_default_context(cafile=self.emulator.certificate)
        return httpx.Client(verify=trusted, trust_env=False, timeout=60)

    def close(self) -> None:
        self._http.close()
