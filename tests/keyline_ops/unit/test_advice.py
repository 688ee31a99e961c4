"""Advice on errors of AWS: a command and a scan give the same on one code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from keyline.errors import KeylineError
from keyline.run import Connection, Reply, ReplyError
from keyline_ops.deployed import translated
from keyline_ops.scanning.requests import Requests, ScanStoppedError

CODES = {
    "ResourceNotFoundException": "Deploy the system first",
    "AccessDeniedException": "AWS_PROFILE",
    "ExpiredTokenException": "Sign in again",
    "InvalidSignatureException": "Set the clock",
    "SignatureDoesNotMatch": "Set the clock",
    "UnrecognizedClientException": "Check the credentials",
}


class Refusing(Connection):
    """Refuses each request with one code."""

    def __init__(self, code: str) -> None:
        self._code = code

    def send(self, operation: str, request: Mapping[str, Any], *, repeatable: bool = True) -> Reply:
        raise ReplyError(
            code=self._code,
            message="Refused.",
            status=400,
            request_id="r",
            retries=0,
            body=b"{}",
            in_doubt=False,
        )


def of_a_scan(code: str) -> str:
    with pytest.raises(ScanStoppedError) as caught:
        Requests(Refusing(code), "count it").send("Scan", {})
    return caught.value.suggestion


def of_a_command(code: str) -> str:
    refused = ClientError({"Error": {"Code": code, "Message": "Refused."}}, "DescribeTable")
    with pytest.raises(KeylineError) as caught, translated("table Notes"):
        raise refused
    return caught.value.suggestion


@pytest.mark.parametrize("code", CODES)
def test_a_scan_and_a_command_give_the_same_advice(code: str) -> None:
    assert CODES[code] in of_a_command(code)
    assert of_a_scan(code) == of_a_command(code)


def test_a_scan_goes_on_after_what_nobody_knows() -> None:
    assert of_a_scan("OddException") == "Correct it and run the command again."
