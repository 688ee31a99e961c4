"""Requests are signed as botocore signs them."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from keyline.run.errors import RequestRefusedError
from keyline.run.signature import Signer

KIND, TARGET = "application/x-amz-json-1.0", "DynamoDB_20120810.GetItem"
word = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=", min_size=1)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
)
REGIONS = ("us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1")
HOSTS = ("dynamodb.eu-west-1.amazonaws.com", "123456789012.ddb.us-east-1.amazonaws.com")
FUZZED = int(os.environ.get("KEYLINE_FUZZ_EXAMPLES", "10")) * 100
LINES = ("X-Amz-Date", "X-Amz-Security-Token", "Authorization")


def ours(lines: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in lines.removesuffix("\r\n").split("\r\n"))


def theirs(
    keys: Credentials, service: str, region: str, host: str, body: bytes, moment: datetime
) -> dict[str, str]:
    request = AWSRequest(
        "POST",
        f"https://{host}/",
        headers={"Content-Type": KIND, "X-Amz-Target": TARGET},
        data=body,
    )
    with pytest.MonkeyPatch.context() as patch:
        now = moment.replace(tzinfo=None)
        patch.setattr("botocore.auth.get_current_datetime", lambda: now)
        SigV4Auth(keys, service, region).add_auth(request)
    return {name: request.headers[name] for name in LINES if name in request.headers}


@given(
    access=word,
    secret=word,
    token=st.none() | word,
    service=st.sampled_from(["dynamodb", "ssm"]),
    region=st.sampled_from(REGIONS),
    host=st.sampled_from(HOSTS),
    requests=st.lists(st.tuples(st.binary(max_size=200), moments), min_size=1, max_size=4),
)
def test_a_signature_is_that_of_botocore(
    access: str,
    secret: str,
    token: str | None,
    service: str,
    region: str,
    host: str,
    requests: list[tuple[bytes, datetime]],
) -> None:
    keys = Credentials(access, secret, token)
    signer = Signer(region, service)  # what it keeps from one request must not spoil the next
    for body, moment in requests:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("time.time", moment.timestamp)
            lines = signer.headers(keys.get_frozen_credentials(), host, KIND, TARGET, body)
        assert ours(lines) == theirs(keys, service, region, host, body, moment)


def test_a_clock_that_is_wrong_is_named() -> None:
    said = "Signature expired: 20260101T000000Z is now earlier than 20260101T010000Z"
    error = RequestRefusedError("get-note", "InvalidSignatureException", said)
    assert said in error.message
    assert error.suggestion.startswith("Set the clock of this machine")


@pytest.mark.soak
def test_random_requests_are_signed_as_botocore_signs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [datetime(2020, 1, 1, tzinfo=UTC)]
    monkeypatch.setattr("time.time", lambda: now[0].timestamp())
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: now[0].replace(tzinfo=None))
    for seed in range(FUZZED):
        random = Random(seed)
        if seed % 100 == 0:  # a signer keeps what a day's requests share
            signer = Signer(region := random.choice(REGIONS))
            keys = Credentials(*(random.randbytes(9).hex() for _ in range(random.randint(2, 3))))
        now[0] += timedelta(seconds=random.randrange(20_000))
        body, host = random.randbytes(random.randrange(200)), random.choice(HOSTS)
        lines = signer.headers(keys.get_frozen_credentials(), host, KIND, TARGET, body)
        request = AWSRequest(
            "POST",
            f"https://{host}/",
            headers={"Content-Type": KIND, "X-Amz-Target": TARGET},
            data=body,
        )
        SigV4Auth(keys, "dynamodb", region).add_auth(request)
        found = {name: request.headers[name] for name in LINES if name in request.headers}
        assert ours(lines) == found, seed


@given(secrets=st.lists(word, min_size=2, max_size=4), moment=moments)
def test_another_secret_has_another_key(secrets: list[str], moment: datetime) -> None:
    signer = Signer("eu-west-1")
    for secret in secrets:
        keys = Credentials("key", secret)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("time.time", moment.timestamp)
            lines = signer.headers(keys.get_frozen_credentials(), "host", KIND, TARGET, b"")
        assert ours(lines) == theirs(keys, "dynamodb", "eu-west-1", "host", b"", moment)
