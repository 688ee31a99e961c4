"""Test which keys of an issuer's set the JWT authorizer takes, and which tokens pass."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from keyline_local.api import authorizer
from keyline_local.api.authorizer import Grant, JwtAuthorizer, TokenRefusedError, usable
from keyline_local.resources import Authorizer

ISSUER = "https://issuer.example"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC: Mapping[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
GOOD = {**PUBLIC, "kid": "good"}
STRANGE: list[dict[str, Any]] = [
    {"kty": "future", "kid": "type"},
    {"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "curve"},
    {
        **jwt.algorithms.ECAlgorithm.to_jwk(
            ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True
        ),
        "kid": "elliptic",
    },
    {"kty": "oct", "k": "c2VjcmV0", "kid": "symmetric"},
    {**PUBLIC, "alg": "RSA-OAEP", "kid": "algorithm"},
    {**PUBLIC, "use": "enc", "kid": "use"},
    {"kty": "RSA", "kid": "incomplete"},
    {"kty": "RSA", "n": 5, "e": "AQAB", "kid": "malformed"},
    {**PUBLIC, "key_ops": ["encrypt"], "kid": "operations"},
    {**PUBLIC, "key_ops": 5, "kid": "malformed operations"},
    {**PUBLIC, "kid": 5},
    {**PUBLIC, "kid": {"is": "an object"}},
    {"kid": "bare"},
    dict(PUBLIC),
]


def authorize(token: str, keys: list[Any]) -> Grant:
    """Judge a request with the token against an issuer that publishes the keys."""

    def answer(request: httpx.Request) -> httpx.Response:
        discovery = request.url.path.endswith("/openid-configuration")
        return httpx.Response(
            200, json={"jwks_uri": f"{ISSUER}/keys"} if discovery else {"keys": keys}
        )

    async def judge() -> Grant:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            declared = Authorizer(logical_id="Jwt", name="jwt", issuer=ISSUER, audience=["api"])
            return await JwtAuthorizer(declared, client).authorize(
                {"authorization": f"Bearer {token}"}, "", []
            )

    return asyncio.run(judge())


def mint(key_id: str | None = "good", **claims: Any) -> str:
    content = {"iss": ISSUER, "aud": "api", "exp": 4_000_000_000, **claims}
    headers = {"kid": key_id} if key_id is not None else {}
    return jwt.encode(content, KEY, "RS256", headers=headers)


@given(st.permutations([GOOD, *STRANGE]), st.integers(0, len(STRANGE)))
def test_keys_that_cannot_be_used_leave_the_others_good(
    keys: list[dict[str, Any]], count: int
) -> None:
    some = [*keys[:count], GOOD]
    assert set(usable(some)) == {"good"}


def test_a_token_is_verified_beside_keys_that_cannot_be_used() -> None:
    assert authorize(mint(sub="me"), [*STRANGE, GOOD]).claims["sub"] == "me"


@pytest.mark.parametrize(
    "key_id", [None, "other", *(k["kid"] for k in STRANGE if type(k.get("kid")) is str)]
)
def test_a_token_of_no_usable_key_is_refused(key_id: str | None) -> None:
    with pytest.raises(TokenRefusedError, match="key is unknown") as caught:
        authorize(mint(key_id), [*STRANGE, GOOD, {**PUBLIC, "kid": "None"}])
    assert caught.value.status == 401


@pytest.mark.parametrize("keys", [[5], ["text"], [None]])
def test_what_is_not_a_set_of_keys_refuses_the_token(keys: list[Any]) -> None:
    with pytest.raises(TokenRefusedError, match="OIDC discovery") as caught:
        authorize(mint(), keys)
    assert caught.value.status == 401


@pytest.mark.parametrize("scope", [5, None, True, {"a": "b"}])
def test_a_scope_of_another_form_grants_nothing(scope: Any) -> None:
    assert authorize(mint(scope=scope), [GOOD]).scopes == []


class Issuing:
    """An authorizer, its issuer's keys, the time, and how often a signature was verified."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *keys: dict[str, Any]) -> None:
        self.keys = list(keys)
        self.verified = 0
        self.later = 0.0
        decode, clock, monotonic = jwt.decode, time.time, time.monotonic

        def counted(*arguments: Any, **more: Any) -> Any:
            self.verified += 1
            return decode(*arguments, **more)

        monkeypatch.setattr(jwt, "decode", counted)
        monkeypatch.setattr(time, "time", lambda: clock() + self.later)
        monkeypatch.setattr(time, "monotonic", lambda: monotonic() + self.later)
        declared = Authorizer(logical_id="Jwt", name="jwt", issuer=ISSUER, audience=["api"])
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        self._judge = JwtAuthorizer(declared, client)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        discovery = request.url.path.endswith("/openid-configuration")
        body = {"jwks_uri": f"{ISSUER}/keys"} if discovery else {"keys": self.keys}
        return httpx.Response(200, json=body)

    def judge(self, token: str, *required: str) -> Grant:
        headers = {"authorization": f"Bearer {token}"}
        return asyncio.run(self._judge.authorize(headers, "", required))


@pytest.fixture
def issuing(monkeypatch: pytest.MonkeyPatch) -> Issuing:
    return Issuing(monkeypatch, GOOD)


def test_a_token_is_verified_once_and_judged_for_each_route(issuing: Issuing) -> None:
    token = mint(scope="notes:read", sub="me")
    for _ in range(3):
        assert issuing.judge(token, "notes:read").claims["sub"] == "me"
    with pytest.raises(TokenRefusedError) as caught:
        issuing.judge(token, "notes:write")
    assert caught.value.status == 403
    assert issuing.verified == 1


def test_a_token_is_not_remembered_beyond_its_expiry(issuing: Issuing) -> None:
    token = mint(exp=int(time.time()) + 600)
    issuing.judge(token)
    issuing.later = 599
    issuing.judge(token)
    assert issuing.verified == 1
    issuing.later = 601
    issuing.judge(token)  # the library has a clock of its own, by which it is still good
    assert issuing.verified == 2


@pytest.mark.parametrize("claim", ["nbf", "iat"])
@pytest.mark.parametrize("back", [120, 3600, 86_400])
def test_a_token_is_judged_like_a_new_one_after_the_clock_went_back(
    issuing: Issuing, claim: str, back: int
) -> None:
    # Given a token that was verified, and a clock that goes back before its time
    moments: dict[str, Any] = {claim: int(time.time()), "exp": int(time.time()) + 600}
    token = mint(**moments)
    issuing.judge(token)
    issuing.later = -back
    # When it comes again, Then it is verified again, as a new one would be
    issuing.judge(token)  # the library has a clock of its own, by which it is good
    assert issuing.verified == 2
    # And when the clock jumps beyond its expiry and comes back to its time, it is remembered
    issuing.later = 86_400
    issuing.judge(token)
    issuing.later = 60
    issuing.judge(token)
    assert issuing.verified == 3


@pytest.mark.parametrize("later", [0.0, 2 * 3600.0 + 1])
def test_a_token_is_not_remembered_beyond_its_key(issuing: Issuing, later: float) -> None:
    # Given a token of a key that the issuer has given up
    token = mint()
    issuing.judge(token)
    issuing.keys = [{**PUBLIC, "kid": "next"}]
    # When the keys are fetched again, for the token of another key or because they are old
    issuing.later = later or 6.0
    if not later:
        issuing.judge(mint("next"))
    # Then the token is refused
    with pytest.raises(TokenRefusedError, match="key is unknown"):
        issuing.judge(token)


def test_only_so_many_tokens_are_remembered(
    issuing: Issuing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authorizer, "_REMEMBERED", 2)
    tokens = [mint(sub=str(n)) for n in range(3)]
    for token in (*tokens, tokens[2], tokens[1], tokens[0]):
        issuing.judge(token)
    assert issuing.verified == 4


@given(st.integers(0, 500), st.characters(min_codepoint=33, max_codepoint=126))
def test_no_changed_token_passes_for_a_remembered_one(at: int, other: str) -> None:
    token = mint()
    place = at % len(token)
    changed = f"{token[:place]}{other}{token[place + 1 :]}"
    with pytest.MonkeyPatch.context() as patch:
        issuing = Issuing(patch, GOOD)
        issuing.judge(token)
        try:
            issuing.judge(changed)
        except TokenRefusedError:
            return
    assert issuing.verified == 1 + (changed != token)  # it passes only by its own signature
