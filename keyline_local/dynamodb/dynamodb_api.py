"""DynamoDB and DynamoDB Streams as raw JSON over HTTP, for what boto3's parsers drop."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Self

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

DYNAMODB = "DynamoDB_20120810"
STREAMS = "DynamoDBStreams_20120810"


class ApiError(Exception):
    """An error answer: `code` is the exception's bare name, such as `ExpiredIteratorException`."""

    def __init__(self, operation: str, code: str, message: str) -> None:
        self.code = code
        super().__init__(f"{operation}: {code}: {message}")


class DynamoApi:
    """A client of one endpoint.

    Parameters
    ----------
    endpoint
        `http://127.0.0.1:8000`.
    region
        The region requests are signed for.
    credentials
        The engine takes any; an endpoint that checks them needs real ones.
    """

    def __init__(self, endpoint: str, region: str, credentials: Credentials | None = None) -> None:
        self._endpoint = endpoint
        self._auth = SigV4Auth(credentials or Credentials("local", "local"), "dynamodb", region)
        self._http = httpx.AsyncClient(timeout=httpx.Timeout(30.0, connect=5.0), trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def call(
        self, operation: str, body: Mapping[str, Any], api: str = DYNAMODB
    ) -> dict[str, Any]:
        """Call an operation such as `DescribeTable` and return its answer.

        Raises
        ------
        ApiError
            The endpoint answered with an error.
        httpx.TransportError
            The endpoint did not answer.
        """
        content = json.dumps(body)
        headers = {
            "X-Amz-Target": f"{api}.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
        }
        request = AWSRequest("POST", self._endpoint, headers=headers, data=content)
        self._auth.add_auth(request)
        response = await self._http.post(
            self._endpoint, content=content, headers=dict(request.headers)
        )
        answer: dict[str, Any] = response.json()
        if response.status_code != httpx.codes.OK:
            code = str(answer.get("__type", response.status_code)).rsplit("#", 1)[-1]
            message = answer.get("message") or answer.get("Message") or ""
            raise ApiError(operation, code, str(message))
        return answer
