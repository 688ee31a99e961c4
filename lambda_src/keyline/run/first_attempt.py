"""The first attempt of a call, sent without botocore."""

from __future__ import annotations

import msgspec

from keyline.run.attempts import is_checksum
from keyline.run.client_settings import ClientSettings
from keyline.run.destination import Destination
from keyline.run.http1 import Origin, Response, TransportError
from keyline.run.plain_environment import PlainEnvironment
from keyline.run.service import DYNAMODB, Service
from keyline.run.signature import Keys, Signer


class Way(msgspec.Struct, frozen=True):
    """The route of a call without botocore: its destination, and its sender."""

    destination: Destination
    keys: Keys


def origin_of(url: str, settings: ClientSettings, certificates: str) -> Origin:
    """Return the connections to a URL, with a client's timeouts."""
    return Origin(
        url,
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        pool=settings.pool,
        certificates=certificates,
    )


def way_of(plain: PlainEnvironment, settings: ClientSettings, service: Service = DYNAMODB) -> Way:
    """Return the way to a service in a plain environment."""
    origin = origin_of(plain.url, settings, plain.certificates)
    signer = Signer(plain.region, service.name)
    return Way(Destination(origin, signer, settings.attempts, service), plain.keys)


class First(msgspec.Struct, frozen=True):
    """The result of a first attempt.

    Attributes
    ----------
    response, fault
        One of them, or None where botocore is to make the first attempt.
    account
        The account whose destination botocore's first attempt shows; None where it is known.
    is_whole
        Whether there is a response, with the checksum that it says.
    """

    response: Response | None = None
    fault: TransportError | None = None
    account: str | None = None
    is_whole: bool = False

    @property
    def succeeded(self) -> bool:
        """Return whether the response is the call's reply."""
        return self.status == 200 and self.is_whole

    @property
    def status(self) -> int:
        """The response's status; 0 where there is none."""
        return self.response.status if self.response else 0

    @property
    def body(self) -> bytes:
        """The response's body."""
        return self.response.body if self.response else b""

    @property
    def request_id(self) -> str:
        """The service's name of the request."""
        if self.response is None:
            return ""
        return self.response.headers.get(b"x-amzn-requestid", b"").decode("latin-1")


BY_BOTOCORE = First()
"""botocore is to make the first attempt."""


def first_attempt(way: Way, operation: str, body: bytes) -> First:
    """Make the first attempt of a call."""
    destination = way.destination
    try:
        response = destination.origin.send(destination.request(operation, way.keys, body))
    except TransportError as fault:
        return First(fault=fault)
    checksum = response.headers.get(b"x-amz-crc32")
    return First(response, is_whole=is_checksum(checksum, response.body))
