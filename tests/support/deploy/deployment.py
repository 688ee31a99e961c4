"""The project's environment dev, deployed: its stacks, its HTTP APIs, their tokens."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx

from keyline.model import System
from keyline_deploy.environment import load
from keyline_local import Issuer
from tests.support.deploy.assembly import Deployable
from tests.support.deploy.cdk import Cdk
from tests.support.deploy.emulator import Emulator

ENVIRONMENT = "dev"


@dataclass(frozen=True)
class Deployment:
    """The deployment that `cdk deploy` left behind."""

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
        """Return the ids of all that has ever happened to the stacks."""
        pages = self.client("cloudformation").get_paginator("describe_stack_events")
        return [
            event["EventId"]
            for stack in self.assembly.stacks
            for page in pages.paginate(StackName=stack)
            for event in page["StackEvents"]
        ]

    def table(self, name: str) -> dict[str, Any]:
        """Return what DynamoDB says of a table."""
        found: dict[str, Any] = self.client("dynamodb").describe_table(TableName=name)["Table"]
        return found

    @cached_property
    def http(self) -> httpx.Client:
        trusted = ssl.create_default_context(cafile=self.emulator.certificate)
        return httpx.Client(verify=trusted, trust_env=False, timeout=60)

    def close(self) -> None:
        self.http.close()


@dataclass(frozen=True)
class DeployedApi:
    """The HTTP API of a system, at the address that its stack gives out.

    Attributes
    ----------
    claims
        The claims of every token, unless a test says otherwise.
    """

    deployment: Deployment
    system: System
    claims: Mapping[str, Any] = field(default_factory=dict)

    def token(
        self,
        subject: str = "staff",
        *,
        audience: str | None = None,
        scopes: Sequence[str] | None = None,
        claims: Mapping[str, Any] | None = None,
        expires: float = 3600.0,
    ) -> str:
        """Return a token of the environment's audience, by default with every scope."""
        audience = audience or load(ENVIRONMENT).auth.audience
        scopes = self._every_scope() if scopes is None else scopes
        claims = self.claims if claims is None else claims
        return self.deployment.issuer.mint(
            subject, audience=audience, scopes=scopes, claims=claims, expires=expires
        )

    def call(self, method: str, path: str, token: str | None, **request: Any) -> httpx.Response:
        headers = {"Host": self._host}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        url = f"{self.deployment.emulator.url}{path}"
        return self.deployment.http.request(method, url, headers=headers, **request)

    def get(self, path: str, **params: Any) -> Any:
        response = self.call("GET", path, self.token(), params=params)
        assert response.status_code == 200, response.text
        return response.json()

    @cached_property
    def _host(self) -> str:
        """The API's name; no resolver knows it, so it is sent as a header."""
        stack = self.deployment.stack(f"{self.system.name}-service-{ENVIRONMENT}")
        (url,) = [o["OutputValue"] for o in stack["Outputs"] if o["OutputKey"] == "ApiUrl"]
        return urlsplit(str(url)).netloc

    def _every_scope(self) -> list[str]:
        routes = [route for function in self.system.functions for route in function.routes]
        return sorted({route.scope for route in routes if route.scope})
