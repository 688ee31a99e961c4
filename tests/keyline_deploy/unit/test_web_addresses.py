"""Origins and issuers: what no browser sends and no token has is refused, with what is meant."""

from __future__ import annotations

import pytest

from keyline_deploy.web_addresses import WILDCARDS, issuer_faults, origin_faults


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.com",
        "http://localhost:5173",
        "https://a_b.example.com:8443",
        "http://127.0.0.1:3000",
        "http://[::1]:3000",
        "https://xn--bcher-kva.example",
    ],
)
def test_an_origin_as_a_browser_sends_it_is_taken(origin: str) -> None:
    assert [*origin_faults([origin], keeps_data=True)] == []


@pytest.mark.parametrize(
    ("origin", "meant"),
    [
        ("https://app.example.com/", "https://app.example.com"),
        ("https://app.example.com/path?x=1#y", "https://app.example.com"),
        ("app.example.com", "https://app.example.com"),
        ("HTTPS://App.Example.com", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("http://app.example.com:80", "http://app.example.com"),
        ("https://ada:secret@app.example.com", "https://app.example.com"),
        ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
        ("https://*.example.com", "https://app.example.com"),
        ("ftp://app.example.com", "https://app.example.com"),
        ("https://bücher.example", "https://app.example.com"),
        ("https://app.example.com:99999", "https://app.example.com"),
        ("https://app.example.com:0", "https://app.example.com"),
        ("https://[", "https://app.example.com"),
        ("https://", "https://app.example.com"),
        ("null", "https://null"),
        ("", "https://app.example.com"),
        ("https://app.example.com\n", "https://app.example.com"),
    ],
)
def test_what_no_browser_sends_is_answered_with_what_is_meant(origin: str, meant: str) -> None:
    ((path, message, suggestion),) = origin_faults(
        ["https://first.example.com", origin], keeps_data=False
    )
    assert path == "api.cors_origins[1]"
    assert "not an origin as a browser sends it" in message
    assert f'"{meant}"' in suggestion


def test_a_wildcard_is_for_an_environment_that_keeps_no_data() -> None:
    for wildcard in WILDCARDS:
        assert [*origin_faults([wildcard], keeps_data=False)] == []
        ((path, message, _),) = origin_faults([wildcard], keeps_data=True)
        assert (path, "any site" in message) == ("api.cors_origins[0]", True)


def test_an_origin_is_there_once() -> None:
    twice = ["https://app.example.com"] * 2
    assert [message for _, message, _ in origin_faults(twice, keeps_data=True)] == [
        "'https://app.example.com' is there twice."
    ]


POOL = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI"


@pytest.mark.parametrize(
    "issuer",
    [
        "https://identity.example.com",
        "https://identity.example.com/realms/keyline",
        "https://tenant.identity.example.com/",  # the `iss` of some providers has a slash
        POOL,
    ],
)
def test_an_issuer_is_taken_as_its_tokens_have_it(issuer: str) -> None:
    assert [*issuer_faults(issuer, local=False)] == []


@pytest.mark.parametrize(
    ("issuer", "says"),
    [
        ("http://identity.example.com", "begins with https://"),
        ("https://identity.example.com?tenant=1", "has a user, a query or a fragment"),
        ("https://identity.example.com#", "has a user, a query or a fragment"),
        ("https://ada@identity.example.com", "has a user, a query or a fragment"),
        (
            "https://identity.example.com/realm/.well-known/openid-configuration",
            '"https://identity.example.com/realm"',
        ),
        ("https://[", "is not an address"),
        ("https://:443", "is not an address"),
        ("https://a:99999", "is not an address"),
        (f"{POOL}/", "without a slash"),
        ("https://cognito-idp.eu-west-1.amazonaws.com", "without a slash"),
    ],
)
def test_what_is_the_issuer_of_no_token_is_refused(issuer: str, says: str) -> None:
    ((path, message, suggestion),) = issuer_faults(issuer, local=False)
    assert path == "auth.issuer"
    assert says in f"{message} {suggestion}"


def test_the_issuer_of_this_machine_needs_no_https() -> None:
    assert [*issuer_faults("http://127.0.0.1:18769", local=True)] == []
