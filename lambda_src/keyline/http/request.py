"""One request as API Gateway's HTTP API hands it over (payload format 2.0), read with care.

Source of the format: API Gateway developer guide, "Working with AWS Lambda proxy
integrations for HTTP APIs".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import parse_qs

import msgspec

from keyline.errors import DeclarationError, KeylineError
from keyline.http.headers import IDEMPOTENCY_KEY, IF_MATCH, key_of, version_of
from keyline.http.media_type import check_json
from keyline.http.problem import HttpError
from keyline.http.versions import IfMatch
from keyline.idempotency import IdempotencyKey
from keyline.model.http_headers import REQUEST_HEADERS

MAX_BODY = 64 * 1024
"""Bytes of a request's body where the route does not say otherwise."""
MAX_QUERY_FIELDS = 100
MAX_SUBJECT = 255
"""Characters of a token's `sub` (OpenID Connect Core 1.0, section 2). What is longer may not fit
into the keys that it is a part of."""


class Caller(msgspec.Struct, frozen=True):
    """The caller, as the verified token says.

    Attributes
    ----------
    subject
        The token's `sub`.
    scopes
        The token's scopes.
    claims
        All claims, as the authorizer hands them over: each as text.
    """

    subject: str
    scopes: frozenset[str]
    claims: Mapping[str, str]


class Client(msgspec.Struct, frozen=True):
    """The address that a request comes from.

    Attributes
    ----------
    address
        The IP address of the connection, as API Gateway saw it. Headers, which a client may
        write as it likes, have no say in it. One address has one text: the shortest form of an
        IPv6 address in lower case, without a scope id, and IPv4 for an IPv4-mapped address.
    """

    address: str

    @classmethod
    def at(cls, address: str) -> Client:
        """Return the client at an address, in any spelling of the address.

        Raises
        ------
        KeylineError
            If the text is not an IP address. The error does not hold the text, because an
            address is personal data.
        """
        return cls(str(_plain(address)))

    def network(self, ipv6_prefix: int) -> str:
        """Return the network that one subscriber has: what tells clients apart.

        A subscriber has one IPv4 address, and at least 2⁶⁴ IPv6 addresses, of which each
        request may come from another one (RFC 4291, section 2.5.1). Code that counts or names
        clients uses the network and not the address.

        Parameters
        ----------
        ipv6_prefix
            The bits of an IPv6 address that are the network: `keyline.model.Ipv6Prefix`.

        Returns
        -------
        str
            The IPv4 address, or the IPv6 network with its prefix: `2001:db8:7:7::/64`.
        """
        address = _plain(self.address)
        if isinstance(address, IPv4Address):
            return self.address
        return str(IPv6Network((int(address), ipv6_prefix), strict=False))


class BodyRules(msgspec.Struct, frozen=True):
    """The bodies that a route takes.

    Attributes
    ----------
    limit
        Bytes.
    any_type
        Whether the body is read as JSON whatever its content type says.
    """

    limit: int = MAX_BODY
    any_type: bool = False


class Request(msgspec.Struct, frozen=True):
    """One request.

    Attributes
    ----------
    event
        The event, as Lambda gives it.
    """

    event: Mapping[str, Any]

    @property
    def context(self) -> Mapping[str, Any]:
        """Return what API Gateway says about the request."""
        return self.event.get("requestContext") or {}

    @property
    def id(self) -> str:
        """The id that the client is told and that the log has."""
        return str(self.context.get("requestId", ""))

    @property
    def route(self) -> str:
        """The route that API Gateway matched: `GET /modules/{moduleId}/messages`."""
        return str(self.event.get("routeKey", ""))

    @property
    def path_parameters(self) -> Mapping[str, str]:
        """The path parameters, decoded."""
        return self.event.get("pathParameters") or {}

    def header(self, name: str) -> str | None:
        """Return a header of the request, or None where it is missing.

        Parameters
        ----------
        name
            In small letters; one of `REQUEST_HEADERS`, which a browser is allowed to send.

        Raises
        ------
        DeclarationError
            If it is not one of them.
        """
        if name not in REQUEST_HEADERS:
            raise DeclarationError(
                f"headers.{name}", "is not a declared header.", "Add it to REQUEST_HEADERS."
            )
        value = (self.event.get("headers") or {}).get(name)
        return None if value is None else str(value)

    def places(self) -> Mapping[str, str]:
        """Return the parts of the request by what they hold: `moduleId` → `path.moduleId`."""
        query = self.event.get("queryStringParameters") or {}
        return {
            **({"body": "body"} if self.event.get("body") else {}),
            **{name: f"query.{name}" for name in query},
            **{name: f"path.{name}" for name in self.path_parameters},
        }

    def query(self) -> dict[str, list[str]]:
        """Return the query parameters, every value of each in order.

        Raises
        ------
        HttpError
            400 if it is not UTF-8 or has too many fields.
        """
        try:
            return parse_qs(
                self.event.get("rawQueryString") or "",
                keep_blank_values=True,
                errors="strict",
                max_num_fields=MAX_QUERY_FIELDS,
            )
        except UnicodeDecodeError as error:
            raise HttpError(
                HTTPStatus.BAD_REQUEST, "query", "is not UTF-8.", "Percent-encode UTF-8 text."
            ) from error
        except ValueError as error:
            raise HttpError(
                HTTPStatus.BAD_REQUEST,
                "query",
                f"has more than {MAX_QUERY_FIELDS} parameters.",
                "Send fewer.",
            ) from error

    def if_match(self) -> IfMatch:
        """Return the version that the request is for.

        Raises
        ------
        HttpError
            400 if the header is not one version in quotes.
        """
        header = self.header(IF_MATCH)
        return IfMatch(None if header is None else version_of(header))

    def idempotency_key(self) -> IdempotencyKey | None:
        """Return what names the request, if its sender may send it again.

        Raises
        ------
        HttpError
            400 if the header is not a key; 401 if the request came without a verified token.
        """
        header = self.header(IDEMPOTENCY_KEY)
        if header is None:
            return None
        rest = [sorted(self.path_parameters.items()), self.event.get("rawQueryString") or ""]
        content = msgspec.json.encode(rest) + self._decoded(self.event.get("body") or "")
        return IdempotencyKey.of(self.caller().subject, self.route, key_of(header), content)

    def json_body(self, rules: BodyRules) -> bytes:
        """Return the body, if the route takes it: as JSON by its content type, and of that length.

        Raises
        ------
        HttpError
            415 for another content type, 413 for a longer body, 400 for a missing or broken body.
        """
        if not rules.any_type:
            check_json(self.header("content-type") or "")
        _check_encoding(self.header("content-encoding") or "identity")
        limit = rules.limit
        body = self.event.get("body") or ""
        if len(body) > (limit * 4 // 3 + 4 if self.event.get("isBase64Encoded") else limit):
            raise _too_large(limit)
        content = self._decoded(body)
        if len(content) > limit:
            raise _too_large(limit)
        if not content:
            raise HttpError(HTTPStatus.BAD_REQUEST, "body", "is empty.", "Send a JSON object.")
        return content

    def caller(self) -> Caller:
        """Return who calls.

        Raises
        ------
        HttpError
            401 if the request came without a verified token.
        """
        token = (self.context.get("authorizer") or {}).get("jwt") or {}
        claims = token.get("claims") or {}
        subject = claims.get("sub")
        if not subject or len(str(subject)) > MAX_SUBJECT:
            raise HttpError(
                HTTPStatus.UNAUTHORIZED,
                "headers.authorization",
                f"holds no token with a subject of 1 to {MAX_SUBJECT} characters.",
                "Send a bearer token.",
            )
        scopes = token.get("scopes") or str(claims.get("scope", "")).split()
        return Caller(subject=str(subject), scopes=frozenset(scopes), claims=claims)

    def client(self) -> Client:
        """Return where the request comes from."""
        return Client.at(str(self.context["http"]["sourceIp"]))

    def _decoded(self, body: str) -> bytes:
        try:
            if self.event.get("isBase64Encoded"):
                return base64.b64decode(body, validate=True)
            return body.encode()
        except (binascii.Error, ValueError) as error:
            raise HttpError(
                HTTPStatus.BAD_REQUEST, "body", "cannot be decoded.", "Send UTF-8 text."
            ) from error


def _plain(text: str) -> IPv4Address | IPv6Address:
    """Return an address without its scope id, and as IPv4 if it is mapped from IPv4."""
    try:
        address = ip_address(text)
    except ValueError:
        raise KeylineError(
            "requestContext.http.sourceIp", "is not an IP address.", "Call through API Gateway."
        ) from None
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Address(int(address))


def _check_encoding(encoding: str) -> None:
    if encoding.lower() != "identity":
        raise HttpError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "headers.content-encoding",
            "is not supported.",
            "Send the body uncompressed.",
        )


def _too_large(limit: int) -> HttpError:
    return HttpError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "body",
        f"is longer than {limit} bytes.",
        "Send less, or split it.",
    )
