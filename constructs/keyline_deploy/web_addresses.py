"""The addresses in an environment that another side compares letter by letter.

A browser sends an origin, a token has an issuer. What differs from it in one letter matches
nothing, without an error. So an address that can match nothing is refused where it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

from keyline.errors import Fault, repeated

WILDCARDS = ("*", "http://*", "https://*")
"""The origins that stand for many (API Gateway developer guide, "Configure CORS for HTTP APIs")."""

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_COGNITO = re.compile(r"https://cognito-idp\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/[A-Za-z0-9_-]+")
_DISCOVERY = "/.well-known/"


def origin_faults(origins: Sequence[str], *, keeps_data: bool) -> Iterator[Fault]:
    """Yield each origin that no browser sends, each twice there, and each wildcard out of place.

    Parameters
    ----------
    keeps_data
        Whether the environment is one whose data is kept, in which no wildcard is taken.
    """
    for place, origin in enumerate(origins):
        path = f"api.cors_origins[{place}]"
        if origin in WILDCARDS:
            if keeps_data:
                yield (
                    path,
                    f"{origin!r} lets the pages of any site call the API, and this environment"
                    " keeps its data.",
                    "Name each origin. Only an environment with tables.removal_policy ="
                    ' "destroy" and tables.deletion_protection = false takes a wildcard.',
                )
        elif (sent := _as_sent(origin)) != origin:
            yield (
                path,
                f"{origin!r} is not an origin as a browser sends it.",
                f'Write "{sent}".' if sent else 'Write it like "https://app.example.com".',
            )
    for origin in repeated(origins):
        yield "api.cors_origins", f"{origin!r} is there twice.", "Write it once."


def _as_sent(text: str) -> str | None:
    """Return the origin of an address: `scheme://host[:port]`; None if it has none."""
    address = _split(text if "://" in text else f"https://{text}")
    if address is None or address.scheme not in _DEFAULT_PORTS:
        return None
    host = address.hostname or ""
    if ":" in host:
        host = f"[{IPv6Address(host)}]"
    elif not _HOST.fullmatch(host):
        return None
    port = address.port
    said = "" if port in (None, _DEFAULT_PORTS[address.scheme]) else f":{port}"
    return f"{address.scheme}://{host}{said}"


def _split(text: str) -> SplitResult | None:
    try:
        address = urlsplit(text)
        if ":" in (address.hostname or ""):
            IPv6Address(address.hostname or "")
        return address if address.port is None or address.port > 0 else None
    except ValueError:
        return None


def issuer_faults(issuer: str, *, local: bool) -> Iterator[Fault]:
    """Yield what makes an address the issuer of no token.

    A slash at the end is neither wrong nor right by itself: some identity providers have it in
    `iss`, others do not.

    Parameters
    ----------
    local
        Whether the issuer is on this machine, where its address may begin with `http:`.
    """
    path = "auth.issuer"
    address = _split(issuer)
    if address is None or not address.hostname:
        yield path, f"{issuer!r} is not an address.", "Write the `iss` of its tokens."
        return
    if not local and address.scheme != "https":
        yield (
            path,
            f"{issuer!r} is not an https address, and API Gateway reads the keys of an issuer by"
            " https only.",
            "Write the `iss` of its tokens, which begins with https://.",
        )
    if address.username is not None or "?" in issuer or "#" in issuer:
        yield (
            path,
            f"{issuer!r} has a user, a query or a fragment, which an issuer has not.",
            "Write the `iss` of its tokens.",
        )
    elif _DISCOVERY in address.path:
        yield (
            path,
            "is the address of the issuer's configuration.",
            f'Write the `iss` of its tokens, such as "{issuer.partition(_DISCOVERY)[0]}".',
        )
    cognito = re.fullmatch(r"cognito-idp\..*\.amazonaws\.com(\.cn)?", address.hostname)
    if cognito and not _COGNITO.fullmatch(issuer):
        yield (
            path,
            f"{issuer!r} is not the issuer of a Cognito user pool.",
            "Write https://cognito-idp.<region>.amazonaws.com/<pool id>, without a slash at its"
            " end.",
        )
